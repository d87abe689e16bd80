"""A vault: opens, lists, begins, checks, expires and collects backups."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import replace

from sitekeep_shared.clock import Clock
from sitekeep_shared.vault import names
from sitekeep_shared.vault.abandoning import abandon
from sitekeep_shared.vault.check import HashedPacks, StructureReport, check_packs, hash_packs
from sitekeep_shared.vault.collection import Collector
from sitekeep_shared.vault.collection_report import CollectionReport
from sitekeep_shared.vault.commit import Committer
from sitekeep_shared.vault.condemned import is_condemned
from sitekeep_shared.vault.copy_report import CopyReport
from sitekeep_shared.vault.copying import CopyOrder, copy_vault, found_copy
from sitekeep_shared.vault.errors import BackupNotFound, ObjectMissing, StoreUnavailable
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.key_ring import KeyRing
from sitekeep_shared.vault.keys import VaultKeys
from sitekeep_shared.vault.lease import READER, Lease, keep_renewing
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.manifest import PREFIX, decode_body
from sitekeep_shared.vault.manifest_store import (
    ProvenManifest,
    is_abandoned,
    manifest_names,
    read_header,
    read_manifest,
)
from sitekeep_shared.vault.manifest_types import ManifestHeader
from sitekeep_shared.vault.markers import (
    EXPIRY,
    ExpiryMarker,
    refuse_abandoned,
)
from sitekeep_shared.vault.reader import BackupReader, open_reader
from sitekeep_shared.vault.repository import open_repository
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.session import BackupSession, begin_session, new_write_id
from sitekeep_shared.vault.store import Store
from sitekeep_shared.vault.verification_record import (
    VerificationRecord,
    put_record,
    read_records,
)

_logger = logging.getLogger(__name__)


class Vault:
    """A store, opened with keys."""

    def __init__(self, store: Store, ring: KeyRing, clock: Clock, limits: Limits) -> None:
        self._store = store
        self._ring = ring
        self._sealer = Sealer(ring.keys, ring.repository_id)
        self._clock = clock
        self._limits = limits

    @classmethod
    async def open(
        cls,
        store: Store,
        keys: VaultKeys,
        clock: Clock,
        *,
        create: bool = False,
        limits: Limits | None = None,
    ) -> Vault:
        """Opens the vault that a store holds; makes one first if ``create`` and there is none.

        Raises:
            VaultMissing: there is none and ``create`` is not asked for.
            WrongKey: it belongs to another key set.
            UnsupportedFormat: a newer version wrote it.
            DamagedObject: FORMAT or the key object is not what was written.
            StoreUnavailable: the store does not answer.
        """
        ring = await open_repository(store, keys, clock, create=create)
        return cls(store, ring, clock, limits or Limits())

    async def require_current_key(self) -> None:
        """Makes sure that no rotation has given up the key that the vault is open with.

        Raises:
            WrongKey: it is superseded: it writes no backups any more.
            DamagedObject: what supersedes it is not what was written.
            StoreUnavailable: the store does not answer.
        """
        await self._ring.require_current()

    @property
    def can_read(self) -> bool:
        """Whether the keys open what backups hold."""
        return self._sealer.can_read

    async def begin_backup(
        self,
        backup_id: str,
        *,
        site: str,
        fence: int,
        address: str = "",
        keeping: datetime.timedelta | None = None,
    ) -> BackupSession:
        """Begins a backup, or resumes it from its checkpoints.

        ``address`` is where the site is read: known files of another address are not reused.
        ``keeping`` is the time within which each known file is fetched anew once; None: never.

        Raises:
            WrongKey: the key was rotated since: a newer one has to be fetched.
            LeaseLost: another session of the same backup began at the same moment, or the
                backup was given up.
            ClockSkewed: the clocks of this machine and of the store differ too much.
            StoreUnavailable: the store does not answer.
        """
        await self.require_current_key()
        committer = Committer(
            self._store,
            self._sealer,
            self._limits,
            site=names.check_identifier(site),
            backup_id=names.check_backup_identifier(backup_id),
            fence=fence,
            write_id=new_write_id(),
        )
        return await begin_session(
            self._store,
            self._sealer,
            self._clock,
            self._limits,
            committer,
            address=address,
            keeping=keeping,
        )

    async def open_backup(self, site: str, backup_id: str) -> BackupReader:
        """Opens a committed backup for reading, whether it is expired or not.

        Raises:
            BackupNotFound: there is no such backup, or it is about to be removed.
            DamagedObject: its manifest is not what was written.
            WrongKey: the keys lack the part that reads, or are older than the backup.
            StoreUnavailable: the store does not answer.
        """
        if await is_condemned(self._store, self._sealer, _manifest_name(site, backup_id)):
            raise BackupNotFound(f"Backup {backup_id} of {site} has expired and is being removed.")
        return await open_reader(self._store, self._sealer, self._limits, site, backup_id)

    async def find_backup(self, site: str, backup_id: str) -> ManifestHeader | None:
        """The header of a committed backup, whose whole manifest is proven; None: there is none.

        Raises:
            DamagedObject: its manifest is not what was written.
            StoreUnavailable: the store does not answer.
        """
        try:
            return (await self._manifest(site, backup_id)).header
        except BackupNotFound:
            return None

    async def check(self, site: str, backup_id: str) -> StructureReport:
        """Looks up every pack that a backup needs; reads none.

        Raises:
            BackupNotFound: there is no such backup.
            DamagedObject: its manifest is not what was written.
            StoreUnavailable: the store does not answer.
        """
        manifest = await self._manifest(site, backup_id)
        report = await check_packs(self._store, manifest.packs, self._limits.parallel_requests)
        return replace(report, content_bytes=manifest.header.content_bytes)

    async def packs_of(self, site: str, backup_id: str) -> Sequence[PackReference]:
        """Every pack that a backup needs, sorted by id; known without the private key.

        Raises:
            BackupNotFound: there is no such backup.
            DamagedObject: its manifest is not what was written.
            StoreUnavailable: the store does not answer.
        """
        return (await self._manifest(site, backup_id)).packs

    async def hash_packs(self, packs: Sequence[PackReference]) -> HashedPacks:
        """Reads packs whole and compares each with its name; needs no private key.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        return await hash_packs(self._store, packs, self._limits.parallel_puts)

    async def keep_record(self, record: VerificationRecord) -> str:
        """Puts what a verification found into the vault; returns the object's name.

        Raises:
            StoreUnavailable: the store refuses or does not answer.
        """
        return await put_record(self._store, self._sealer, record)

    async def records(self, backup_id: str) -> list[VerificationRecord]:
        """What the verifications of a backup found, the oldest first.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        name = names.check_identifier(backup_id)
        return await read_records(self._store, self._sealer, name)

    async def _manifest(self, site: str, backup_id: str) -> ProvenManifest:
        try:
            return await read_manifest(self._store, self._sealer, _manifest_name(site, backup_id))
        except ObjectMissing as error:
            raise BackupNotFound.of(site, backup_id) from error

    async def expire(self, site: str, backup_id: str, reason: str) -> None:
        """Marks a backup as expired; until a collection removes it, it can be read on.

        Raises:
            BackupNotFound: there is no such backup.
            StoreUnavailable: the store does not answer.
        """
        manifest = _manifest_name(site, backup_id)
        try:
            refuse_abandoned(manifest, await self._store.get_range(manifest, 0, PREFIX.size))
        except ObjectMissing as error:
            raise BackupNotFound.of(site, backup_id) from error
        marker = ExpiryMarker(site, backup_id, reason, self._clock.now())
        name = names.expired_name(backup_id)
        await self._store.put_new(name, [EXPIRY.encode(self._sealer, name, marker)])

    async def abandon(self, site: str, backup_id: str, reason: str) -> None:
        """Gives a backup up: if it is not committed yet, it never will be; else it expires.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        name, now = _manifest_name(site, backup_id), self._clock.now()
        if not await abandon(self._store, self._sealer, name, reason, now):
            with contextlib.suppress(BackupNotFound):
                await self.expire(site, backup_id, reason)

    async def expiry(self, backup_id: str) -> ExpiryMarker | None:
        """Why and when a backup expired, None when it has not.

        Raises:
            DamagedObject: the marker is not what was written.
            StoreUnavailable: the store does not answer.
        """
        name = names.expired_name(names.check_identifier(backup_id))
        try:
            data = await self._store.get(name)
        except ObjectMissing:
            return None
        return EXPIRY.decode(self._sealer, name, data)

    async def backups(self, *, include_expired: bool = False) -> AsyncIterator[ManifestHeader]:
        """All committed backups, by site, then by id.

        Raises:
            DamagedObject: a manifest is not what was written.
            StoreUnavailable: the store does not answer.
        """
        async for name in manifest_names(self._store, include_expired=include_expired):
            try:
                yield await read_header(self._store, self._sealer, name)
            except (ObjectMissing, BackupNotFound):
                continue

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncGenerator[None]:
        """Keeps what expires meanwhile readable: for who reads and holds nothing elsewhere.

        Where the store takes no lease, it is read without.

        Raises:
            ClockSkewed: the clocks of this machine and of the store differ too much.
        """
        owner = f"{READER}-{secrets.token_hex(8)}"
        lease = Lease(self._store, self._sealer, self._clock, self._limits, owner, READER)
        try:
            await lease.acquire(new_write_id())
        except StoreUnavailable as error:
            _logger.warning("It is read without a lease: %s", error)
            yield
            return
        renewal = asyncio.create_task(keep_renewing(lease.renew, self._limits))
        try:
            yield
        finally:
            renewal.cancel()
            await asyncio.gather(renewal, return_exceptions=True)
            await lease.release()

    async def collect(self, *, dry_run: bool = False) -> CollectionReport:
        """Removes what no backup needs: condemns it, and a day later, if still so, sweeps it.

        Safe at any time, beside backups, readers and other collections; ``dry_run`` only tells.

        Raises:
            DamagedObject: what is needed is not known, as an object cannot be read; nothing
                was condemned.
            ClockSkewed: the clocks of this machine and of the store differ too much.
            StoreUnavailable: the store does not answer; the next collection goes on.
        """
        collector = Collector(self._store, self._sealer, self._clock, self._limits)
        return await (collector.look() if dry_run else collector.collect())

    async def details(self, site: str, backup_id: str) -> tuple[ManifestHeader, bytes]:
        """The header of a committed backup, and what its coordinator said of it.

        Raises:
            BackupNotFound: there is no such backup.
            DamagedObject: its manifest is not what was written.
            WrongKey: the keys lack the part that reads, or are older than the backup.
            StoreUnavailable: the store does not answer.
        """
        name, manifest = _manifest_name(site, backup_id), await self._manifest(site, backup_id)
        header = manifest.header
        self._sealer.require_reading(header.key_id)
        body = await asyncio.to_thread(decode_body, self._sealer, name, header, manifest.body)
        return header, body.details

    async def backup_names(self) -> list[tuple[str, str]]:
        """Site and id of every committed backup that has not expired, also where it is damaged.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        return [
            names.split_backup_name(name)
            async for name in manifest_names(self._store)
            if not await is_abandoned(self._store, name)
        ]

    async def copy_to(self, destination: Store, order: CopyOrder) -> CopyReport:
        """Makes or updates a second copy of the vault; needs no part of the keys that reads.

        Raises:
            VaultMismatch: the destination holds another vault.
            BackupNotFound: a backup that was asked for is not there.
            StoreUnavailable: one of the stores does not answer; copying again goes on.
        """
        await found_copy(self._store, destination)
        keys = self._ring.keys
        there = await Vault.open(destination, keys, self._clock, limits=self._limits)
        async with self.reading(), there.reading():
            return await copy_vault(
                self._store, destination, self._sealer, self._clock, order, there.expire
            )

    async def close(self) -> None:
        """Ends the use of the vault. Sessions and readers are closed by whoever opened them."""


def _manifest_name(site: str, backup_id: str) -> str:
    return names.backup_name(names.check_identifier(site), names.check_identifier(backup_id))
