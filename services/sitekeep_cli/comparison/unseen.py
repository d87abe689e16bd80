"""Filters and dashboards that an administrator does not see after a restore.

With whom they were shared is not at the destination, and no list shows private ones of others:
they are there, and no backup can say so.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from sitekeep_cli.comparison import absent, unheld
from sitekeep_cli.comparison.model import Json, Side
from sitekeep_cli.comparison.shelf import Shelf
from sitekeep_shared.coverage import MISSING
from sitekeep_shared.kinds import Kind

WHY_UNSEEN = "it is its owner's alone now: with whom it was shared is not at the destination"

_FILTER_OF_PLAN = "sources.Filter "
_SEEN_BY = {Kind.FILTER: ("shares",), Kind.DASHBOARD: ("shares", "edits")}
"""What lets others see it: who may edit a dashboard sees it, too."""


@dataclass(frozen=True)
class Unseen:
    """What follows from who is ``present`` and which projects are ``held``."""

    shelf: Shelf
    present: Collection[str]
    held: Collection[str]

    def explains(self, kind: Kind, name: str, path: str, left: Json, right: Json) -> bool:
        """Whether something is private now, or names such a one, of which only the id is known."""
        if path == MISSING:
            return kind in _SEEN_BY and self._is_private(kind, name)
        if kind is Kind.PLAN and path.startswith(_FILTER_OF_PLAN):
            source = path.removeprefix(_FILTER_OF_PLAN)
            return right is None and self._is_private(Kind.FILTER, source)
        return (kind, path) == (Kind.FILTER, "jql") and self._is_same_query(str(left), str(right))

    def _is_private(self, kind: Kind, name: str) -> bool:
        shared: dict[str, Json] = self.shelf.value(Side.LEFT, kind, name) or {}
        listed: list[Json] = [one for each in _SEEN_BY[kind] for one in shared.get(each) or ()]
        there = absent.shown_to(unheld.shares(self.held, listed), self.present)
        # Of dashboards an administrator is shown those alone that are shared with him, too.
        is_seen = bool(there) if kind is Kind.FILTER else len(there) == len(listed)
        return bool(listed) and shared.get("owner") in self.present and not is_seen

    def _is_same_query(self, left: str, right: str) -> bool:
        """Whether a query is the same but for filters whose ids stand for them."""
        names = self.shelf.names(Side.LEFT, Kind.FILTER)
        named = [each for each in names if f"{{{each}}}" in left]
        unseen = [each for each in named if self._is_private(Kind.FILTER, each)]
        wanted = re.escape(left)
        for name in unseen:
            wanted = wanted.replace(re.escape(f"{{{name}}}"), r"\d+")
        return bool(unseen) and re.fullmatch(wanted, right) is not None
