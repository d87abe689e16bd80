"""Loads all index objects of a vault into one BlobIndex."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from sitekeep_shared.vault import names
from sitekeep_shared.vault.blob_index import BlobIndex
from sitekeep_shared.vault.errors import DamagedObject, ObjectMissing
from sitekeep_shared.vault.index_object import IndexObject, PackReference, decode_index
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store

_ATTEMPTS = 5

_logger = logging.getLogger(__name__)


@dataclass
class LoadedIndexes:
    """What the index objects of a vault say."""

    blobs: BlobIndex = field(default_factory=BlobIndex)
    own: list[IndexObject] = field(default_factory=list[IndexObject])
    """Those of the backup that was asked for."""
    next_number: int = 0
    """The first number that no index object of that backup has."""
    damaged: list[DamagedObject] = field(default_factory=list[DamagedObject])
    """Those that cannot be read; what they list counts as absent."""


class IndexLoader:
    """Reads index objects, a few at a time."""

    def __init__(self, store: Store, sealer: Sealer, limits: Limits) -> None:
        self._store = store
        self._sealer = sealer
        self._limits = limits

    async def load(
        self, keep: Callable[[PackReference], bool], backup_id: str = ""
    ) -> LoadedIndexes:
        """Loads the rows of the packs to keep.

        An index object that vanishes meanwhile was replaced by a collection: the
        listing starts over.

        Raises:
            StoreUnavailable: the store does not answer, or objects keep vanishing.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._load_once(keep, backup_id)
            except ObjectMissing:
                if attempt == _ATTEMPTS:
                    raise
                _logger.info("An index object vanished while being loaded; listing again.")
        raise AssertionError("unreachable")

    async def _load_once(
        self, keep: Callable[[PackReference], bool], backup_id: str
    ) -> LoadedIndexes:
        loaded = LoadedIndexes()
        batch: list[str] = []
        async for item in self._store.list(names.INDEX):
            batch.append(item.key)
            if len(batch) >= self._limits.parallel_requests:
                await self._add(loaded, batch, keep, backup_id)
                batch = []
        await self._add(loaded, batch, keep, backup_id)
        return loaded

    async def _add(
        self,
        loaded: LoadedIndexes,
        keys: list[str],
        keep: Callable[[PackReference], bool],
        backup_id: str,
    ) -> None:
        contents = await asyncio.gather(*(self._store.get(key) for key in keys))
        for key, content in zip(keys, contents, strict=True):
            number = names.number_of(key, names.INDEX, backup_id)
            if number is not None:
                loaded.next_number = max(loaded.next_number, number + 1)
            index = await self._decode(loaded, key, content)
            if index is None:
                continue
            await asyncio.to_thread(loaded.blobs.add, index, keep)
            if number is not None:
                loaded.own.append(index)

    async def _decode(self, loaded: LoadedIndexes, key: str, content: bytes) -> IndexObject | None:
        try:
            return await asyncio.to_thread(decode_index, self._sealer, key, content)
        except DamagedObject as error:
            _logger.warning("%s What it lists counts as absent.", error)
            loaded.damaged.append(error)
            return None
