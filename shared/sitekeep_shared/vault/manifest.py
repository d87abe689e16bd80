"""The manifest: the one object that is written last and makes a backup exist.

FORMAT.md section 8: ``magic | u32 header length | u32 packs length | sealed header
| sealed packs | sealed body``. The header and the packs open with K_meta, the body
with the private key.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy
from backports import zstd
from blake3 import blake3

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import DamagedObject
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.manifest_types import (
    COMPLETE,
    INCOMPLETE,
    CommittedBackup,
    ManifestFacts,
    ManifestHeader,
    PackUse,
    StoredTotal,
)
from sitekeep_shared.vault.markers import refuse_abandoned
from sitekeep_shared.vault.merkle import tree_root
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.sealing import Sealer

__all__ = [
    "COMPLETE",
    "INCOMPLETE",
    "CommittedBackup",
    "ManifestBody",
    "ManifestFacts",
    "ManifestHeader",
    "ManifestSections",
    "PackUse",
    "StoredTotal",
    "decode_body",
    "decode_header",
    "decode_pack_uses",
    "decode_packs_section",
    "encode_body",
    "encode_manifest",
    "section_hash",
    "split_manifest",
]

MAGIC = b"SKMANIF1"
PREFIX = struct.Struct("<8sII")
PACK_USE_ROW = numpy.dtype([("id", "u1", (32,)), ("size", "<u4"), ("used", "<u4")])
LARGEST_USE = 0xFFFF_FFFF
HEADER_SECTION = "manifest-header"
PACKS_SECTION = "manifest-packs"
BODY_SECTION = "manifest-body"
BODY_VERSION = 1
BODY_VERSION_SUPERSEDING = 2
"""With a fourth part: which entries of which pages do not count."""

_BODY_LEVEL = 3
_PageRow = tuple[str, str, str, str, int, int, bytes, bytes]


class _Body(msgspec.Struct, array_like=True):
    version: int
    details: bytes
    pages: Sequence[_PageRow]
    superseded: Mapping[int, Sequence[str]] = {}
    """Sorted keys by the place of their page."""


@dataclass(frozen=True)
class ManifestBody:
    """The part that only the private key opens."""

    details: bytes
    pages: Sequence[PageReference]
    """Sorted by kind, unit key and first key."""


@dataclass(frozen=True)
class ManifestSections:
    """A manifest, cut but not opened."""

    header: bytes
    packs: bytes
    body: bytes


def encode_body(sealer: Sealer, name: str, body: ManifestBody) -> bytes:
    """The sealed body."""
    rows = [_page_row(page) for page in body.pages]
    superseded = {
        place: sorted(page.superseded) for place, page in enumerate(body.pages) if page.superseded
    }
    parts: Sequence[object] = (BODY_VERSION, body.details, rows)
    if superseded:
        # Who does not know of the fourth part must not take the backup for readable.
        parts = (BODY_VERSION_SUPERSEDING, body.details, rows, superseded)
    plain = msgspec.msgpack.encode(parts)
    compressed = zstd.compress(plain, level=_BODY_LEVEL)
    return sealer.seal_content(BODY_SECTION, name.encode(), compressed)


def decode_body(sealer: Sealer, name: str, header: ManifestHeader, sealed: bytes) -> ManifestBody:
    """The reverse of encode_body; checks the hash and the Merkle root that the header names.

    Raises:
        WrongKey: the keys lack the part that reads.
        DamagedObject: it is not what was written.
    """
    if section_hash(sealed) != header.body_hash:
        raise DamagedObject(name, "its body is not the one that its header names")
    compressed = sealer.open_content(BODY_SECTION, name.encode(), sealed, name)
    try:
        plain = zstd.decompress(compressed)
        body = msgspec.msgpack.decode(plain, type=_Body)
        pages = [_page(row) for row in body.pages]
        for place, keys in body.superseded.items():
            pages[place] = replace(pages[place], superseded=frozenset(keys))
    except (zstd.ZstdError, msgspec.MsgspecError, ValueError, IndexError) as error:
        raise DamagedObject(name, "its body does not read as one") from error
    if tree_root([page.root for page in pages]).hex() != header.merkle_root:
        raise DamagedObject(name, "its pages do not give its Merkle root")
    return ManifestBody(body.details, pages)


def encode_manifest(
    sealer: Sealer, name: str, header: ManifestHeader, packs: bytes, body: bytes
) -> bytes:
    """The whole object from the header and the sealed sections that it names."""
    plain = msgspec.json.encode(header)
    sealed = sealer.seal(HEADER_SECTION, name.encode(), plain)
    return PREFIX.pack(MAGIC, len(sealed), len(packs)) + sealed + packs + body


def encode_packs_section(sealer: Sealer, name: str, packs: Sequence[PackUse]) -> bytes:
    """The sealed list of packs, sorted by id."""
    ordered = sorted(packs, key=lambda use: use.pack.pack_id)
    rows = numpy.empty(len(ordered), PACK_USE_ROW)
    ids = b"".join(use.pack.pack_id for use in ordered)
    rows["id"] = numpy.frombuffer(ids, "u1").reshape(-1, 32)
    rows["size"] = [use.pack.size_bytes for use in ordered]
    rows["used"] = [min(use.used_bytes, LARGEST_USE) for use in ordered]
    return sealer.seal(PACKS_SECTION, name.encode(), rows.tobytes())


def decode_packs_section(
    sealer: Sealer, name: str, header: ManifestHeader, sealed: bytes
) -> list[PackReference]:
    """The packs that a backup needs; checks the hash that the header names.

    Raises:
        DamagedObject: it is not what was written.
    """
    return [use.pack for use in decode_pack_uses(sealer, name, header, sealed)]


def decode_pack_uses(
    sealer: Sealer, name: str, header: ManifestHeader, sealed: bytes
) -> list[PackUse]:
    """The reverse of encode_packs_section; checks the hash that the header names.

    Raises:
        DamagedObject: it is not what was written.
    """
    if section_hash(sealed) != header.packs_hash:
        raise DamagedObject(name, "its list of packs is not the one that its header names")
    plain = sealer.open(PACKS_SECTION, name.encode(), sealed, name)
    try:
        rows = numpy.frombuffer(plain, PACK_USE_ROW)
    except ValueError as error:
        raise DamagedObject(name, "its list of packs does not read as one") from error
    return [
        PackUse(PackReference(row["id"].tobytes(), int(row["size"])), int(row["used"]))
        for row in rows
    ]


def section_hash(sealed: bytes) -> str:
    """What the header says of another section: BLAKE3 in hex."""
    return blake3(sealed).hexdigest()


def header_end(name: str, data: bytes) -> int:
    """How many bytes from the start hold the header.

    Raises:
        BackupAbandoned: the backup was given up.
        DamagedObject: it does not start as a manifest.
    """
    refuse_abandoned(name, data)
    if len(data) < PREFIX.size or not data.startswith(MAGIC):
        raise DamagedObject(name, "it does not start as a manifest")
    return PREFIX.size + int(PREFIX.unpack_from(data)[1])


def packs_end(name: str, data: bytes) -> int:
    """How many bytes from the start hold the header and the list of packs.

    Raises:
        BackupAbandoned: the backup was given up.
        DamagedObject: it does not start as a manifest.
    """
    return header_end(name, data) + int(PREFIX.unpack_from(data)[2])


def split_manifest(name: str, data: bytes) -> ManifestSections:
    """Cuts a manifest, or the start of one that holds the header and the packs.

    Raises:
        BackupAbandoned: the backup was given up.
        DamagedObject: it does not start as a manifest.
    """
    end = header_end(name, data)
    body = packs_end(name, data)
    return ManifestSections(data[PREFIX.size : end], data[end:body], data[body:])


def decode_header(sealer: Sealer, name: str, sealed: bytes) -> ManifestHeader:
    """Opens a header and makes sure that it stands under its own name.

    Raises:
        DamagedObject: it is not what was written.
    """
    plain = sealer.open(HEADER_SECTION, name.encode(), sealed, name)
    try:
        header = msgspec.json.decode(plain, type=ManifestHeader)
    except msgspec.MsgspecError as error:
        raise DamagedObject(name, f"its header does not read as one ({error})") from error
    if names.backup_name(header.site, header.backup_id) != name:
        raise DamagedObject(name, "it is the manifest of another backup")
    return header


def _page_row(page: PageReference) -> _PageRow:
    return (
        page.kind.value,
        page.unit_key,
        page.first_key,
        page.last_key,
        page.entry_count,
        page.size_bytes,
        page.blob_id,
        page.root,
    )


def _page(row: _PageRow) -> PageReference:
    return PageReference(Kind(row[0]), *row[1:], checkpoint="")
