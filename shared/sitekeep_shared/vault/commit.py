"""Commits a backup: checks that everything it needs is there, then writes its manifest."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault import names
from sitekeep_shared.vault.check import check_packs
from sitekeep_shared.vault.errors import (
    BackupAbandoned,
    CommitConflict,
    DamagedObject,
    LeaseLost,
    ObjectMissing,
    StagedDataLost,
    StoreUnavailable,
)
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.lease import Lease
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.manifest import (
    ManifestBody,
    encode_body,
    encode_manifest,
    encode_packs_section,
    section_hash,
)
from sitekeep_shared.vault.manifest_store import read_manifest
from sitekeep_shared.vault.manifest_types import (
    CommittedBackup,
    ManifestFacts,
    ManifestHeader,
    StoredTotal,
)
from sitekeep_shared.vault.merkle import tree_root
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.staging import Staging
from sitekeep_shared.vault.store import Store


class Committer:
    """Knows under which names a session commits."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        limits: Limits,
        *,
        site: str,
        backup_id: str,
        fence: int,
        write_id: str,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._limits = limits
        self.site = site
        self._fence = fence
        self._name = names.backup_name(site, backup_id)
        self.backup_id = backup_id
        self.write_id = write_id

    async def refuse_abandoned(self) -> None:
        """Makes sure that the backup may still be committed one day.

        Raises:
            LeaseLost: a collection gave it up, as it had not gone on for long.
        """
        with contextlib.suppress(DamagedObject):
            await self._read_back()

    async def commit(
        self,
        staging: Staging,
        lease: Lease,
        pages: AsyncIterable[PageReference] | Iterable[PageReference],
        facts: ManifestFacts,
        permit: AbstractAsyncContextManager[object],
    ) -> CommittedBackup:
        """See BackupSession.commit."""
        ordered = await self._collect(staging, pages)
        uses = await asyncio.to_thread(staging.pack_uses)
        await self._check_packs([use.pack for use in uses])
        body = ManifestBody(facts.details, ordered)
        sealed_body = await asyncio.to_thread(encode_body, self._sealer, self._name, body)
        sealed_packs = encode_packs_section(self._sealer, self._name, uses)
        header = self._header(staging, lease, ordered, facts, sealed_packs, sealed_body)
        data = encode_manifest(self._sealer, self._name, header, sealed_packs, sealed_body)
        await lease.check()
        async with permit:
            committed = await self._put(data)
        return CommittedBackup(self._name, committed.merkle_root, committed)

    async def _collect(
        self, staging: Staging, pages: AsyncIterable[PageReference] | Iterable[PageReference]
    ) -> list[PageReference]:
        """The pages in the manifest's order, each one durable."""
        collected: list[PageReference] = []
        async for page in _each(pages):
            if not staging.has_checkpoint(page.checkpoint) or not staging.is_durable(page.blob_id):
                raise StagedDataLost(
                    f"What unit {page.unit_key} of backup {self.backup_id} staged is no longer "
                    "in the vault; the unit has to run again."
                )
            collected.append(page)
        collected.sort(key=lambda page: page.order)
        return collected

    async def _check_packs(self, packs: list[PackReference]) -> None:
        report = await check_packs(self._store, packs, self._limits.parallel_requests)
        for name in report.missing_packs:
            raise DamagedObject(name, "it is missing")
        for name in report.resized_packs:
            raise DamagedObject(name, "it has another size than when it was written")

    def _header(
        self,
        staging: Staging,
        lease: Lease,
        pages: list[PageReference],
        facts: ManifestFacts,
        sealed_packs: bytes,
        sealed_body: bytes,
    ) -> ManifestHeader:
        return ManifestHeader(
            site=self.site,
            backup_id=self.backup_id,
            fence=self._fence,
            started=facts.started,
            finished=facts.finished,
            expire_time=facts.expire_time,
            state=facts.state,
            counts=dict(facts.counts),
            stored=_totals(pages),
            tool_version=facts.tool_version,
            merkle_root=tree_root([page.root for page in pages]).hex(),
            lease=lease.name,
            write_id=self.write_id,
            page_count=len(pages),
            pack_count=len(staging.needed_packs),
            content_bytes=sum(page.size_bytes for page in pages),
            referenced_bytes=sum(pack.size_bytes for pack in staging.needed_packs),
            new_bytes=sum(pack.size_bytes for pack in staging.own_packs),
            packs_hash=section_hash(sealed_packs),
            body_hash=section_hash(sealed_body),
            key_id=self._sealer.key_id,
        )

    async def _put(self, data: bytes) -> ManifestHeader:
        """A commit counts once the manifest reads back as what this session wrote.

        A lost answer makes a commit that arrived look like a failure; a store that took it
        may have kept something else.
        """
        try:
            await _to_its_end(self._store.put_new(self._name, [data]))
        except StoreUnavailable:
            committed = await self._read_back()
            if committed is None:
                raise
        else:
            committed = await self._read_back()
        if committed is None:
            raise DamagedObject(self._name, "it is missing although the store took it")
        if committed.write_id != self.write_id:
            raise CommitConflict(f"Backup {self.backup_id} was committed by another write.")
        return committed

    async def _read_back(self) -> ManifestHeader | None:
        """The header of the manifest that is there, all of it proven; None where there is none."""
        try:
            return (await read_manifest(self._store, self._sealer, self._name)).header
        except BackupAbandoned as error:
            raise LeaseLost(f"{error} Start a new one.") from error
        except ObjectMissing:
            return None


async def _to_its_end(put: Coroutine[Any, Any, bool]) -> bool:
    """A store may go on with a put that is cancelled; until it has ended, the permit is needed."""
    task = asyncio.ensure_future(put)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # So that nobody misses it: the cancellation is what is raised.
        raise


def _totals(pages: Iterable[PageReference]) -> dict[Kind, StoredTotal]:
    totals: dict[Kind, StoredTotal] = {}
    for page in pages:
        total = totals.get(page.kind, StoredTotal())
        totals[page.kind] = StoredTotal(
            total.entries + page.entry_count, total.size_bytes + page.size_bytes
        )
    return totals


async def _each(
    pages: AsyncIterable[PageReference] | Iterable[PageReference],
) -> AsyncIterator[PageReference]:
    if isinstance(pages, AsyncIterable):
        async for page in pages:
            yield page
    else:
        for page in pages:
            yield page
