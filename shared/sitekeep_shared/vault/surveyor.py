"""Looks at everything that a collection has to know.

The order of the looks is part of the protocol (FORMAT.md section 10): leases, then index objects,
then manifests. A backup that the first look finds without a valid lease has put all its index
objects; one that the last finds without a manifest counts as unfinished.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sitekeep_shared.vault import names
from sitekeep_shared.vault.condemned import Condemnation, decode_condemned
from sitekeep_shared.vault.errors import BackupAbandoned, DamagedObject, ObjectMissing
from sitekeep_shared.vault.index_object import PackReference, decode_index
from sitekeep_shared.vault.lease import LEASE
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.manifest_store import read_header_and_packs
from sitekeep_shared.vault.markers import ABANDONED
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import ObjectInfo, Store
from sitekeep_shared.vault.survey import (
    Generation,
    HeldLease,
    Survey,
    Unfinished,
    backup_id_of,
    dead_backups,
)

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class _Manifests:
    live: dict[str, Sequence[PackReference]]
    expired: dict[str, Sequence[PackReference]]
    abandoned: dict[str, datetime.datetime]


class Surveyor:
    """Reads a vault's state from its store; changes nothing."""

    def __init__(self, store: Store, sealer: Sealer, limits: Limits) -> None:
        self._store = store
        self._sealer = sealer
        self._limits = limits

    async def survey(self, now: datetime.datetime) -> Survey:
        """The state of the vault; ``now`` is the store's time, taken before.

        Raises:
            DamagedObject: a manifest or a verdict cannot be read: what is needed is not known.
            StoreUnavailable: the store does not answer.
        """
        leases = await self._leases()
        index = await self._list(names.INDEX)
        listed = {item.key: item for item in await self._list(names.CONDEMNED)}
        generations = await self._generations(listed)
        packs = await self._packs()
        markers = {
            item.key.removeprefix(names.EXPIRED): item.last_modified
            for item in await self._list(names.EXPIRED)
        }
        manifests = await self._manifests(markers)
        finished = dead_backups(generations, manifests.abandoned) | {
            backup_id_of(name) for name in (*manifests.live, *manifests.expired)
        }
        known = {generation.identifier for generation in generations}
        return Survey(
            now=now,
            leases=leases,
            index=index,
            generations=generations,
            leftovers=[name for name in listed if names.owner_of(name) not in known],
            packs=packs,
            markers=markers,
            live=manifests.live,
            expired=manifests.expired,
            abandoned=manifests.abandoned,
            unfinished=await self._unfinished(index, finished),
        )

    async def _list(self, prefix: str) -> list[ObjectInfo]:
        return [item async for item in self._store.list(prefix)]

    async def _leases(self) -> list[HeldLease]:
        """Until none is new: a renewal puts the next one, then removes the one before."""
        seen: set[str] = set()
        leases: list[HeldLease] = []
        while new := [item for item in await self._list(names.LEASES) if item.key not in seen]:
            seen.update(item.key for item in new)
            leases += await self._each(new, self._lease)
        return leases

    async def _lease(self, info: ObjectInfo) -> HeldLease:
        data = await self._store.get(info.key)
        try:
            return HeldLease(info, LEASE.decode(self._sealer, info.key, data))
        except DamagedObject:
            return HeldLease(info, None)

    async def _generations(self, listed: Mapping[str, ObjectInfo]) -> list[Generation]:
        lists = [item for key, item in listed.items() if key.endswith(names.CONDEMNED_SUFFIX)]

        async def generation(info: ObjectInfo) -> Generation:
            identifier = names.owner_of(info.key)
            try:
                condemned = await self._condemned(info.key)
            except DamagedObject:
                condemned = None
            waiting = listed.get(names.waiting_name(identifier))
            since = waiting.last_modified if waiting is not None else None
            name = names.verdict_name(identifier)
            verdict = await self._verdict(name) if name in listed else None
            return Generation(identifier, condemned, since, verdict)

        return await self._each(lists, generation)

    async def _verdict(self, name: str) -> Condemnation:
        try:
            return await self._condemned(name)
        except DamagedObject as error:
            way_out = "remove it when no other collection runs, and a new one decides again"
            raise DamagedObject(name, f"{error.problem}; {way_out}") from error

    async def _condemned(self, name: str) -> Condemnation:
        return decode_condemned(self._sealer, name, await self._store.get(name))

    async def _packs(self) -> dict[bytes, ObjectInfo]:
        listed = {names.pack_id_of(item.key): item for item in await self._list(names.PACKS)}
        return {pack_id: item for pack_id, item in listed.items() if pack_id is not None}

    async def _manifests(self, markers: Mapping[str, object]) -> _Manifests:
        found = _Manifests({}, {}, {})

        async def look(info: ObjectInfo) -> None:
            try:
                if backup_id_of(info.key) in markers:
                    found.expired[info.key] = await self._needed_by_expired(info.key)
                else:
                    found.live[info.key] = await self._needed(info.key)
            except BackupAbandoned:
                await self._require_mark(info.key)
                found.abandoned[info.key] = info.last_modified

        await self._each(await self._list(names.BACKUPS), look)
        return found

    async def _require_mark(self, name: str) -> None:
        """It is believed only if it was sealed by somebody who has the keys."""
        try:
            ABANDONED.decode(self._sealer, name, await self._store.get(name))
        except DamagedObject as error:
            way_out = "if that backup never ended, remove the object; else put it back from a copy"
            raise DamagedObject(name, f"{error.problem}; {way_out}") from error

    async def _needed(self, name: str) -> Sequence[PackReference]:
        _, uses = await read_header_and_packs(self._store, self._sealer, name)
        return [use.pack for use in uses]

    async def _needed_by_expired(self, name: str) -> Sequence[PackReference]:
        """What cannot be read of an expired backup stops nobody: it only has to go."""
        try:
            return await self._needed(name)
        except DamagedObject:
            return ()

    async def _unfinished(
        self, index: Sequence[ObjectInfo], finished: frozenset[str]
    ) -> dict[str, Unfinished]:
        unfinished: dict[str, Unfinished] = {}

        async def look(info: ObjectInfo) -> None:
            data = await self._store.get(info.key)
            known = unfinished.setdefault(names.owner_of(info.key), Unfinished(info.last_modified))
            known.newest = max(known.newest, info.last_modified)
            try:
                content = await asyncio.to_thread(decode_index, self._sealer, info.key, data)
            except DamagedObject as error:
                known.damaged = error
                return
            known.site = content.site
            known.packs.update(pack.pack_id for pack in (*content.packs, *content.referenced))

        others = {*finished, names.MERGED}
        await self._each([item for item in index if names.owner_of(item.key) not in others], look)
        return unfinished

    async def _each(
        self, items: Sequence[ObjectInfo], look: Callable[[ObjectInfo], Awaitable[Seen]]
    ) -> list[Seen]:
        """Looks at several objects at once; one that vanished meanwhile is passed over."""
        seen: list[Seen] = []
        for start in range(0, len(items), self._limits.parallel_requests):
            batch = items[start : start + self._limits.parallel_requests]
            results = await asyncio.gather(*map(look, batch), return_exceptions=True)
            for result in results:
                if isinstance(result, ObjectMissing):
                    continue
                if isinstance(result, BaseException):
                    raise result
                seen.append(result)
        return seen
