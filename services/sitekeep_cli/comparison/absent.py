"""Differences that follow from people who have no account at the destination, and only those.

A restore does not make accounts. Who is not there cannot be assigned, mentioned or made a
member; that somebody who *is* there was lost stays a difference that nothing declares.
"""

from __future__ import annotations

from collections.abc import Collection

from sitekeep_cli.comparison.model import Json
from sitekeep_cli.comparison.shape import is_list
from sitekeep_shared.coverage import MISSING
from sitekeep_shared.kinds import Kind

WHY = "the person has no account at the destination"

_REPLACED = frozenset({"reporter", "lead"})
"""Fields that somebody has to be in: another account stands in."""


def explained(
    absent: Collection[str], kind: Kind, item: str, path: str, left: Json, right: Json
) -> bool:
    """Whether the difference is what the absence of those accounts leads to."""
    if path == MISSING:
        return kind in (Kind.MEMBERSHIP, Kind.WATCHER) and item.rpartition("/")[2] in absent
    if path in _REPLACED:
        return left in absent
    if path == "assignee" or path == "mentions" or path.startswith("custom."):
        return _without(left, absent) == (right or [])
    return False


def _without(value: Json, absent: Collection[str]) -> Json:
    """The value without the absent; an empty list stands for nothing at all."""
    if is_list(value):
        return [one for one in value if one not in absent]
    return [] if isinstance(value, str) and value in absent else value
