"""A ``files/`` object: the files that a checkpoint of a backup holds, for the next backup to find.

FORMAT.md section 9. Plaintext::

    u32 files | u32 blobs
    | files: file key[32] u64 fetched, u64 size, sha256[32], u32 blobs, u32 bytes of the note
    | blobs: id[32] | notes
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy
import numpy.typing

from sitekeep_shared.vault.errors import DamagedObject
from sitekeep_shared.vault.known_file import KnownFile
from sitekeep_shared.vault.rereading import milliseconds
from sitekeep_shared.vault.sealing import Sealer

MAGIC = b"SKFILES1"
SECTION = "files"
COUNTS = struct.Struct("<II")
FILE_ROW = numpy.dtype(
    [
        ("key", "u1", (32,)),
        ("fetched", "<u8"),
        ("size", "<u8"),
        ("sha256", "u1", (32,)),
        ("blobs", "<u4"),
        ("note", "<u4"),
    ]
)
BLOB_BYTES = 32

FileRows = numpy.typing.NDArray[numpy.void]


@dataclass(frozen=True)
class KnownFilesObject:
    """One object, opened."""

    rows: FileRows
    """FILE_ROWs."""
    blobs: bytes
    """The ids of the blobs of all files, behind each other."""
    notes: bytes


def encode_known_files(sealer: Sealer, name: str, files: Sequence[KnownFile]) -> bytes:
    """The bytes of an object."""
    blobs = b"".join(blob for file in files for blob in file.blobs)
    notes = b"".join(file.note for file in files)
    rows = _rows(files)
    counts = COUNTS.pack(len(files), len(blobs) // BLOB_BYTES)
    plain = counts + rows.tobytes() + blobs + notes
    return MAGIC + sealer.seal(SECTION, name.encode(), plain)


def _rows(files: Sequence[KnownFile]) -> FileRows:
    rows = numpy.empty(len(files), FILE_ROW)
    rows["key"] = _digests(file.file_key for file in files)
    rows["fetched"] = [milliseconds(file.fetched) for file in files]
    rows["size"] = [file.size_bytes for file in files]
    rows["sha256"] = _digests(bytes.fromhex(file.sha256) for file in files)
    rows["blobs"] = [len(file.blobs) for file in files]
    rows["note"] = [len(file.note) for file in files]
    return rows


def _digests(values: Iterable[bytes]) -> numpy.typing.NDArray[numpy.uint8]:
    return numpy.frombuffer(b"".join(values), "u1").reshape(-1, 32)


def decode_known_files(sealer: Sealer, name: str, data: bytes) -> KnownFilesObject:
    """The reverse of encode_known_files.

    Raises:
        DamagedObject: it is not what was written.
    """
    if not data.startswith(MAGIC):
        raise DamagedObject(name, "it does not start as a list of known files")
    plain = sealer.open(SECTION, name.encode(), data[len(MAGIC) :], name)
    try:
        return _decode_plain(plain)
    except (struct.error, ValueError) as error:
        raise DamagedObject(name, "it does not read as a list of known files") from error


def _decode_plain(plain: bytes) -> KnownFilesObject:
    file_count, blob_count = COUNTS.unpack_from(plain)
    rows = numpy.frombuffer(plain, FILE_ROW, file_count, COUNTS.size)
    blobs_start = COUNTS.size + rows.nbytes
    notes_start = blobs_start + blob_count * BLOB_BYTES
    blobs, notes = plain[blobs_start:notes_start], plain[notes_start:]
    held = (int(rows["blobs"].sum(dtype="u8")) * BLOB_BYTES, int(rows["note"].sum(dtype="u8")))
    if held != (len(blobs), len(notes)):
        raise ValueError("the files have more or less than is there")
    return KnownFilesObject(rows, blobs, notes)
