"""A known file: one that the vault holds, found by what the site says of it without its bytes."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from blake3 import blake3

from sitekeep_shared.kinds import Kind

NOTE_MAX_BYTES = 255
_CONTEXT = b"sitekeep/1/file\x00"


@dataclass(frozen=True)
class FileIdentity:
    """What tells one version of a site's file from all others; the site never changes its bytes."""

    id: str
    version: str
    """Empty where the site's files have none."""
    size_bytes: int


@dataclass(frozen=True)
class KnownFile:
    """A file as a ``files/`` object lists it. Neither its name nor its content is in it."""

    file_key: bytes
    fetched: datetime.datetime
    """When the site was asked for its bytes; a backup that references it leaves this as it is."""
    size_bytes: int
    sha256: str
    """Hex digest of the whole file."""
    blobs: Sequence[bytes]
    note: bytes = b""
    """What else the site told along with the bytes; at most 255 bytes."""


def check_note(note: bytes) -> bytes:
    """Returns a note that fits.

    Raises:
        ValueError: it is too long.
    """
    if len(note) > NOTE_MAX_BYTES:
        raise ValueError(f"a note has {len(note)} bytes; it may have {NOTE_MAX_BYTES}")
    return note


@dataclass(frozen=True)
class FileOrigin:
    """Whose files they are. Ids of files mean nothing beyond it."""

    site: str
    """The site's name in the vault."""
    address: str
    """Where it was read: under another address it may be another site."""


def file_key(blob_id_key: bytes, origin: FileOrigin, kind: Kind, identity: FileIdentity) -> bytes:
    """32 bytes that only holders of K_id can make of an identity."""
    of_file = (kind.value, identity.id, identity.version, identity.size_bytes)
    fields = msgspec.msgpack.encode((origin.site, origin.address, *of_file))
    return blake3(_CONTEXT + fields, key=blob_id_key).digest()
