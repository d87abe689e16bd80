"""Makes and updates a second copy of a vault elsewhere, without opening any content.

The order is that of a backup: what an object refers to is there before it. So the
copy is a vault at any moment, holding the backups that have arrived, and a copy that
was broken off goes on with what is missing.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass

from sitekeep_shared.clock import Clock
from sitekeep_shared.vault import names
from sitekeep_shared.vault.condemned import load_condemned
from sitekeep_shared.vault.copy_report import CopyReport, CopyTally, LeftOut
from sitekeep_shared.vault.errors import (
    BackupNotFound,
    DamagedObject,
    DeleteRefused,
    ObjectMissing,
    VaultMismatch,
)
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.manifest import MAGIC, decode_packs_section, split_manifest
from sitekeep_shared.vault.manifest_store import read_header
from sitekeep_shared.vault.object_copier import ObjectCopier
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store

# Written once by backups and collections, and all that a reader needs beside packs and manifests.
_TABLES = (names.INDEX, names.KNOWN_FILES)
_HELD = (names.KEYS, names.PACKS, *_TABLES, names.BACKUPS, names.EXPIRED)


Expire = Callable[[str, str, str], Awaitable[None]]
"""Marks a backup of the copy as expired: site, backup id, reason."""


@dataclass(frozen=True)
class CopyOrder:
    """What is to be copied."""

    backups: Collection[str] | None = None
    """``site/backup_id``; None: all that have not expired."""
    heal: bool = False
    """Read every object on both sides, and replace what is damaged on one."""
    tell: Callable[[str], None] = lambda _: None
    """Called with ``site/backup_id`` when the work at a backup begins."""


async def copy_vault(
    source: Store,
    destination: Store,
    sealer: Sealer,
    clock: Clock,
    order: CopyOrder,
    expire: Expire,
) -> CopyReport:
    """Brings to the destination what it lacks. The caller keeps leases on both vaults.

    Raises:
        BackupNotFound: a backup that was asked for is not there.
        StoreUnavailable: one of the stores does not answer; what was copied is kept.
    """
    copy = _Copy(source, destination, sealer, order)
    manifests, expired = await copy.bring_backups()
    await _Expiries(copy, destination, sealer, clock).mirror(manifests, expired, expire)
    return copy.tally.report()


async def found_copy(source: Store, destination: Store) -> None:
    """Makes the destination a vault of the same keys: FORMAT first, then the keys.

    Raises:
        VaultMismatch: the destination holds another vault.
        StoreUnavailable: one of the stores does not answer.
    """
    format_object = await source.get(names.FORMAT)
    made = await destination.put_new(names.FORMAT, [format_object])
    if not made and await destination.get(names.FORMAT) != format_object:
        raise VaultMismatch(
            "The destination holds another vault. A copy needs a place of its own: an empty "
            "folder or prefix, or the copy that was made before."
        )
    keys = [name async for name in _names(source, names.KEYS)]
    # What a rotation put in a key's place is there before the mark that says so.
    for name in sorted(keys, key=lambda name: name.endswith(names.SUPERSEDED_SUFFIX)):
        if await destination.head(name) is None:
            with contextlib.suppress(ObjectMissing):  # A way to unlock was taken away.
                await destination.put_new(name, [await source.get(name)])


class _Copy:
    def __init__(self, source: Store, destination: Store, sealer: Sealer, order: CopyOrder) -> None:
        self._source = source
        self._destination = destination
        self._sealer = sealer
        self._order = order
        self.tally = CopyTally()
        self.copier = ObjectCopier(source, destination, sealer, self.tally)
        self._condemned: frozenset[bytes] = frozenset()

    async def bring_backups(self) -> tuple[list[str], set[str]]:
        """The source's manifests and markers of expiry, once what was ordered is there."""
        # The caller's lease first, then what is condemned, then what is there: FORMAT.md §10.
        self._condemned = await load_condemned(self._destination, self._sealer)
        await self.copier.look_over(_HELD)
        expired = {name async for name in _names(self._source, names.EXPIRED)}
        manifests = [name async for name in _names(self._source, names.BACKUPS)]
        for name in self._chosen(manifests, expired):
            await self._copy_backup(name)
        return manifests, expired

    def _chosen(self, manifests: list[str], expired: Collection[str]) -> list[str]:
        if self._order.backups is None:
            return [name for name in manifests if _marker(name) not in expired]
        wanted = [f"{names.BACKUPS}{backup}" for backup in self._order.backups]
        for name in wanted:
            if name not in manifests:
                raise BackupNotFound.of(*names.split_backup_name(name))
        return wanted

    async def _copy_backup(self, name: str) -> None:
        backup = name.removeprefix(names.BACKUPS)
        was_there = self.copier.is_there(name) and await self._is_manifest(name)
        if was_there and not self._order.heal:
            self.tally.present_backups += 1
            return
        self._order.tell(backup)
        if was_there:
            await self.copier.heal(name)
        try:
            reason = await self._bring_backup(name)
        except (ObjectMissing, BackupNotFound):
            return  # It was given up, or a collection removed it before the lease.
        if reason:
            self.tally.left_out.append(LeftOut(backup, reason))
        elif was_there:
            self.tally.present_backups += 1
        else:
            self.tally.copied_backups.append(backup)

    async def _bring_backup(self, name: str) -> str:
        """Packs, then tables, then the manifest; why not, where that is not possible."""
        try:
            packs = await self._packs(name)
        except DamagedObject as damage:
            self.tally.damaged[name] = str(damage)
            return "its manifest is damaged"
        if any(pack.pack_id in self._condemned for pack in packs):
            return (
                "a collection of the copy is about to remove packs that it needs; copy again "
                "when that collection is through"
            )
        wanted = [(names.pack_name(pack.pack_id), pack.size_bytes) for pack in packs]
        if not await self.copier.bring_all(wanted, heal=self._order.heal):
            return "it needs damaged or missing packs"
        if not await self._bring_tables():
            return "an index is damaged"
        if self.copier.is_there(name) and not await self._is_manifest(name):
            # A collection of the copy gave up a backup whose indexes came long before it.
            try:
                await self.copier.clear(name)
            except DeleteRefused as refusal:
                return str(refusal).rstrip(".")
        return "" if await self.copier.bring(name) else "its manifest is damaged"

    async def _is_manifest(self, name: str) -> bool:
        try:
            return await self._destination.get_range(name, 0, len(MAGIC)) == MAGIC
        except ObjectMissing:
            return False

    async def _packs(self, name: str) -> list[PackReference]:
        sections = split_manifest(name, await self._source.get(name))
        header = await read_header(self._source, self._sealer, name)
        return decode_packs_section(self._sealer, name, header, sections.packs)

    async def _bring_tables(self) -> bool:
        """All indexes; one that is replaced meanwhile is gone, and its successor is listed."""
        sound, seen = True, set[str]()
        while fresh := [name for name in await self._tables() if name not in seen]:
            seen.update(fresh)
            for name in fresh:
                sound &= await self._bring_table(name)
        return sound

    async def _bring_table(self, name: str) -> bool:
        try:
            if self._order.heal:
                await self.copier.heal(name)
            return await self.copier.bring(name)
        except ObjectMissing:
            return True

    async def _tables(self) -> list[str]:
        return [name for prefix in _TABLES async for name in _names(self._source, prefix)]


