"""Keeps index objects few, and free of what is gone.

Only those of backups that no session goes on with are touched: who resumes needs its own
checkpoints as they are. A merged object is put before those that it was made from are removed,
so that whoever lists until nothing is new misses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import DamagedObject, ObjectMissing
from sitekeep_shared.vault.index_object import (
    INDEX_ROW,
    IndexObject,
    PackReference,
    decode_index,
    encode_index,
)
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.merging import MergeSource, groups, merge, source_of
from sitekeep_shared.vault.removal import Removal
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import ObjectInfo, Store
from sitekeep_shared.vault.survey import Survey

_logger = logging.getLogger(__name__)


class Compaction:
    """Merges the index objects of one survey."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        limits: Limits,
        survey: Survey,
        removed: frozenset[bytes],
        dead: frozenset[str],
    ) -> None:
        """``removed`` are packs that go now, ``dead`` backups whose index objects have to go."""
        self._store = store
        self._sealer = sealer
        self._limits = limits
        self._survey = survey
        self._removed = removed
        self._dead = dead
        self._live = survey.live_packs
        self._last_merged = ""

    async def run(self, removal: Removal) -> int:
        """Merges what is to be merged; returns how many index objects that replaced.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        finished = self._survey.finished | self._dead | {names.MERGED}
        eligible = [i for i in self._survey.index if names.owner_of(i.key) in finished]
        if not self._forced(eligible) and not self._removed:
            return 0
        replaced = await self._superseded(eligible)
        await removal.remove([item.key for item in eligible if item.key in replaced])
        rest = [item for item in eligible if item.key not in replaced]
        return await self._merge(rest, self._forced(rest), removal)

    def _forced(self, eligible: Sequence[ObjectInfo]) -> set[str]:
        """What is to be merged whatever it holds: of dead backups, and small ones if many."""
        small = [item.key for item in eligible if self._is_small(item)]
        many = small if len(small) > self._limits.index_objects else []
        return {*many, *(i.key for i in eligible if names.owner_of(i.key) in self._dead)}

    def _is_small(self, item: ObjectInfo) -> bool:
        return item.size_bytes < self._limits.merged_rows * INDEX_ROW.itemsize // 2

    async def _superseded(self, eligible: Sequence[ObjectInfo]) -> set[str]:
        """What earlier collections merged already, and could not remove."""
        superseded: set[str] = set()
        for item in eligible:
            if names.owner_of(item.key) == names.MERGED:
                self._last_merged = max(self._last_merged, names.time_id_of(item.key))
                with contextlib.suppress(ObjectMissing, DamagedObject):
                    superseded.update((await self._read(item.key)).supersedes)
        return superseded

    async def _read(self, name: str) -> IndexObject:
        data = await self._store.get(name)
        return await asyncio.to_thread(decode_index, self._sealer, name, data)

    async def _merge(
        self, eligible: Sequence[ObjectInfo], forced: set[str], removal: Removal
    ) -> int:
        waiting: list[MergeSource] = []
        replaced = 0
        for item in eligible:
            if not self._removed and item.key not in forced:
                continue
            source = await self._source(item.key, removal)
            if source is None or not (item.key in forced or self._is_worth_it(source)):
                continue
            waiting.append(source)
            full, *rest = groups(waiting, self._limits.merged_rows)
            if rest:
                replaced += await self._replace(full, removal)
                waiting = rest[0]
        return replaced + await self._replace(waiting, removal)

    def _is_worth_it(self, source: MergeSource) -> bool:
        return source.dead_share > self._limits.dead_rows_share

    async def _source(self, name: str, removal: Removal) -> MergeSource | None:
        try:
            index = await self._read(name)
        except ObjectMissing:
            return None
        except DamagedObject as error:
            await self._pass_over(name, error, removal)
            return None
        return await asyncio.to_thread(source_of, name, index, self._is_kept)

    async def _pass_over(self, name: str, error: DamagedObject, removal: Removal) -> None:
        """What it listed counts as absent; it goes with its backup, else it is kept as evidence."""
        _logger.warning("%s", error)
        if names.owner_of(name) in self._dead:
            await removal.remove([name])

    def _is_kept(self, pack: PackReference) -> bool:
        """A pack that backups need and that is lost keeps its rows: somebody may bring it back."""
        if pack.pack_id in self._live:
            return True
        return pack.pack_id in self._survey.packs and pack.pack_id not in self._removed

    async def _replace(self, sources: Sequence[MergeSource], removal: Removal) -> int:
        if not sources or self._changes_nothing(sources):
            return 0
        if any(len(source.rows) for source in sources):
            await self._put(sources)
        await removal.remove([source.name for source in sources])
        return len(sources)

    def _changes_nothing(self, sources: Sequence[MergeSource]) -> bool:
        alone = sources[0]
        is_merged = names.owner_of(alone.name) == names.MERGED
        return len(sources) == 1 and is_merged and not alone.dead_rows

    async def _put(self, sources: Sequence[MergeSource]) -> None:
        index = await asyncio.to_thread(merge, sources)
        time_id = names.new_time_id(self._survey.now, self._last_merged)
        self._last_merged = time_id
        name = names.merged_name(time_id)
        data = await asyncio.to_thread(encode_index, self._sealer, name, index)
        await self._store.put_new(name, [data])
