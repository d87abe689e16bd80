"""The page trees of a backup, in the order in which they are made: parents first.

Derived from the attributes of the entries and kept in memory in compact columns, about
50 bytes per page; made again by any process that needs it.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sitekeep_restore.importers.confluence.derived import Derived
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.reader import BackupReader

STATUSES = ("current", "archived", "trashed")
_KEPT_ORDERS = 8
_LAST = 1 << 62


@dataclass(frozen=True, slots=True)
class PageRow:
    """A page in its tree."""

    id: str
    parent: str
    """The page above it that is there at the time; empty at the root."""
    depth: int
    status: str
    moved: bool
    """Its own parent is no page, or is gone: it comes to stand elsewhere."""
    clashes: bool
    """Another page of the space has its title: it comes under another one."""


class PageForest:
    """All page trees of a backup."""

    def __init__(self) -> None:
        self._ids = array("q")
        self._parents = array("q")
        self._positions = array("q")
        self._statuses = bytearray()
        self._titles = array("q")
        self._rows: dict[str, array[int]] = defaultdict(lambda: array("q"))
        self._orders: dict[str, list[PageRow]] = {}

    @property
    def spaces(self) -> Sequence[str]:
        """The ids of the spaces that have pages."""
        return sorted(self._rows)

    def add(self, attributes: dict[str, str], identifier: int) -> None:
        """Adds a page."""
        self._rows[attributes["space"]].append(len(self._ids))
        self._ids.append(identifier)
        self._parents.append(int(attributes.get("parent") or 0))
        self._positions.append(int(attributes.get("position") or _LAST))
        self._statuses.append(STATUSES.index(attributes.get("status") or "current"))
        self._titles.append(hash(attributes.get("title", "").strip().casefold()))

    def order(self, space: str, home: str) -> Sequence[PageRow]:
        """The pages of a space, level by level, siblings by position; the home page first."""
        if space not in self._orders:
            if len(self._orders) >= _KEPT_ORDERS:
                del self._orders[next(iter(self._orders))]
            self._orders[space] = self._ordered(self._rows.get(space, ()), int(home or 0))
        return self._orders[space]

    def _ordered(self, rows: Iterable[int], home: int) -> list[PageRow]:
        by_id = {self._ids[row]: row for row in rows}
        parents = {row: self._standing_parent(row, by_id) for row in by_id.values()}
        children: dict[int, list[int]] = defaultdict(list)
        for row in sorted(by_id.values(), key=lambda row: self._place(row, home)):
            children[parents[row]].append(row)
        clashing = self._clashing(by_id.values(), home)
        level = children[0]
        order: list[PageRow] = []
        depth = 0
        while level:
            order += [self._page(row, parents[row], depth, row in clashing) for row in level]
            level = [child for row in level for child in children[self._ids[row]]]
            depth += 1
        return order

    def _place(self, row: int, home: int) -> tuple[bool, int, int]:
        return (self._ids[row] != home, self._positions[row], self._ids[row])

    def _standing_parent(self, row: int, by_id: dict[int, int]) -> int:
        """The next page above that still stands when this one does; 0 for the root.

        A current page cannot be below an archived or a trashed one: when those go,
        what is below them moves up.
        """
        seen = {row}
        above = by_id.get(self._parents[row])
        while above is not None and self._statuses[above] > self._statuses[row]:
            if above in seen:
                return 0
            seen.add(above)
            above = by_id.get(self._parents[above])
        if above is None or above in seen or self._circular(above, by_id):
            return 0
        return self._ids[above]

    def _circular(self, row: int, by_id: dict[int, int]) -> bool:
        seen: set[int] = set()
        above: int | None = row
        while above is not None and above not in seen:
            seen.add(above)
            above = by_id.get(self._parents[above])
        return above is not None

    def _clashing(self, rows: Iterable[int], home: int) -> set[int]:
        """Pages whose title an earlier one has; the home page first, current before others."""
        titles: set[int] = set()
        clashing: set[int] = set()
        for row in sorted(rows, key=lambda row: (self._statuses[row], self._place(row, home))):
            if self._titles[row] in titles:
                clashing.add(row)
            titles.add(self._titles[row])
        return clashing

    def _page(self, row: int, parent: int, depth: int, clashes: bool) -> PageRow:
        return PageRow(
            str(self._ids[row]),
            str(parent) if parent else "",
            depth,
            STATUSES[self._statuses[row]],
            moved=parent != self._parents[row],
            clashes=clashes,
        )


async def _read(backup: BackupReader) -> PageForest:
    forest = PageForest()
    async for entry in backup.entries(Kind.PAGE):
        forest.add(dict(entry.attributes), int(entry.key))
    return forest


_FORESTS = Derived(_read)


async def forest_of(backup: BackupReader) -> PageForest:
    """The page trees of a backup: read once for all units that share the reader."""
    return await _FORESTS.of(backup)