class _Expiries:
    """Lets backups of the copy expire as those of the source do."""

    def __init__(self, copy: _Copy, destination: Store, sealer: Sealer, clock: Clock) -> None:
        self._copy = copy
        self._destination = destination
        self._sealer = sealer
        self._clock = clock

    async def mirror(self, manifests: list[str], expired: set[str], expire: Expire) -> None:
        """What the source marked, and what it has removed since the copy was last updated."""
        there = self._copy.copier.is_there
        alive = {_site(one) for one in manifests if _marker(one) not in expired and there(one)}
        for name in self._copy.copier.there(names.BACKUPS):
            marker = _marker(name)
            if self._copy.copier.is_there(marker):
                continue
            if marker in expired:
                self._copy.tally.expired_backups += await self._bring(marker)
            # A source that lost its manifests must not take the copy's with it.
            elif name not in manifests and _site(name) in alive and await self._is_over(name):
                await expire(*names.split_backup_name(name), "removed from the original")
                self._copy.tally.expired_backups += 1

    async def _bring(self, marker: str) -> bool:
        try:
            return await self._copy.copier.bring(marker)
        except ObjectMissing:
            return False

    async def _is_over(self, name: str) -> bool:
        try:
            header = await read_header(self._destination, self._sealer, name)
        except (ObjectMissing, BackupNotFound, DamagedObject):
            return False
        return header.expire_time < self._clock.now()


async def _names(store: Store, prefix: str) -> AsyncIterator[str]:
    async for item in store.list(prefix):
        yield item.key


def _marker(manifest: str) -> str:
    return names.expired_name(names.split_backup_name(manifest)[1])


def _site(manifest: str) -> str:
    return names.split_backup_name(manifest)[0]
