"""Where every blob is: sorted arrays of 48 bytes a row, a few of them, merged as they grow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy
import numpy.typing

from sitekeep_shared.vault.index_object import IndexObject, PackReference
from sitekeep_shared.vault.pack import Rows

Words = numpy.typing.NDArray[numpy.uint64]
Bytes = numpy.typing.NDArray[numpy.uint8]
Places = numpy.typing.NDArray[numpy.uint32]

_MERGE_RATIO = 4
_LARGEST_MERGED_ROWS = 1 << 20
"""Rows of a run that merging makes at most: for a moment both halves and the whole are held."""


@dataclass(frozen=True)
class BlobPlace:
    """Where a blob lies."""

    pack: PackReference
    frame: int
    offset: int
    length: int


class _Run:
    """Sorted rows, column by column."""

    def __init__(self, prefixes: Words, rests: Bytes, places: Places) -> None:
        self._prefixes = prefixes
        self._rests = rests
        self.places = places

    def __len__(self) -> int:
        return len(self._prefixes)

    @property
    def size_bytes(self) -> int:
        """Memory that the columns take."""
        return self._prefixes.nbytes + self._rests.nbytes + self.places.nbytes

    def find(self, blob_id: bytes) -> int:
        """The row of an id, -1 when it is not there."""
        prefix = numpy.uint64(int.from_bytes(blob_id[:8], "big"))
        row = int(self._prefixes.searchsorted(prefix))
        while row < len(self._prefixes) and self._prefixes[row] == prefix:
            if self._rests[row].tobytes() == blob_id[8:]:
                return row
            row += 1
        return -1

    @classmethod
    def of(cls, rows: Rows, pack_numbers: Places) -> _Run:
        """Takes over rows that are sorted by id."""
        prefixes = numpy.ascontiguousarray(rows["id"][:, :8]).view(">u8").ravel()
        places = numpy.empty((len(rows), 4), numpy.uint32)
        places[:, 0] = pack_numbers
        for column, field in enumerate(("frame", "offset", "length"), start=1):
            places[:, column] = rows[field]
        rests = numpy.ascontiguousarray(rows["id"][:, 8:])
        return cls(prefixes.astype(numpy.uint64), rests, places)

    def merged(self, other: _Run) -> _Run:
        """Both runs in one."""
        prefixes = numpy.concatenate((self._prefixes, other._prefixes))
        order = prefixes.argsort(kind="stable")
        return _Run(
            prefixes[order],
            numpy.concatenate((self._rests, other._rests))[order],
            numpy.concatenate((self.places, other.places))[order],
        )


class BlobIndex:
    """Blob ids to places. Grows by whole index objects; never forgets."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._packs: list[PackReference] = []
        self._numbers: dict[bytes, int] = {}

    def __len__(self) -> int:
        return sum(len(run) for run in self._runs)

    @property
    def run_count(self) -> int:
        """How many runs a look-up may have to search."""
        return len(self._runs)

    @property
    def size_bytes(self) -> int:
        """Memory that the rows take."""
        return sum(run.size_bytes for run in self._runs)

    def add(self, index: IndexObject, keep: Callable[[PackReference], bool]) -> None:
        """Adds those rows of an index object whose pack is to be kept."""
        rows = index.rows
        kept = [keep(pack) for pack in index.packs]
        if not all(kept):
            rows = rows[numpy.array(kept, bool)[rows["pack"]]]
        if not len(rows):
            return
        numbers = numpy.array([self._number(pack) for pack in index.packs], numpy.uint32)
        self._push(_Run.of(rows, numbers[rows["pack"]]))

    def pack_number(self, blob_id: bytes) -> int:
        """The number of the pack that holds a blob, -1 when it is unknown."""
        for run in self._runs:
            row = run.find(blob_id)
            if row >= 0:
                return int(run.places[row, 0])
        return -1

    def place(self, blob_id: bytes) -> BlobPlace | None:
        """Where a blob lies, None when it is unknown."""
        for run in self._runs:
            row = run.find(blob_id)
            if row >= 0:
                pack, frame, offset, length = run.places[row].tolist()
                return BlobPlace(self._packs[pack], frame, offset, length)
        return None

    def knows_pack(self, pack: PackReference) -> bool:
        """Whether an index object that was added lists that pack."""
        return pack.pack_id in self._numbers

    def pack(self, number: int) -> PackReference:
        """The pack of a number."""
        return self._packs[number]

    def _number(self, pack: PackReference) -> int:
        number = self._numbers.setdefault(pack.pack_id, len(self._packs))
        if number == len(self._packs):
            self._packs.append(pack)
        return number

    def _push(self, run: _Run) -> None:
        """Merges so that each run is several times as long as the next: few runs, few merges."""
        self._runs.append(run)
        while len(self._runs) > 1 and _is_worth_merging(*self._runs[-2:]):
            last = self._runs.pop()
            self._runs[-1] = self._runs[-1].merged(last)


def _is_worth_merging(longer: _Run, shorter: _Run) -> bool:
    together = len(longer) + len(shorter)
    return together <= _LARGEST_MERGED_ROWS and len(longer) < _MERGE_RATIO * len(shorter)
