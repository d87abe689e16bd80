"""The keys of a Jira backup's entries: they sort bytewise in the order wanted at restore.

``{projectId:>010}/{number:010d}`` names an issue, ``…/{id:>020}`` something that belongs to it.
"""

from __future__ import annotations

ARCHIVED = "archived"
"""The attribute of an issue that was archived by itself, not as a sub-task or with its project."""


def issue_entry(project_id: str, number: int) -> str:
    """The entry key of the issue with that number in that project."""
    return f"{project_id:>010}/{number:010d}"


def child_entry(project_id: str, number: int, child_id: str) -> str:
    """The entry key of a comment, a worklog or an attachment of an issue."""
    return f"{issue_entry(project_id, number)}/{child_id:>020}"


def first_of_project(project_id: str) -> str:
    """A key that sorts before every entry of that project."""
    return f"{project_id:>010}/"


def number_of(entry_key: str) -> int:
    """The number of the issue that an entry key names or belongs to."""
    return int(entry_key.split("/")[1])


def issue_part(entry_key: str) -> str:
    """The entry key of the issue that a child's entry key belongs to."""
    return "/".join(entry_key.split("/")[:2])


def end_of(prefix: str) -> str:
    """A key that sorts after every key that starts with ``prefix``."""
    return prefix + "\U0010ffff"


def split_issue_key(issue_key: str) -> tuple[str, int]:
    """The project key and the number of an issue key such as ``ALOY-12``."""
    project, _, number = issue_key.rpartition("-")
    return project, int(number)
