"""A store in memory, a store that fails on request, and small vaults for tests."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sitekeep_shared.clock import Clock, ManualClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import StoredFile
from sitekeep_shared.vault.errors import ObjectMissing, StoreUnavailable
from sitekeep_shared.vault.keys import VaultKeys
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.manifest import COMPLETE, CommittedBackup, ManifestFacts
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.session import BackupSession, UnitWriter
from sitekeep_shared.vault.store import ObjectInfo, Store
from sitekeep_shared.vault.vault import Vault

START = datetime.datetime(2026, 1, 5, 8, 0, tzinfo=datetime.UTC)
SITE = "site-1"
KEYS = VaultKeys.derive(bytes(range(32)), bytes(range(32, 64)))

SMALL = Limits(
    frame_bytes=2048,
    own_frame_bytes=1024,
    pack_target_bytes=8 * 1024,
    single_blob_bytes=4096,
    chunk_min_bytes=256,
    chunk_average_bytes=1024,
    chunk_max_bytes=4096,
    page_entries=7,
    page_bytes=2048,
    hash_inline_bytes=512,
    queued_frame_bytes=4096,
    checkpoint_linger_seconds=0.01,
    checkpoint_hurry_bytes=16 * 1024,
    checkpoint_bytes=64 * 1024,
    frame_cache_bytes=4096,
    pack_cache_count=2,
    page_cache_count=2,
)
"""Small data crosses every boundary."""


class MemoryStore:
    """Objects in a dictionary."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self.put_order: list[str] = []
        self.modified: dict[str, datetime.datetime] = {}
        self.clock: Clock = clock or ManualClock(START)

    async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        if key in self.objects:
            return False
        self.objects[key] = b"".join(parts)
        self.modified[key] = self.clock.now()
        self.put_order.append(key)
        return True

    async def get(self, key: str) -> bytes:
        if key not in self.objects:
            raise ObjectMissing(key)
        return self.objects[key]

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        return (await self.get(key))[start : start + length]

    async def head(self, key: str) -> ObjectInfo | None:
        return self._info(key) if key in self.objects else None

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        for key in sorted(self.objects):
            if key.startswith(prefix):
                yield self._info(key)

    async def delete(self, key: str) -> None:
        self.objects.pop(key, None)

    def keys(self, prefix: str = "") -> Sequence[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))

    def size_bytes(self, prefix: str = "") -> int:
        return sum(len(self.objects[key]) for key in self.keys(prefix))

    def _info(self, key: str) -> ObjectInfo:
        modified = self.modified.get(key, START)
        return ObjectInfo(key, len(self.objects[key]), modified)


class FaultStore(MemoryStore):
    """Counts changes; from the given one on, the store is gone (a crash, seen from outside).

    ``lost_answers`` are changes that take effect although they are reported as failed.
    """

    def __init__(self, objects: dict[str, bytes] | None = None) -> None:
        super().__init__()
        self.objects = objects if objects is not None else {}
        self.fails_from: int | None = None
        self.lost_answer: Callable[[str], bool] = lambda _: False
        self.changes = 0
        self.faults_fired = 0

    async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        self._change()
        if self.lost_answer(key):
            self.lost_answer = lambda _: False
            await super().put_new(key, parts)
            self.faults_fired += 1
            raise StoreUnavailable("the answer was lost")
        return await super().put_new(key, parts)

    async def delete(self, key: str) -> None:
        self._change()
        await super().delete(key)

    def _change(self) -> None:
        self.changes += 1
        if self.fails_from is not None and self.changes >= self.fails_from:
            self.faults_fired += 1
            raise StoreUnavailable("the store is gone")


@dataclass
class Content:
    """What a backup is to hold."""

    records: dict[tuple[Kind, str], bytes] = field(default_factory=dict[tuple[Kind, str], bytes])
    files: dict[tuple[Kind, str], bytes] = field(default_factory=dict[tuple[Kind, str], bytes])


async def pieces(data: bytes, size: int = 700) -> AsyncIterator[bytes]:
    """A file as it comes over the network."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def open_vault(
    store: Store,
    *,
    keys: VaultKeys = KEYS,
    clock: ManualClock | None = None,
    limits: Limits = SMALL,
    create: bool = True,
) -> Vault:
    """A vault in a store that has the same time."""
    if clock is not None and isinstance(store, MemoryStore):
        store.clock = clock
    return await Vault.open(store, keys, clock or ManualClock(START), create=create, limits=limits)


def facts(*, details: bytes = b"{}") -> ManifestFacts:
    """What a coordinator would say."""
    hour = datetime.timedelta(hours=1)
    return ManifestFacts(
        started=START,
        finished=START + hour,
        expire_time=START + 14 * 24 * hour,
        state=COMPLETE,
        counts={Kind.ISSUE: 3},
        details=details,
        tool_version="1.2.3",
    )


async def write_unit(writer: UnitWriter, content: Content) -> list[PageReference]:
    """Everything of a content in one unit."""
    for (kind, key), payload in content.records.items():
        await writer.put_record(kind, key, payload, attributes={"key": key})
    for (kind, key), data in content.files.items():
        stored: StoredFile = await writer.put_file(kind, key, pieces(data))
        assert stored.size_bytes == len(data)
    return list(await writer.finish())


async def write_units(session: BackupSession, units: dict[str, Content]) -> list[PageReference]:
    """Several units, one after the other."""
    pages: list[PageReference] = []
    for key, content in units.items():
        pages.extend(await write_unit(session.unit(key), content))
    return pages


async def make_backup(
    vault: Vault, backup_id: str, units: dict[str, Content], *, details: bytes = b"{}"
) -> CommittedBackup:
    """A whole backup."""
    session = await vault.begin_backup(backup_id, site=SITE, fence=1)
    try:
        return await session.commit(await write_units(session, units), facts(details=details))
    finally:
        await session.close()


async def read_all(vault: Vault, backup_id: str) -> Content:
    """Everything that a backup holds, read back."""
    reader = await vault.open_backup(SITE, backup_id)
    content = Content()
    try:
        for kind in Kind:
            async for entry in reader.entries(kind):
                target = content.files if entry.sha256 else content.records
                target[(kind, entry.key)] = await reader.read(entry)
    finally:
        await reader.close()
    return content


def merged(contents: Iterable[Content]) -> Content:
    """Several contents in one."""
    result = Content()
    for content in contents:
        result.records |= content.records
        result.files |= content.files
    return result


def issues(first: int, count: int, *, text: str = "text") -> Content:
    """Issues that look alike, as issues do."""
    return Content(
        records={
            (Kind.ISSUE, f"0000010000/{number:010d}"): (
                f'{{"id":"{number}","fields":{{"summary":"{text} {number}",'
                f'"description":"{f"lorem ipsum {number} " * 12}"}}}}'
            ).encode()
            for number in range(first, first + count)
        }
    )
