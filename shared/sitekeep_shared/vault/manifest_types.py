"""What a manifest says about a backup."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.index_object import PackReference

COMPLETE = "COMPLETE"
INCOMPLETE = "INCOMPLETE"


@dataclass(frozen=True)
class ManifestFacts:
    """What the coordinator of a backup says about it when it commits."""

    started: datetime.datetime
    finished: datetime.datetime
    expire_time: datetime.datetime
    state: str
    """COMPLETE or INCOMPLETE."""
    counts: Mapping[Kind, int] = field(default_factory=dict[Kind, int])
    """Entities stored per kind, those embedded in others included."""
    details: bytes = b"{}"
    """Opaque JSON for those who can read: ledger, findings."""
    tool_version: str = ""


@dataclass(frozen=True)
class StoredTotal:
    """Entries of a kind and the size of their content."""

    entries: int = 0
    size_bytes: int = 0


@dataclass(frozen=True)
class PackUse:
    """A pack that a backup needs, and how much of it."""

    pack: PackReference
    used_bytes: int
    """Raw bytes of those of its blobs that the backup uses; all of them where it is not known."""


@dataclass(frozen=True)
class ManifestHeader:
    """The part of a manifest that the writer part of the keys can read."""

    site: str
    backup_id: str
    fence: int
    """Of the operation lock under which it was committed."""
    started: datetime.datetime
    finished: datetime.datetime
    expire_time: datetime.datetime
    state: str
    counts: Mapping[Kind, int]
    stored: Mapping[Kind, StoredTotal]
    tool_version: str
    merkle_root: str
    """Hex, over all pages in order."""
    lease: str
    """Key of the lease that was valid when it was committed."""
    write_id: str
    """Random, of the process that committed it."""
    page_count: int
    pack_count: int
    content_bytes: int
    """Size of everything it holds, before compression and deduplication."""
    referenced_bytes: int
    """Size of the packs it needs; other backups may need them too."""
    new_bytes: int
    """Size of those packs that its own session wrote."""
    packs_hash: str
    """BLAKE3 of the manifest's sealed list of packs."""
    body_hash: str
    """BLAKE3 of the manifest's sealed body."""
    key_id: str
    """Of the newest key set that its content is sealed to; parts may be sealed to older ones."""


@dataclass(frozen=True)
class CommittedBackup:
    """A backup that is there from now on."""

    manifest_key: str
    merkle_root: str
    header: ManifestHeader
