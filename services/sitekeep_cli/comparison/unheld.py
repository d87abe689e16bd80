"""Differences that follow from projects that the backup does not hold: in the trash, or unseen.

Filters, boards, issues and links name such projects; a restore has nothing to put in their place.
"""

from __future__ import annotations

from collections.abc import Collection

from sitekeep_cli.comparison.jira_values import PROJECT
from sitekeep_cli.comparison.model import Json
from sitekeep_cli.comparison.shape import is_list
from sitekeep_shared.kinds import Kind

WHY = "it names a project that the backup does not hold"

_SHARED = frozenset({Kind.FILTER, Kind.DASHBOARD})
_SHARES = frozenset({"shares", "edits"})
_WITH_PROJECT = "project "
"""How a share with a project, or with a role in it, begins."""


def held_part(held: Collection[str], kind: Kind, path: str, value: Json) -> Json:
    """The value without what names a project whose key is not ``held``; None: nothing is left."""
    if kind in _SHARED and path in _SHARES:
        return shares(held, value)
    if kind is Kind.BOARD and path == "project":
        return value if value in held else None
    if kind is Kind.ISSUE and path.startswith("custom."):
        return None if _is_unheld(held, value) else value
    return value


def shares(held: Collection[str], listed: Json) -> Json:
    """With whom something is shared, but for projects that are not held."""
    entries: list[Json] = listed if is_list(listed) else []
    return [each for each in entries if not _is_of_unheld(held, str(each))] or None


def leads_out(held: Collection[str], link: str) -> bool:
    """Whether a link, named by the issues at its ends, leads into such a project."""
    return link.rpartition(" ")[2].rpartition("-")[0] not in held


def _is_of_unheld(held: Collection[str], share: str) -> bool:
    key = share.removeprefix(_WITH_PROJECT).partition("/")[0]
    return share.startswith(_WITH_PROJECT) and key not in held


def _is_unheld(held: Collection[str], value: Json) -> bool:
    is_project = isinstance(value, str) and value.startswith(PROJECT)
    return is_project and value.removeprefix(PROJECT) not in held
