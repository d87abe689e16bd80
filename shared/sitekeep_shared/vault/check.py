"""Checks the structure of a backup: are all packs there, and as long as they have to be?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sitekeep_shared.vault import names
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
