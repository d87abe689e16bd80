"""Splits the entries of a kind into units: each takes parts of the backup's own pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.work.unit import UnitPlan


@dataclass(frozen=True)
class _Part:
    """Some entries of a page: the page's number among those of the kind, and from where to where.

    A committed backup does not change, so the numbers hold.
    """

    page: int
    start: int
    stop: int


async def plan_ranges(
    unit: ImportUnit, kind: Kind, run: str, size: int, *, phase: ImportPhase | None = None
) -> None:
    """Plans units of ``run`` that together see every entry of a kind once."""
    for number, group in enumerate(_groups(unit.backup.pages(kind), size)):
        parts = [[part.page, part.start, part.stop] for part in group]
        arguments = {"kind": kind.value, "parts": parts}
        key = f"{run}/{kind.value}/{number:06d}"
        unit.spawn(UnitPlan(phase or unit.plan.phase, key, run, arguments))


def _groups(pages: Sequence[PageReference], size: int) -> Iterator[list[_Part]]:
    """Parts that together have at most ``size`` entries."""
    group: list[_Part] = []
    free = size
    for number, page in enumerate(pages):
        start = 0
        while start < page.entry_count:
            stop = min(start + free, page.entry_count)
            group.append(_Part(number, start, stop))
            free -= stop - start
            start = stop
            if free == 0:
                yield group
                group, free = [], size
    if group:
        yield group


async def entries_of(unit: ImportUnit) -> AsyncIterator[Entry]:
    """The unit's entries."""
    pages = unit.backup.pages(Kind(unit.plan.arguments["kind"]))
    parts: list[list[int]] = unit.plan.arguments["parts"]
    for part in (_Part(*numbers) for numbers in parts):
        entries = await unit.backup.page_entries(pages[part.page])
        for entry in entries[part.start : part.stop]:
            yield entry


def identifier(entry: Entry) -> str:
    """The id that an entry key of zeros and an id stands for."""
    return entry.key.lstrip("0")
