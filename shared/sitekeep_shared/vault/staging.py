"""Staging: deduplicates blobs, hands new ones to the pack pipelines, writes checkpoints."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy
from blake3 import blake3

from sitekeep_shared.vault import names
from sitekeep_shared.vault.index_loader import LoadedIndexes
from sitekeep_shared.vault.index_object import (
    INDEX_ROW,
    IndexObject,
    PackReference,
    encode_index,
    sort_rows,
)
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.manifest_types import PackUse
from sitekeep_shared.vault.own_object import put_own
from sitekeep_shared.vault.pack import PackKind, Rows
from sitekeep_shared.vault.pack_pipeline import DurablePack, PackPipeline
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store


@dataclass
class StagingStatistics:
    """What a session did since it began, in blobs and raw bytes."""

    new_blobs: int = 0
    new_bytes: int = 0
    known_blobs: int = 0
    known_bytes: int = 0


class Staging:
    """The blobs of one session."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        limits: Limits,
        backup_id: str,
        loaded: LoadedIndexes,
        is_usable: Callable[[PackReference], bool],
        *,
        site: str,
    ) -> None:
        self._store = store
        self._site = site
        self._sealer = sealer
        self._limits = limits
        self._backup_id = backup_id
        self._blobs = loaded.blobs
        self._next_number = loaded.next_number
        self._staged: set[bytes] = set()
        self._used: set[int] = set()
        self._own: dict[bytes, int] = {}
        self._referenced: dict[bytes, int] = {}
        self._whole: set[bytes] = set()
        self._last_checkpoint = ""
        self._checkpoints: set[str] = set()
        slots = asyncio.Semaphore(limits.parallel_puts)
        self._pipelines = {
            kind: PackPipeline(kind, store, sealer, limits, slots) for kind in PackKind
        }
        self.statistics = StagingStatistics()
        self.bytes_since_checkpoint = 0
        for index in loaded.own:
            self._adopt(index, is_usable)
        self._whole |= self._referenced.keys()

    @property
    def own_packs(self) -> list[PackReference]:
        """The packs that the checkpoints of this backup brought, of all its sessions."""
        return _references(self._own)

    @property
    def needed_packs(self) -> list[PackReference]:
        """Every pack that something of this backup may lie in."""
        return _references(self._own | self._referenced)

    @property
    def staged_count(self) -> int:
        """Blobs that are not durable yet."""
        return len(self._staged)

    def has_checkpoint(self, checkpoint: str) -> bool:
        """Whether what was durable by that checkpoint still is."""
        return checkpoint in self._checkpoints

    def is_durable(self, blob_id: bytes) -> bool:
        """Whether a blob is listed by an index object."""
        return self._blobs.pack_number(blob_id) >= 0

    def reference(self, blob_id: bytes) -> bool:
        """Notes the use of a blob; False when it is unknown and has to be added."""
        if blob_id in self._staged:
            return True
        number = self._blobs.use(blob_id)
        if number < 0:
            return False
        self._used.add(number)
        return True

    def reference_all(self, blob_ids: Sequence[bytes]) -> bool:
        """Notes the use of durable blobs, wherever they lie; False when one is unknown."""
        numbers = self._blobs.use_from_anywhere(blob_ids)
        if numbers is None:
            return False
        self._used |= numbers
        return True

    def pack_uses(self) -> list[PackUse]:
        """Every pack that something of this backup may lie in, and how much of it may be used.

        A pack that a checkpoint of an earlier session brought or began to need counts in full.
        """
        total, used = self._blobs.total_bytes(), self._blobs.used_bytes()
        return [
            PackUse(pack, (total if pack.pack_id in self._whole else used).get(pack.pack_id, 0))
            for pack in self.needed_packs
        ]

    async def put(self, kind: PackKind, payload: bytes) -> bytes:
        """Stages one blob unless it is known; returns its id."""
        if len(payload) <= self._limits.hash_inline_bytes:
            blob_id = self.blob_id(payload)
        else:
            blob_id = await asyncio.to_thread(self.blob_id, payload)
        await self.add(kind, blob_id, payload)
        return blob_id

    async def add(self, kind: PackKind, blob_id: bytes, payload: bytes) -> None:
        """Stages one blob, whose id the caller has made, unless it is known."""
        size = len(payload)
        if self.reference(blob_id):
            self.statistics.known_blobs += 1
            self.statistics.known_bytes += size
            return
        pipeline = self._pipelines[kind]
        self._staged.add(blob_id)
        pipeline.add(blob_id, payload)
        self.statistics.new_blobs += 1
        self.statistics.new_bytes += size
        self.bytes_since_checkpoint += size
        if pipeline.is_full:
            await pipeline.room()

    async def checkpoint(self) -> str:
        """Makes everything staged so far durable and findable.

        Raises:
            LeaseLost: another session of the same backup writes checkpoints.
            StoreUnavailable: the store does not take it.
        """
        self.bytes_since_checkpoint = 0
        used, self._used = self._used, set()
        await self._flush()
        packs = [pack for line in self._pipelines.values() for pack in line.take_durable()]
        referenced = self._newly_referenced(used)
        if packs or referenced or not self._last_checkpoint:
            await self._write(packs, referenced)
        return self._last_checkpoint

    async def close(self) -> None:
        """Drops what is not durable."""
        for pipeline in self._pipelines.values():
            await pipeline.close()

    def blob_id(self, payload: bytes) -> bytes:
        """The name of a blob; costs time in proportion to its size."""
        return blake3(payload, key=self._sealer.blob_id_key).digest()

    async def _flush(self) -> None:
        """Both kinds are waited for, also when one fails, so that nothing is left behind."""
        results = await asyncio.gather(
            *(pipeline.flush() for pipeline in self._pipelines.values()), return_exceptions=True
        )
        for result in results:
            if result is not None:
                raise result

    def _newly_referenced(self, used: set[int]) -> list[PackReference]:
        packs = [self._blobs.pack(number) for number in sorted(used)]
        return [
            pack
            for pack in packs
            if pack.pack_id not in self._own and pack.pack_id not in self._referenced
        ]

    async def _write(self, packs: list[DurablePack], referenced: list[PackReference]) -> None:
        index = await asyncio.to_thread(_build_index, packs, referenced, self._site)
        name = names.index_name(self._backup_id, self._next_number)
        data = await asyncio.to_thread(encode_index, self._sealer, name, index)
        await put_own(self._store, name, data)
        self._next_number += 1
        await asyncio.to_thread(self._blobs.add, index, _keep_all)
        self._staged.difference_update(_ids(index.rows))
        self._adopt(index, _keep_all)

    def _adopt(self, index: IndexObject, is_usable: Callable[[PackReference], bool]) -> None:
        """Counts on a checkpoint, unless a part of it is gone or condemned."""
        if not all(is_usable(pack) for pack in (*index.packs, *index.referenced)):
            return
        self._own |= {pack.pack_id: pack.size_bytes for pack in index.packs}
        self._whole |= self._own.keys()
        self._referenced |= {pack.pack_id: pack.size_bytes for pack in index.referenced}
        self._last_checkpoint = index.checkpoint_id.hex()
        self._checkpoints.add(self._last_checkpoint)


def _build_index(
    packs: list[DurablePack], referenced: list[PackReference], site: str
) -> IndexObject:
    rows = numpy.empty(sum(len(pack.blobs) for pack in packs), INDEX_ROW)
    start = 0
    for number, pack in enumerate(packs):
        part = rows[start : start + len(pack.blobs)]
        part["pack"] = number
        for field in ("id", "frame", "offset", "length"):
            part[field] = pack.blobs[field]
        start += len(pack.blobs)
    references = [pack.reference for pack in packs]
    return IndexObject(os.urandom(16), references, referenced, sort_rows(rows), site)


def _ids(rows: Rows) -> Iterable[bytes]:
    data = rows["id"].tobytes()
    return (data[start : start + 32] for start in range(0, len(data), 32))


def _references(packs: dict[bytes, int]) -> list[PackReference]:
    return [PackReference(pack_id, size) for pack_id, size in packs.items()]


def _keep_all(pack: PackReference) -> bool:
    """A pack that has just been put is there."""
    return pack.size_bytes > 0
