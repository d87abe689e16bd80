"""A page: up to 1,024 entries of one kind and one unit, sorted by key; itself a blob of records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry, decode_entry, encode_entry
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.merkle import leaf_hash, tree_root

PAGE_VERSION = 1


@dataclass(frozen=True)
class PageReference:
    """Where a page is and what it covers; small enough for a database row."""

    kind: Kind
    unit_key: str
    first_key: str
    last_key: str
    entry_count: int
    """Without those that are superseded."""
    size_bytes: int
    """The content of those entries together."""
    blob_id: bytes
    root: bytes
    """Merkle root over its entries, superseded ones included."""
    checkpoint: str
    """The checkpoint of the session that made it durable."""
    superseded: frozenset[str] = frozenset()
    """The keys of those of its entries that a later unit has read anew or found gone."""

    def without(self, superseded: Mapping[str, int]) -> PageReference | None:
        """Without entries of it, given as keys and the sizes of their content.

        Keys of other pages are passed over. None where no entry is left.
        """
        own = {key for key in superseded if self.first_key <= key <= self.last_key}
        if len(own) == self.entry_count:
            return None
        gone = sum(superseded[key] for key in own)
        count, size = self.entry_count - len(own), self.size_bytes - gone
        return replace(self, entry_count=count, size_bytes=size, superseded=self.superseded | own)

    def to_json(self) -> dict[str, Any]:
        """A JSON object; the reverse of from_json."""
        return {
            "kind": self.kind.value,
            "unit_key": self.unit_key,
            "first_key": self.first_key,
            "last_key": self.last_key,
            "entry_count": self.entry_count,
            "size_bytes": self.size_bytes,
            "blob_id": self.blob_id.hex(),
            "root": self.root.hex(),
            "checkpoint": self.checkpoint,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PageReference:
        """The reverse of to_json."""
        return cls(
            kind=Kind(value["kind"]),
            unit_key=str(value["unit_key"]),
            first_key=str(value["first_key"]),
            last_key=str(value["last_key"]),
            entry_count=int(value["entry_count"]),
            size_bytes=int(value["size_bytes"]),
            blob_id=bytes.fromhex(value["blob_id"]),
            root=bytes.fromhex(value["root"]),
            checkpoint=str(value["checkpoint"]),
        )

    @property
    def order(self) -> tuple[str, str, str]:
        """The place of the page in a manifest."""
        return (self.kind.value, self.unit_key, self.first_key)


@dataclass(frozen=True)
class EncodedPage:
    """A page ready to be stored."""

    kind: Kind
    first_key: str
    last_key: str
    entry_count: int
    size_bytes: int
    root: bytes
    payload: bytes


def encode_pages(kind: Kind, entries: Sequence[Entry], limits: Limits) -> Iterator[EncodedPage]:
    """Cuts entries, which have to be sorted by key, into pages."""
    batch: list[Entry] = []
    encoded: list[bytes] = []
    encoded_bytes = 0
    for entry in entries:
        batch.append(entry)
        encoded.append(encode_entry(entry))
        encoded_bytes += len(encoded[-1])
        if len(batch) >= limits.page_entries or encoded_bytes >= limits.page_bytes:
            yield _encode_page(kind, batch, encoded)
            batch, encoded, encoded_bytes = [], [], 0
    if batch:
        yield _encode_page(kind, batch, encoded)


def _encode_page(kind: Kind, entries: Sequence[Entry], encoded: Sequence[bytes]) -> EncodedPage:
    payload = msgspec.msgpack.encode(
        (PAGE_VERSION, kind.value, [msgspec.Raw(one) for one in encoded])
    )
    return EncodedPage(
        kind=kind,
        first_key=entries[0].key,
        last_key=entries[-1].key,
        entry_count=len(entries),
        size_bytes=sum(entry.size_bytes for entry in entries),
        root=page_root(kind, encoded),
        payload=payload,
    )


def page_root(kind: Kind, encoded: Sequence[bytes]) -> bytes:
    """The Merkle root over a page's encoded entries."""
    return tree_root([leaf_hash(kind.value, one) for one in encoded])


def decode_page(reference: PageReference, payload: bytes) -> list[Entry]:
    """The entries of a page.

    Raises:
        ValueError: it is not the page that the reference means.
    """
    try:
        version, kind, raw = msgspec.msgpack.decode(
            payload, type=tuple[int, str, list[msgspec.Raw]]
        )
    except msgspec.MsgspecError as error:
        raise ValueError(f"not a page: {error}") from error
    if version != PAGE_VERSION or kind != reference.kind.value:
        raise ValueError(f"a page of version {version} and kind {kind}")
    if page_root(reference.kind, [bytes(one) for one in raw]) != reference.root:
        raise ValueError("its Merkle root differs from the manifest's")
    return [decode_entry(reference.kind, one) for one in raw]
