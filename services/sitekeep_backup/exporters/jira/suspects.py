"""Which issues of a project may be other ones than when they were read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from sitekeep_backup.exporters.jira.issue_ranges import IssueSource, ranges_of
from sitekeep_backup.exporters.jira.issue_reading import NotedIssue, issues_of
from sitekeep_backup.exporters.jira.listed_issues import ListedIssues
from sitekeep_backup.exporters.jira.read_again import closings_of
from sitekeep_backup.exporters.unit import ExportUnit

NEVER = "never"
"""The time at which what has to be read again was changed, as far as that is known."""


@dataclass(frozen=True)
class KnownIssue:
    """An issue that was read, and by which unit."""

    issue: NotedIssue
    unit_key: str

    def is_suspect(self, updated: str) -> bool:
        """Whether it has to be read again, where it was last changed then."""
        is_read = self.issue.number and self.issue.updated != NEVER
        return not is_read or updated != self.issue.updated


@dataclass
class Suspects:
    """What a project's issues come to when they are compared with what the search lists."""

    known: int = 0
    """How many were read."""
    unread: list[str] = field(default_factory=list[str])
    """The ids of those that are listed and were not read."""
    changed: list[KnownIssue] = field(default_factory=list[KnownIssue])
    unlisted: list[KnownIssue] = field(default_factory=list[KnownIssue])
    """Deleted, moved away, hidden by now, or passed over by the index."""

    def compare(
        self,
        known: Mapping[str, KnownIssue],
        listed: Mapping[str, int],
        changed: Mapping[str, str],
        unasked: Set[str],
    ) -> None:
        """Adds the issues of one range of numbers; ``unasked`` are read again in any case."""
        self.known += len(known)
        self.unread += [each for each in listed if each not in known]
        for issue_id, each in known.items():
            if issue_id in unasked:
                each.issue.updated = NEVER
            if issue_id not in listed:
                if each.issue.number:
                    self.unlisted.append(each)
            elif each.is_suspect(changed.get(issue_id, each.issue.updated)):
                self.changed.append(each)


async def find_suspects(
    unit: ExportUnit, source: IssueSource, changed: Mapping[str, str]
) -> Suspects:
    """Goes through the ranges of a project, one in memory at a time.

    ``changed``: ids of issues that the search found changed, and when. Where the issues of a
    range have to be asked for remote links and were not, all of it is read again. Raises
    SiteError.
    """
    project_id = source.project_id
    suspects, listed = Suspects(), ListedIssues(unit, project_id)
    later = await _read_again(unit, project_id)
    async for (key, note), first, end in _ranges(unit, project_id):
        known = {each.id: KnownIssue(each, key) for each in issues_of(note)}
        for issue_id in known.keys() & later.keys():
            del known[issue_id]
        known |= {
            issue_id: each
            for issue_id, each in later.items()
            if each is not None and first <= each.issue.number and _is_below(each, end)
        }
        again = source.every_link and not note["every_link"]
        unasked = known.keys() - later.keys() if again else set[str]()
        suspects.compare(known, await listed.below(end), changed, unasked)
    return suspects


def _is_below(known: KnownIssue, end: int | None) -> bool:
    return end is None or known.issue.number < end


async def _read_again(unit: ExportUnit, project_id: str) -> dict[str, KnownIssue | None]:
    """What earlier closing passes have read; None: what they found gone."""
    found: dict[str, KnownIssue | None] = {}
    async for key, note in unit.earlier.notes(closings_of(project_id)):
        found.update(dict.fromkeys(note["gone"]))
        found.update({each.id: KnownIssue(each, key) for each in issues_of(note)})
    return found


async def _ranges(
    unit: ExportUnit, project_id: str
) -> AsyncIterator[tuple[tuple[str, Any], int, int | None]]:
    """Each range: its key and note, its first number (0 of the first one), the next one's."""
    earlier: tuple[str, Any] | None = None
    start = 0
    async for key, note in unit.earlier.notes(ranges_of(project_id)):
        first = int(key.rpartition("/")[2])
        if earlier is not None:
            yield earlier, start, first
            start = first
        earlier = key, note
    if earlier is not None:
        yield earlier, start, None
