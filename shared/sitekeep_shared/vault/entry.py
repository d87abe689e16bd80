"""An entry: one record or file of a backup, and the blobs that its content is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sitekeep_shared.kinds import Kind

ENTRY_FIELDS = 5


@dataclass(frozen=True)
class Entry:
    """A record or a file as a backup lists it."""

    kind: Kind
    key: str
    """Unique within kind and unit; sorts bytewise."""
    size_bytes: int
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    sha256: str = ""
    """Hex digest of the whole file; empty for records."""
    blobs: Sequence[bytes] = ()
    """The ids of the blobs whose concatenation is the content."""


@dataclass(frozen=True)
class StoredFile:
    """What became of a file that was put or reused."""

    size_bytes: int
    sha256: str
    """Hex digest of the whole file."""
    earlier_sha256: str = ""
    """Of the bytes that an earlier backup has for the same file; empty unless they differ."""


def encode_entry(entry: Entry) -> bytes:
    """The bytes that are stored and hashed.

    A msgpack array ``[key, size, [blob id…], [name, value, …], sha256]``;
    attributes are sorted by name, ids and digest are binary.
    """
    attributes = [text for pair in sorted(entry.attributes.items()) for text in pair]
    return msgspec.msgpack.encode(
        (entry.key, entry.size_bytes, list(entry.blobs), attributes, bytes.fromhex(entry.sha256))
    )


def decode_entry(kind: Kind, encoded: bytes | msgspec.Raw) -> Entry:
    """The reverse of encode_entry.

    Raises:
        ValueError: the bytes are not an entry.
    """
    try:
        key, size, blobs, attributes, digest = msgspec.msgpack.decode(
            encoded, type=tuple[str, int, list[bytes], list[str], bytes]
        )
    except msgspec.MsgspecError as error:
        raise ValueError(f"not an entry: {error}") from error
    pairs: Any = zip(attributes[::2], attributes[1::2], strict=True)
    return Entry(kind, key, size, dict(pairs), digest.hex(), tuple(blobs))
