"""What the backups that are there tell a new one: the known files, and how much a pack is used."""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import BackupNotFound, DamagedObject, ObjectMissing
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.known_files_object import KnownFilesObject, decode_known_files
from sitekeep_shared.vault.known_files_table import KnownFilesColumns, KnownFilesTable
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.manifest_store import manifest_names, read_header_and_packs
from sitekeep_shared.vault.manifest_types import ManifestHeader, PackUse
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class KnownFilesOfSite:
    """The known files that a new backup of a site begins with."""

    table: KnownFilesTable
    next_number: int
    """The first number that no ``files/`` object of that backup has."""


@dataclass(frozen=True)
class PackDemand:
    """Which packs the backups that are there need."""

    by_any: Set[bytes]
    """Also by expired ones."""
    by_newest: Mapping[bytes, int]
    """Those that the newest unexpired backup of a site needs, and how many raw bytes of each."""

    def left_behind(self, total_bytes: Mapping[bytes, int], sparse_share: float) -> Set[bytes]:
        """The packs that a new backup is to leave, so that they can go with the older ones.

        They are the sparse ones: the newest backups use less than the share of their raw bytes.
        And those that only older backups need: what the newest need lies in another pack.
        A pack that no backup needs yet was staged for one that was never committed; it serves.
        """
        kept = {
            pack
            for pack, used in self.by_newest.items()
            if used >= sparse_share * total_bytes.get(pack, 0)
        }
        return self.by_any - kept


class EarlierBackups:
    """What the writer part of the keys opens of the backups that are there."""

    def __init__(self, store: Store, sealer: Sealer, limits: Limits) -> None:
        self._store = store
        self._sealer = sealer
        self._limits = limits
        self._headers: list[ManifestHeader] = []
        self._newest: dict[str, tuple[ManifestHeader, Sequence[PackUse]]] = {}
        self._needed: set[bytes] = set()
        self._kept: set[PackReference] = set()
        self._all_readable = True

    async def load(self) -> None:
        """Reads the manifests; one that is damaged is left out.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        unexpired = {name async for name in manifest_names(self._store)}
        found = [name async for name in manifest_names(self._store, include_expired=True)]
        for batch in self._batches(found):
            manifests = await asyncio.gather(*(self._manifest(name) for name in batch))
            for name, manifest in zip(batch, manifests, strict=True):
                if manifest is not None:
                    self._add(*manifest, is_expired=name not in unexpired)

    async def known_files(self, site: str, backup_id: str) -> KnownFilesOfSite:
        """Those of the site's newest backup that lists any, and those of the backup itself.

        What cannot be read is unknown: its files are fetched again.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        listed: defaultdict[str, list[str]] = defaultdict(list)
        async for item in self._store.list(names.KNOWN_FILES):
            listed[names.owner_of(item.key)].append(item.key)
        own = listed[backup_id]
        before = (listed[one.backup_id] for one in self._newest_first(site))
        table = await self._table([*own, *next(filter(None, before), ())])
        numbers = (names.number_of(name, names.KNOWN_FILES, backup_id) for name in own)
        taken = [number for number in numbers if number is not None]
        return KnownFilesOfSite(table, max(taken, default=-1) + 1)

    @property
    def kept_packs(self) -> Set[PackReference]:
        """What the backups that have not expired need."""
        return self._kept

    def demand(self) -> PackDemand | None:
        """Which packs are needed; None when a manifest cannot be read: nothing is guessed."""
        if not self._all_readable:
            return None
        by_newest: defaultdict[bytes, int] = defaultdict(int)
        for _, uses in self._newest.values():
            for use in uses:
                by_newest[use.pack.pack_id] += use.used_bytes
        return PackDemand(self._needed, by_newest)

    def _add(self, header: ManifestHeader, uses: Sequence[PackUse], *, is_expired: bool) -> None:
        self._needed.update(use.pack.pack_id for use in uses)
        if is_expired:
            return
        self._kept.update(use.pack for use in uses)
        self._headers.append(header)
        newest = self._newest.get(header.site)
        if newest is None or _order(header) > _order(newest[0]):
            self._newest[header.site] = (header, uses)

    async def _manifest(self, name: str) -> tuple[ManifestHeader, Sequence[PackUse]] | None:
        try:
            return await read_header_and_packs(self._store, self._sealer, name)
        except (ObjectMissing, BackupNotFound):
            return None
        except DamagedObject as error:
            _logger.warning("%s A new backup takes nothing over from it.", error)
            self._all_readable = False
            return None

    async def _table(self, wanted: Sequence[str]) -> KnownFilesTable:
        columns = KnownFilesColumns()
        for batch in self._batches(wanted):
            for known in await asyncio.gather(*(self._object(name) for name in batch)):
                if known is not None:
                    await asyncio.to_thread(columns.add, known)
        return await asyncio.to_thread(KnownFilesTable, columns)

    async def _object(self, name: str) -> KnownFilesObject | None:
        try:
            data = await self._store.get(name)
            return await asyncio.to_thread(decode_known_files, self._sealer, name, data)
        except ObjectMissing:
            return None
        except DamagedObject as error:
            _logger.warning("%s The files that it lists are fetched again.", error)
            return None

    def _newest_first(self, site: str) -> Sequence[ManifestHeader]:
        of_site = (header for header in self._headers if header.site == site)
        return sorted(of_site, key=_order, reverse=True)

    def _batches(self, wanted: Sequence[str]) -> Iterator[Sequence[str]]:
        size = self._limits.parallel_requests
        return (wanted[start : start + size] for start in range(0, len(wanted), size))


def _order(header: ManifestHeader) -> tuple[datetime.datetime, int, str]:
    """The larger, the newer; the fences of a site's backups grow."""
    return header.finished, header.fence, header.backup_id
