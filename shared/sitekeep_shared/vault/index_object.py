"""An index object: which blobs a checkpoint made durable, and which packs the session needs.

FORMAT.md section 6. Plaintext::

    u32 rows | u32 packs | u32 referenced | checkpoint id (16)
    | packs: id[32] u32 size | referenced: id[32] u32 size
    | rows: id[32] u32 pack, frame, offset, length | note: JSON
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy

from sitekeep_shared.vault.errors import DamagedObject
from sitekeep_shared.vault.pack import Rows, require_below
from sitekeep_shared.vault.sealing import Sealer

MAGIC = b"SKINDEX1"
SECTION = "index"
COUNTS = struct.Struct("<III16s")
PACK_ROW = numpy.dtype([("id", "u1", (32,)), ("size", "<u4")])
INDEX_ROW = numpy.dtype(
    [
        ("id", "u1", (32,)),
        ("pack", "<u4"),
        ("frame", "<u4"),
        ("offset", "<u4"),
        ("length", "<u4"),
    ]
)


@dataclass(frozen=True)
class PackReference:
    """A pack and how long it has to be."""

    pack_id: bytes
    size_bytes: int


@dataclass(frozen=True)
class IndexObject:
    """One index object, opened."""

    checkpoint_id: bytes
    packs: Sequence[PackReference]
    """What ``pack`` of a row counts into."""
    referenced: Sequence[PackReference]
    """Packs of other sessions that this session began to need."""
    rows: Rows
    """INDEX_ROW, sorted by id."""
    site: str = ""
    """Whose backup wrote it; empty in one that was merged."""
    supersedes: Sequence[str] = ()
    """Names of the index objects that one was merged from."""


class _Note(msgspec.Struct, frozen=True):
    site: str = ""
    supersedes: Sequence[str] = ()


def encode_packs(packs: Sequence[PackReference]) -> bytes:
    """PACK_ROWs."""
    rows = numpy.empty(len(packs), PACK_ROW)
    ids = b"".join(pack.pack_id for pack in packs)
    rows["id"] = numpy.frombuffer(ids, "u1").reshape(-1, 32)
    rows["size"] = [pack.size_bytes for pack in packs]
    return rows.tobytes()


def decode_packs(data: bytes) -> list[PackReference]:
    """The reverse of encode_packs; raises ValueError."""
    rows = numpy.frombuffer(data, PACK_ROW)
    return [PackReference(row["id"].tobytes(), int(row["size"])) for row in rows]


def encode_index(sealer: Sealer, name: str, index: IndexObject) -> bytes:
    """The bytes of an index object."""
    counts = COUNTS.pack(
        len(index.rows), len(index.packs), len(index.referenced), index.checkpoint_id
    )
    packs = encode_packs([*index.packs, *index.referenced])
    note = msgspec.json.encode(_Note(index.site, index.supersedes))
    plain = counts + packs + index.rows.tobytes() + note
    return MAGIC + sealer.seal(SECTION, name.encode(), plain)


def decode_index(sealer: Sealer, name: str, data: bytes) -> IndexObject:
    """The reverse of encode_index.

    Raises:
        DamagedObject: it is not what was written.
    """
    if not data.startswith(MAGIC):
        raise DamagedObject(name, "it does not start as an index")
    plain = sealer.open(SECTION, name.encode(), data[len(MAGIC) :], name)
    try:
        return _decode_plain(plain)
    except (struct.error, ValueError, msgspec.MsgspecError) as error:
        raise DamagedObject(name, "it does not read as an index") from error


def _decode_plain(plain: bytes) -> IndexObject:
    row_count, pack_count, referenced_count, checkpoint_id = COUNTS.unpack_from(plain)
    rows_start = COUNTS.size + (pack_count + referenced_count) * PACK_ROW.itemsize
    packs = decode_packs(plain[COUNTS.size : rows_start])
    rows = numpy.frombuffer(plain, INDEX_ROW, row_count, rows_start)
    require_below(rows["pack"], pack_count)
    note = msgspec.json.decode(plain[rows_start + rows.nbytes :], type=_Note)
    own, referenced = packs[:pack_count], packs[pack_count:]
    return IndexObject(checkpoint_id, own, referenced, rows, note.site, note.supersedes)


def sort_rows(rows: Rows) -> Rows:
    """Rows in the bytewise order of their ids."""
    words = numpy.ascontiguousarray(rows["id"]).view(">u8").reshape(-1, 4)
    order = numpy.lexsort((words[:, 3], words[:, 2], words[:, 1], words[:, 0]))
    return rows[order]
