"""A backup session: stages what units write, makes it durable in groups, commits."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import secrets
import weakref
from collections.abc import AsyncIterable, Iterable
from contextlib import AbstractAsyncContextManager

from sitekeep_shared.clock import Clock
from sitekeep_shared.vault.commit import Committer
from sitekeep_shared.vault.earlier_backups import EarlierBackups
from sitekeep_shared.vault.errors import ClockSkewed, LeaseLost, SessionClosed
from sitekeep_shared.vault.file_register import FileRegister
from sitekeep_shared.vault.group_commit import GroupCommit
from sitekeep_shared.vault.index_loader import IndexLoader
from sitekeep_shared.vault.known_file import FileOrigin
from sitekeep_shared.vault.lease import Lease, keep_renewing
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.manifest_types import CommittedBackup, ManifestFacts
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.staging import Staging, StagingStatistics
from sitekeep_shared.vault.store import Store
from sitekeep_shared.vault.unit_writer import UnitWriter
from sitekeep_shared.vault.usable_packs import leave_out, load_usable_packs

__all__ = ["BackupSession", "UnitWriter", "begin_session"]


async def begin_session(
    store: Store,
    sealer: Sealer,
    clock: Clock,
    limits: Limits,
    committer: Committer,
    *,
    address: str,
    keeping: datetime.timedelta | None,
) -> BackupSession:
    """Begins or resumes a backup. The order is the point: lease, condemned packs, indexes.

    A collection condemns first and looks for leases second, so one of the two
    always sees the other.

    Raises:
        LeaseLost: another session of the same backup began at the same moment, or the backup
            was given up.
        ClockSkewed: the clocks of this machine and of the store differ too much.
        DamagedObject: a list of condemned packs cannot be read.
        StoreUnavailable: the store does not answer.
    """
    backup_id, origin = committer.backup_id, FileOrigin(committer.site, address)
    lease = Lease(store, sealer, clock, limits, backup_id)
    await lease.acquire(committer.write_id)
    try:
        await committer.refuse_abandoned()
        packs = await load_usable_packs(store, sealer, clock, limits)
        loaded = await IndexLoader(store, sealer, limits).load(packs.is_usable, backup_id)
        earlier = EarlierBackups(store, sealer, limits)
        await earlier.load()
        known = await earlier.known_files(origin.site, backup_id)
        packs.tell_lost(earlier.kept_packs)
        demand = earlier.demand()
        await asyncio.to_thread(leave_out, loaded, packs.too_old, demand, limits.sparse_pack_share)
    except Exception:
        await lease.release()
        raise
    staging = Staging(store, sealer, limits, backup_id, loaded, packs.is_usable, site=origin.site)
    files = FileRegister(
        store, sealer, clock, origin=origin, backup_id=backup_id, keeping=keeping, known=known
    )
    return BackupSession(staging, files, lease, limits, committer)


def new_write_id() -> str:
    """Tells the writes of this process from those of any other."""
    return secrets.token_hex(16)


class BackupSession:
    """One backup while it is made. Everything happens in one event loop."""

    def __init__(
        self,
        staging: Staging,
        files: FileRegister,
        lease: Lease,
        limits: Limits,
        committer: Committer,
    ) -> None:
        self.staging = staging
        self.files = files
        self.limits = limits
        self.large_files = asyncio.Semaphore(limits.large_files_at_once)
        self._lease = lease
        self._committer = committer
        self._active: weakref.WeakSet[UnitWriter] = weakref.WeakSet()
        self._failure: BaseException | None = None
        self._group = GroupCommit(limits, self._checkpoint, self._is_worth_it, self._fail)
        self._renewal = asyncio.create_task(keep_renewing(self.renew_lease, limits))

    @property
    def statistics(self) -> StagingStatistics:
        """What was new and what was known."""
        return self.staging.statistics

    @property
    def failure(self) -> BaseException | None:
        """What ended the session, None while it is usable."""
        return self._failure

    def unit(self, key: str) -> UnitWriter:
        """A writer for one attempt of one unit; many may be open at once."""
        self.check_open()
        writer = UnitWriter(self, key)
        self._active.add(writer)
        return writer

    async def commit(
        self,
        pages: AsyncIterable[PageReference] | Iterable[PageReference],
        facts: ManifestFacts,
        permit: AbstractAsyncContextManager[object] | None = None,
    ) -> CommittedBackup:
        """Makes the backup exist: checks what is durable, then writes the manifest.

        Only that one write happens within ``permit``: entering it proves that the caller
        may still commit and keeps that so until it is left; None where nobody else may.

        Raises:
            Whatever entering the permit raises: nothing was written then.
            StagedDataLost: a unit's data is not durable in this session; it has to run again.
            LeaseLost: the lease ran out, or another session took it over.
            CommitConflict: another write committed this backup.
            DamagedObject: a pack that is needed is missing or has another size.
            StoreUnavailable: the store does not answer; committing again is safe.
        """
        self.check_open()
        allowed = permit or contextlib.nullcontext()
        return await self._committer.commit(self.staging, self._lease, pages, facts, allowed)

    async def renew_lease(self) -> None:
        """Prolongs the lease now; it is also done in the background.

        Raises:
            LeaseLost: it ran out before, or another session took it over.
            ClockSkewed: the clocks of this machine and of the store differ too much.
            StoreUnavailable: the store does not answer; it is tried again.
        """
        try:
            await self._lease.renew()
        except (LeaseLost, ClockSkewed) as error:
            self._fail(error)
            raise

    async def close(self) -> None:
        """Releases the lease. What is durable stays, for a resume or for collection."""
        self._failure = self._failure or SessionClosed("The backup session was closed.")
        self._renewal.cancel()
        await asyncio.gather(self._renewal, return_exceptions=True)
        await self._group.close()
        await self.staging.close()
        await self._lease.release()

    def check_open(self) -> None:
        """Raises what ended the session."""
        if self._failure is not None:
            raise self._failure

    def note_progress(self) -> None:
        """Something was staged."""
        self._group.note_progress(self.staging.bytes_since_checkpoint)

    async def durable(self, writer: UnitWriter) -> str:
        """Waits until what the writer staged is durable; the checkpoint that made it so."""
        self._active.discard(writer)
        self.check_open()
        return await self._group.join()

    def _is_worth_it(self) -> bool:
        staged = self.staging.bytes_since_checkpoint
        return staged >= self.limits.checkpoint_hurry_bytes or not self._active

    async def _checkpoint(self) -> str:
        if self._lease.remaining_seconds() <= 0:
            raise LeaseLost("The lease of the backup ran out; what it staged may be gone.")
        files = self.files.take_held()
        checkpoint = await self.staging.checkpoint()
        await self.files.write(files)
        return checkpoint

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
