"""Checks the packs of a backup without a key: are they there, as long as they were, the same?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from blake3 import blake3

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import ObjectMissing
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.store import ObjectInfo, Store


@dataclass(frozen=True)
class StructureReport:
    """What a check of the structure found."""

    pack_count: int
    missing_packs: Sequence[str]
    """Names of packs that are not there."""
    resized_packs: Sequence[str]
    """Names of packs that are longer or shorter than when they were written."""
    content_bytes: int = 0
    """Size of everything that the backup holds, before compression."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing_packs and not self.resized_packs


async def check_packs(
    store: Store, packs: Sequence[PackReference], parallel: int
) -> StructureReport:
    """Looks every pack up.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    slots = asyncio.Semaphore(parallel)

    async def look_up(pack: PackReference) -> ObjectInfo | None:
        async with slots:
            return await store.head(names.pack_name(pack.pack_id))

    missing: list[str] = []
    resized: list[str] = []
    for start in range(0, len(packs), 1024):
        batch = packs[start : start + 1024]
        found = await asyncio.gather(*(look_up(pack) for pack in batch))
        for pack, info in zip(batch, found, strict=True):
            if info is None:
                missing.append(names.pack_name(pack.pack_id))
            elif info.size_bytes != pack.size_bytes:
                resized.append(info.key)
    return StructureReport(len(packs), missing, resized)


@dataclass(frozen=True)
class HashedPacks:
    """What reading packs whole found."""

    read_bytes: int
    damaged_packs: Sequence[str]
    """Names of packs that are not there, or whose bytes are not those that they are named after."""


async def hash_packs(store: Store, packs: Sequence[PackReference], parallel: int) -> HashedPacks:
    """Reads every pack, a few at a time, and compares it with its name.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    slots = asyncio.Semaphore(parallel)

    async def read(pack: PackReference) -> int | None:
        async with slots:
            return await _sound_bytes(store, pack)

    sizes = await asyncio.gather(*(read(pack) for pack in packs))
    damaged = [
        names.pack_name(pack.pack_id)
        for pack, size in zip(packs, sizes, strict=True)
        if size is None
    ]
    return HashedPacks(sum(size or 0 for size in sizes), damaged)


async def _sound_bytes(store: Store, pack: PackReference) -> int | None:
    """The size of a pack that is what it is named after; None where it is not."""
    try:
        content = await store.get(names.pack_name(pack.pack_id))
    except ObjectMissing:
        return None
    digest = await asyncio.to_thread(lambda: blake3(content).digest())
    return len(content) if digest == pack.pack_id else None
