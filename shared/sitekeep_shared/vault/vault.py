"""A vault: opens, lists, begins, checks and expires backups."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator

import msgspec

from sitekeep_shared.clock import Clock
from sitekeep_shared.vault import names
from sitekeep_shared.vault.check import StructureReport, check_packs
from sitekeep_shared.vault.commit import Committer
from sitekeep_shared.vault.errors import BackupNotFound, DamagedObject, ObjectMissing
from sitekeep_shared.vault.key_ring import KeyRing
from sitekeep_shared.vault.keys import VaultKeys
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.manifest import decode_packs_section, split_manifest
from sitekeep_shared.vault.manifest_store import read_header
from sitekeep_shared.vault.manifest_types import ManifestHeader
from sitekeep_shared.vault.reader import BackupReader, open_reader
from sitekeep_shared.vault.repository import open_repository
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.session import BackupSession, begin_session, new_write_id
from sitekeep_shared.vault.store import Store

EXPIRED_MAGIC = b"SKEXPIR1"
EXPIRED_SECTION = "expired"


class ExpiryMarker(msgspec.Struct, frozen=True):
    """What an ``expired/<backup_id>`` object says, as sealed JSON."""

    site: str
    backup_id: str
    reason: str
    expired: datetime.datetime


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

    async def begin_backup(self, backup_id: str, *, site: str, fence: int) -> BackupSession:
        """Begins a backup, or resumes it from its checkpoints.

        Raises:
            WrongKey: the key was rotated since: a newer one has to be fetched.
            LeaseLost: another session of the same backup began at the same moment.
            StoreUnavailable: the store does not answer.
        """
        await self.require_current_key()
        committer = Committer(
            self._store,
            self._sealer,
            self._limits,
            site=names.check_identifier(site),
            backup_id=names.check_identifier(backup_id),
            fence=fence,
            write_id=new_write_id(),
        )
        return await begin_session(self._store, self._sealer, self._clock, self._limits, committer)

    async def open_backup(self, site: str, backup_id: str) -> BackupReader:
        """Opens a committed backup for reading, whether it is expired or not.

        Raises:
            BackupNotFound: there is no such backup.
            DamagedObject: its manifest is not what was written.
            WrongKey: the keys lack the part that reads, or are older than the backup.
            StoreUnavailable: the store does not answer.
        """
        names.check_identifier(site)
        names.check_identifier(backup_id)
        return await open_reader(self._store, self._sealer, self._limits, site, backup_id)

    async def find_backup(self, site: str, backup_id: str) -> ManifestHeader | None:
        """The header of a committed backup, None when there is none.

        Raises:
            DamagedObject: its manifest is not what was written.
            StoreUnavailable: the store does not answer.
        """
        try:
            return await read_header(self._store, self._sealer, _manifest_name(site, backup_id))
        except ObjectMissing:
            return None

    async def check(self, site: str, backup_id: str) -> StructureReport:
        """Looks up every pack that a backup needs; reads none.

        Raises:
            BackupNotFound: there is no such backup.
            DamagedObject: its manifest is not what was written.
            StoreUnavailable: the store does not answer.
        """
        name = _manifest_name(site, backup_id)
        try:
            sections = split_manifest(name, await self._store.get(name))
            header = await read_header(self._store, self._sealer, name)
        except ObjectMissing as error:
            raise BackupNotFound(f"The vault holds no backup {backup_id} of {site}.") from error
        packs = decode_packs_section(self._sealer, name, header, sections.packs)
        return await check_packs(self._store, packs, self._limits.parallel_requests)

    async def expire(self, site: str, backup_id: str, reason: str) -> None:
        """Marks a backup as expired; until a collection removes it, it can be read on.

        Raises:
            BackupNotFound: there is no such backup.
            StoreUnavailable: the store does not answer.
        """
        if await self._store.head(_manifest_name(site, backup_id)) is None:
            raise BackupNotFound(f"The vault holds no backup {backup_id} of {site}.")
        marker = ExpiryMarker(site, backup_id, reason, self._clock.now())
        name = names.expired_name(backup_id)
        sealed = self._sealer.seal(EXPIRED_SECTION, name.encode(), msgspec.json.encode(marker))
        await self._store.put_new(name, [EXPIRED_MAGIC + sealed])

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
        if not data.startswith(EXPIRED_MAGIC):
            raise DamagedObject(name, "it does not start as a marker")
        sealed = data[len(EXPIRED_MAGIC) :]
        plain = self._sealer.open(EXPIRED_SECTION, name.encode(), sealed, name)
        return msgspec.json.decode(plain, type=ExpiryMarker)

    async def backups(self, *, include_expired: bool = False) -> AsyncIterator[ManifestHeader]:
        """All committed backups, by site, then by id.

        Raises:
            DamagedObject: a manifest is not what was written.
            StoreUnavailable: the store does not answer.
        """
        expired = {item.key async for item in self._store.list(names.EXPIRED)}
        async for item in self._store.list(names.BACKUPS):
            backup_id = item.key.rpartition("/")[2]
            if not include_expired and names.expired_name(backup_id) in expired:
                continue
            try:
                yield await read_header(self._store, self._sealer, item.key)
            except ObjectMissing:
                continue

    async def close(self) -> None:
        """Ends the use of the vault. Sessions and readers are closed by whoever opened them."""


def _manifest_name(site: str, backup_id: str) -> str:
    return names.backup_name(names.check_identifier(site), names.check_identifier(backup_id))
