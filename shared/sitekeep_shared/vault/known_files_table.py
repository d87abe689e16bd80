"""All known files of a site in memory: columns of about 110 bytes a file, sorted by file key.

A million files have to fit beside everything else, so there is no object per file.
"""

from __future__ import annotations

from typing import Any

import numpy
import numpy.typing

from sitekeep_shared.vault.known_file import KnownFile
from sitekeep_shared.vault.known_files_object import BLOB_BYTES, KnownFilesObject
from sitekeep_shared.vault.rereading import moment_of

Column = numpy.typing.NDArray[Any]
_KEY_BYTES = 16
"""Of a key's 32 bytes; nobody without K_id can make two keys that agree in them."""


class KnownFilesColumns:
    """The files of some objects, column by column, not sorted."""

    def __init__(self) -> None:
        self.keys: list[Column] = []
        self.fetched: list[Column] = []
        self.digests: list[Column] = []
        self.blob_counts: list[Column] = []
        self.note_sizes: list[Column] = []
        self.blobs = bytearray()
        self.notes = bytearray()

    def add(self, known: KnownFilesObject) -> None:
        """Copies what is needed of an object."""
        rows = known.rows
        keys = numpy.ascontiguousarray(rows["key"][:, :_KEY_BYTES])
        self.keys.append(keys.view(">u8").astype(numpy.uint64))
        self.fetched.append(rows["fetched"].astype(numpy.uint64))
        self.digests.append(numpy.ascontiguousarray(rows["sha256"]))
        self.blob_counts.append(rows["blobs"].astype(numpy.uint32))
        self.note_sizes.append(rows["note"].astype(numpy.uint8))
        self.blobs += known.blobs
        self.notes += known.notes


class KnownFilesTable:
    """File keys to known files. Of several with one key the one fetched last is found."""

    def __init__(self, columns: KnownFilesColumns) -> None:
        """Takes the columns over; they are empty afterwards."""
        self._blobs, self._notes = columns.blobs, columns.notes
        keys = _joined(columns.keys, (0, 2), numpy.uint64)
        fetched = _joined(columns.fetched, (0,), numpy.uint64)
        order = numpy.lexsort((fetched, keys[:, 1], keys[:, 0]))
        self._prefixes, self._rests = keys[order, 0], keys[order, 1]
        self._fetched = fetched[order]
        del keys, fetched
        self._digests = _joined(columns.digests, (0, 32), numpy.uint8)[order]
        self._blob_counts, self._blob_starts = _placed(columns.blob_counts, order, numpy.uint32)
        self._note_sizes, self._note_starts = _placed(columns.note_sizes, order, numpy.uint8)

    def __len__(self) -> int:
        return len(self._prefixes)

    @property
    def size_bytes(self) -> int:
        """Memory that the columns take."""
        columns = (
            self._prefixes,
            self._rests,
            self._fetched,
            self._digests,
            self._blob_counts,
            self._blob_starts,
            self._note_sizes,
            self._note_starts,
        )
        return sum(column.nbytes for column in columns) + len(self._blobs) + len(self._notes)

    def find(self, file_key: bytes, size_bytes: int) -> KnownFile | None:
        """The file of a key, None when it is unknown. The key covers the size."""
        prefix = numpy.uint64(int.from_bytes(file_key[:8], "big"))
        rest = int.from_bytes(file_key[8:_KEY_BYTES], "big")
        row = int(self._prefixes.searchsorted(prefix, "right")) - 1
        while row >= 0 and self._prefixes[row] == prefix:
            if int(self._rests[row]) == rest:
                return self._file(row, file_key, size_bytes)
            row -= 1
        return None

    def _file(self, row: int, file_key: bytes, size_bytes: int) -> KnownFile:
        first = int(self._blob_starts[row])
        blobs = tuple(
            bytes(self._blobs[at * BLOB_BYTES : (at + 1) * BLOB_BYTES])
            for at in range(first, first + int(self._blob_counts[row]))
        )
        note = int(self._note_starts[row])
        return KnownFile(
            file_key,
            moment_of(int(self._fetched[row])),
            size_bytes,
            self._digests[row].tobytes().hex(),
            blobs,
            bytes(self._notes[note : note + int(self._note_sizes[row])]),
        )


def _joined(parts: list[Column], empty: tuple[int, ...], kind: type[Any]) -> Column:
    """One column of its parts, which are given up: for a moment only this one is held twice."""
    joined = numpy.concatenate(parts) if parts else numpy.empty(empty, kind)
    parts.clear()
    return joined


def _placed(parts: list[Column], order: Column, kind: type[Any]) -> tuple[Column, Column]:
    """How many of something each file has, and which is its first."""
    counts = _joined(parts, (0,), kind)
    ends = counts.cumsum(dtype=numpy.uint32)
    return counts[order], (ends - counts)[order]
