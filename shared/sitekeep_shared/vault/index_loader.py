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

        A collection puts what replaces index objects before it removes them, perhaps at a
        name that a listing has passed. So it is listed again until no name is new.

        Raises:
            StoreUnavailable: the store does not answer.
            ObjectMissing: the store lists an object that it does not have.
        """
        load = _Load(self._store, self._sealer, self._limits, keep, backup_id)
        missing: ObjectMissing | None = None
        for _ in range(_ATTEMPTS):
            missing = await load.all_listed()
            if missing is None:
                return load.loaded
            _logger.info("%s It was listed a moment ago; listing again.", missing)
        assert missing is not None
        raise missing


class _Load:
    """One load: what it has read, and what it need not read."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        limits: Limits,
        keep: Callable[[PackReference], bool],
        backup_id: str,
    ) -> None:
        self.loaded = LoadedIndexes()
        self._store = store
        self._sealer = sealer
        self._limits = limits
        self._keep = keep
        self._backup_id = backup_id
        self._done: set[str] = set()

    async def all_listed(self) -> ObjectMissing | None:
        """Reads until a listing has nothing new; or returns what vanished on the way."""
        missing: ObjectMissing | None = None
        while new := await self._new_names():
            # The merged ones first: they say which others need not be read.
            for group in _merged_first(new):
                for start in range(0, len(group), self._limits.parallel_requests):
                    batch = group[start : start + self._limits.parallel_requests]
                    missing = await self._read(batch) or missing
            if missing is not None:
                break
        return missing

    async def _new_names(self) -> list[str]:
        return [
            item.key async for item in self._store.list(names.INDEX) if item.key not in self._done
        ]

    async def _read(self, keys: list[str]) -> ObjectMissing | None:
        wanted = [key for key in keys if key not in self._done]
        results = await asyncio.gather(*map(self._store.get, wanted), return_exceptions=True)
        missing: ObjectMissing | None = None
        for key, result in zip(wanted, results, strict=True):
            if isinstance(result, ObjectMissing):
                missing = result
            elif isinstance(result, BaseException):
                raise result
            else:
                await self._add(key, result)
        return missing

    async def _add(self, key: str, content: bytes) -> None:
        self._done.add(key)
        number = names.number_of(key, names.INDEX, self._backup_id)
        if number is not None:
            self.loaded.next_number = max(self.loaded.next_number, number + 1)
        index = await self._decode(key, content)
        if index is None:
            return
        self._done.update(index.supersedes)
        await asyncio.to_thread(self.loaded.blobs.add, index, self._keep)
        if number is not None:
            self.loaded.own.append(index)

    async def _decode(self, key: str, content: bytes) -> IndexObject | None:
        try:
            return await asyncio.to_thread(decode_index, self._sealer, key, content)
        except DamagedObject as error:
            _logger.warning("%s What it lists counts as absent.", error)
            self.loaded.damaged.append(error)
            return None


def _merged_first(keys: list[str]) -> tuple[list[str], list[str]]:
    merged = [key for key in keys if names.owner_of(key) == names.MERGED]
    return merged, [key for key in keys if names.owner_of(key) != names.MERGED]
