"""Merges index objects into fewer, without the rows of removed packs. Pure."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy

from sitekeep_shared.vault.index_object import INDEX_ROW, IndexObject, PackReference
from sitekeep_shared.vault.pack import Rows

_ROW_BYTES = numpy.dtype((numpy.void, INDEX_ROW.itemsize))


@dataclass(frozen=True)
class MergeSource:
    """An index object that may be merged with others."""

    name: str
    packs: Sequence[PackReference]
    """Those of its rows that are kept."""
    rows: Rows
    """INDEX_ROW; ``pack`` counts into ``packs``."""
    dead_rows: int
    """How many others it has."""

    @property
    def dead_share(self) -> float:
        """Which part of its rows lies in removed packs."""
        return self.dead_rows / max(1, self.dead_rows + len(self.rows))


def source_of(
    name: str, index: IndexObject, is_kept: Callable[[PackReference], bool]
) -> MergeSource:
    """Leaves out the rows of packs that are not kept."""
    kept = numpy.array([is_kept(pack) for pack in index.packs], bool)
    selected = kept[index.rows["pack"]] if len(kept) else numpy.empty(0, bool)
    rows = index.rows[selected].copy()
    rows["pack"] = (numpy.cumsum(kept, dtype=numpy.uint32) - 1)[rows["pack"]] if len(rows) else 0
    packs = [pack for pack, is_one in zip(index.packs, kept, strict=True) if is_one]
    return MergeSource(name, packs, rows, len(index.rows) - len(rows))


def merge(sources: Sequence[MergeSource]) -> IndexObject:
    """One index object that says everything that the sources say, each thing once."""
    packs: list[PackReference] = []
    numbers: dict[PackReference, int] = {}
    parts: list[Rows] = []
    for source in sources:
        for pack in source.packs:
            if numbers.setdefault(pack, len(packs)) == len(packs):
                packs.append(pack)
        table = numpy.array([numbers[pack] for pack in source.packs], numpy.uint32)
        part = source.rows.copy()
        part["pack"] = table[part["pack"]] if len(part) else 0
        parts.append(part)
    rows = numpy.concatenate(parts) if parts else numpy.empty(0, INDEX_ROW)
    supersedes = [source.name for source in sources]
    return IndexObject(os.urandom(16), packs, [], _unique(rows), supersedes=supersedes)


def _unique(rows: Rows) -> Rows:
    """Without repetitions; as an id is what a row begins with, they are sorted by id after."""
    return numpy.unique(numpy.ascontiguousarray(rows).view(_ROW_BYTES)).view(INDEX_ROW)


def groups(sources: Sequence[MergeSource], rows_at_most: int) -> list[list[MergeSource]]:
    """Sources that are merged with each other; one that is larger stays alone."""
    result: list[list[MergeSource]] = []
    total = 0
    for source in sources:
        if not result or total + len(source.rows) > rows_at_most:
            result.append([])
            total = 0
        result[-1].append(source)
        total += len(source.rows)
    return result
