"""Where every blob is: sorted arrays of 49 bytes a row, a few of them, merged as they grow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy
import numpy.typing

from sitekeep_shared.vault.index_object import IndexObject, PackReference
from sitekeep_shared.vault.pack import Rows

Words = numpy.typing.NDArray[numpy.uint64]
Bytes = numpy.typing.NDArray[numpy.uint8]
Places = numpy.typing.NDArray[numpy.uint32]
Marks = numpy.typing.NDArray[numpy.bool]
Sums = numpy.typing.NDArray[numpy.float64]
"""Of bytes; exact up to 2 ** 53."""

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

    def __init__(self, prefixes: Words, rests: Bytes, places: Places, used: Marks) -> None:
        self._prefixes = prefixes
        self._rests = rests
        self.places = places
        self.used = used

    def __len__(self) -> int:
        return len(self._prefixes)

    @property
    def size_bytes(self) -> int:
        """Memory that the columns take."""
        columns = (self._prefixes, self._rests, self.places, self.used)
        return sum(column.nbytes for column in columns)

    def find(self, blob_id: bytes) -> int:
        """The row of an id, -1 when it is not there."""
        prefix = numpy.uint64(int.from_bytes(blob_id[:8], "big"))
        row = int(self._prefixes.searchsorted(prefix))
        while row < len(self._prefixes) and self._prefixes[row] == prefix:
            if self._rests[row].tobytes() == blob_id[8:]:
                return row
            row += 1
        return -1

    def pack(self, row: int) -> int:
        """The number of the pack of a row."""
        return int(self.places[row, 0])

    def use(self, row: int) -> int:
        """Notes that a row is used; returns the number of its pack."""
        self.used[row] = True
        return int(self.places[row, 0])

    @classmethod
    def of(cls, rows: Rows, pack_numbers: Places) -> _Run:
        """Takes over rows that are sorted by id."""
        prefixes = numpy.ascontiguousarray(rows["id"][:, :8]).view(">u8").ravel()
        places = numpy.empty((len(rows), 4), numpy.uint32)
        places[:, 0] = pack_numbers
        for column, field in enumerate(("frame", "offset", "length"), start=1):
            places[:, column] = rows[field]
        rests = numpy.ascontiguousarray(rows["id"][:, 8:])
        return cls(prefixes.astype(numpy.uint64), rests, places, numpy.zeros(len(rows), bool))

    def merged(self, other: _Run) -> _Run:
        """Both runs in one."""
        prefixes = numpy.concatenate((self._prefixes, other._prefixes))
        order = prefixes.argsort(kind="stable")
        return _Run(
            prefixes[order],
            numpy.concatenate((self._rests, other._rests))[order],
            numpy.concatenate((self.places, other.places))[order],
            numpy.concatenate((self.used, other.used))[order],
        )

    def part(self, wanted: Marks) -> _Run:
        """The rows that are marked."""
        return _Run(
            self._prefixes[wanted], self._rests[wanted], self.places[wanted], self.used[wanted]
        )

    def bytes_by_pack(self, pack_count: int, counted: Marks | None = None) -> Sums:
        """The raw bytes that it lists of each pack, or of its marked rows alone."""
        places = self.places if counted is None else self.places[counted]
        sums = numpy.bincount(places[:, 0], places[:, 3], pack_count)
        return sums.astype(numpy.float64, copy=False)


class BlobIndex:
    """Blob ids to places. Grows by whole index objects; notes which blobs are used."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []
        self._aside: list[_Run] = []
        self._packs: list[PackReference] = []
        self._numbers: dict[bytes, int] = {}

    def __len__(self) -> int:
        return sum(len(run) for run in self._all_runs())

    @property
    def run_count(self) -> int:
        """How many runs a look-up may have to search."""
        return len(self._runs)

    @property
    def size_bytes(self) -> int:
        """Memory that the rows take."""
        return sum(run.size_bytes for run in self._all_runs())

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
        """The number of the pack that holds a blob, -1 when it is unknown or set aside."""
        for run in self._runs:
            row = run.find(blob_id)
            if row >= 0:
                return run.pack(row)
        return -1

    def use(self, blob_id: bytes) -> int:
        """Like pack_number, and notes that the blob is used."""
        for run in self._runs:
            row = run.find(blob_id)
            if row >= 0:
                return run.use(row)
        return -1

    def use_from_anywhere(self, blob_ids: Sequence[bytes]) -> set[int] | None:
        """Notes the use of blobs, also of those set aside; None, and no note, unless all are there.

        Returns the numbers of their packs.
        """
        runs = self._all_runs()
        found = [place for blob_id in blob_ids if (place := _find(runs, blob_id)) is not None]
        return {run.use(row) for run, row in found} if len(found) == len(blob_ids) else None

    def place(self, blob_id: bytes) -> BlobPlace | None:
        """Where a blob lies, None when it is unknown."""
        found = _find(self._all_runs(), blob_id)
        if found is None:
            return None
        run, row = found
        place: list[int] = run.places[row].tolist()
        pack, frame, offset, length = place
        return BlobPlace(self._packs[pack], frame, offset, length)

    def position(self, blob_id: bytes) -> list[int]:
        """What sorts blobs as they lie in the packs; empty when the blob is unknown."""
        found = _find(self._all_runs(), blob_id)
        if found is None:
            return []
        run, row = found
        position: list[int] = run.places[row].tolist()
        return position

    def remove(self, packs: Collection[bytes]) -> None:
        """Forgets what lies in some packs."""
        if packs:
            self._take_out(packs)

    def set_aside(self, packs: Collection[bytes]) -> None:
        """Keeps what lies in some packs for use_from_anywhere alone."""
        if packs:
            self._aside.extend(self._take_out(packs))

    def total_bytes(self) -> Mapping[bytes, int]:
        """The raw bytes that are listed of each pack."""
        return self._by_pack(run.bytes_by_pack(len(self._packs)) for run in self._all_runs())

    def used_bytes(self) -> Mapping[bytes, int]:
        """The raw bytes of each pack that are used."""
        return self._by_pack(
            run.bytes_by_pack(len(self._packs), run.used) for run in self._all_runs()
        )

    def knows_pack(self, pack: PackReference) -> bool:
        """Whether an index object that was added lists that pack."""
        return pack.pack_id in self._numbers

    def pack(self, number: int) -> PackReference:
        """The pack of a number."""
        return self._packs[number]

    def _all_runs(self) -> Sequence[_Run]:
        return [*self._runs, *self._aside] if self._aside else self._runs

    def _by_pack(self, sums: Iterable[Sums]) -> Mapping[bytes, int]:
        total = sum(sums, numpy.zeros(len(self._packs)))
        return {pack.pack_id: int(size) for pack, size in zip(self._packs, total, strict=True)}

    def _take_out(self, packs: Collection[bytes]) -> list[_Run]:
        """Takes the rows of some packs out of the runs; returns them."""
        of_pack = numpy.array([pack.pack_id in packs for pack in self._packs], bool)
        taken: list[_Run] = []
        kept: list[_Run] = []
        for run in self._runs:
            wanted = of_pack[run.places[:, 0]]
            taken.append(run if wanted.all() else run.part(wanted))
            kept.append(run.part(~wanted))
        self._runs = [run for run in kept if len(run)]
        return [run for run in taken if len(run)]

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


def _find(runs: Iterable[_Run], blob_id: bytes) -> tuple[_Run, int] | None:
    for run in runs:
        row = run.find(blob_id)
        if row >= 0:
            return run, row
    return None


def _is_worth_merging(longer: _Run, shorter: _Run) -> bool:
    together = len(longer) + len(shorter)
    return together <= _LARGEST_MERGED_ROWS and len(longer) < _MERGE_RATIO * len(shorter)
