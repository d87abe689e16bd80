"""A vault that writers, readers and collections share, step by step, and what must always hold."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.vault import names
from sitekeep_shared.vault import session as session_module
from sitekeep_shared.vault import vault as vault_module
from sitekeep_shared.vault.errors import (
    BackupAbandoned,
    BackupNotFound,
    CommitConflict,
    DamagedObject,
    LeaseLost,
    StagedDataLost,
    VaultError,
)
from sitekeep_shared.vault.lease import Lease
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.manifest_store import read_header_and_packs
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.vault import Vault
from unit.vault.interleaving import Interleaving, Process, SteppedStore, inline
from unit.vault.vault_helpers import (
    KEYS,
    SITE,
    SMALL,
    START,
    Content,
    MemoryStore,
    facts,
    issues,
    merged,
    open_vault,
    read_all,
    write_unit,
)

MINUTE = datetime.timedelta(minutes=1)
HOUR = 60 * MINUTE

LIMITS = dataclasses.replace(
    SMALL,
    parallel_requests=2,
    condemned_seconds=3600.0,
    orphan_seconds=3600.0,
    index_objects=3,
    merged_rows=30,
    # What is condemned is what a new backup would count on, if it could.
    sparse_pack_share=0.0,
)
POOL = {f"u{number}": issues(100 * number, 4, text=f"unit {number}") for number in range(4)}
"""What backups hold; many hold the same."""


class Model:
    """The world and what was promised to whom."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.clock = ManualClock(START)
        self.store = MemoryStore(self.clock)
        self.world = Interleaving(self.store)
        self.processes: list[Process] = []
        self.units: dict[str, list[str]] = {}
        """What each backup that was ever begun is to hold."""
        self.staged: dict[str, dict[str, list[PageReference]]] = {}
        """What a database remembers of each."""
        self.committed: set[str] = set()
        """Of which somebody was told that they are there, and that have not expired."""
        self.expired: set[str] = set()
        self.ended_in_failure: list[BaseException] = []
        self._renewals: list[Callable[[], Awaitable[None]]] = []
        self._needed: dict[bytes, set[str]] = {}
        self._checked: frozenset[str] = frozenset()
        self._renewing: list[asyncio.Task[None]] = []
        self._lives: dict[str, int] = {}
        patch.setattr(asyncio, "to_thread", inline)
        patch.setattr(session_module, "keep_renewing", self._keep)
        patch.setattr(vault_module, "keep_renewing", self._keep)
        self.vault = self.world.at_once(open_vault(self.store, clock=self.clock, limits=LIMITS))

    async def _keep(self, renew: Callable[[], Awaitable[None]], _limits: Limits) -> None:
        """Instead of by the real clock, leases are renewed by ``pass_time``."""
        self._renewals.append(renew)
        try:
            await asyncio.Event().wait()
        finally:
            self._renewals.remove(renew)

    # What processes do.

    def start(self, name: str, work: Callable[[SteppedStore], Coroutine[Any, Any, Any]]) -> Process:
        """A process that is moved by ``step`` from now on."""
        process = self.world.start(name, work)
        self.processes.append(process)
        return process

    def write(self, backup_id: str, units: list[str]) -> Process:
        """Begins a backup, or resumes it."""
        self.units.setdefault(backup_id, units)
        return self.start(f"writer of {backup_id}", lambda store: self._write(store, backup_id))

    async def _write(self, store: SteppedStore, backup_id: str) -> None:
        vault = await Vault.open(store, KEYS, self.clock, limits=LIMITS)
        staged = self.staged.setdefault(backup_id, {})
        session = await vault.begin_backup(backup_id, site=SITE, fence=1)
        life = self._lives[backup_id] = self._lives.get(backup_id, 0) + 1
        try:
            for unit in self.units[backup_id]:
                if unit not in staged:
                    staged[unit] = await write_unit(session.unit(unit), POOL[unit])
            pages = [page for unit in self.units[backup_id] for page in staged[unit]]
            await session.commit(pages, facts())
            if backup_id not in self.expired:
                self.committed.add(backup_id)
        except StagedDataLost:
            staged.clear()
            raise
        except DamagedObject as error:
            # What it counts on was removed: only who has lost the lease may meet that.
            lease = self._lease_of(store)
            if lease.remaining_seconds() > 0 and self._lives[backup_id] == life:
                raise AssertionError(f"writer of {backup_id} failed") from error
            raise
        finally:
            await session.close()

    def back_up_at_once(self, backup_id: str, units: list[str]) -> None:
        """A whole backup while everybody else stands still."""
        process = self.write(backup_id, units)
        self.step(process, 10_000)

    def read(self, backup_id: str) -> Process:
        """Reads a backup that is there, perhaps expired, under a lease."""
        return self.start(f"reader of {backup_id}", lambda store: self._read(store, backup_id))

    async def _read(self, store: SteppedStore, backup_id: str) -> None:
        vault = await Vault.open(store, KEYS, self.clock, limits=LIMITS)
        async with vault.reading():
            await asyncio.sleep(0)
            if store.is_dead:
                return
            lease = self._lease_of(store)
            try:
                assert await read_all(vault, backup_id) == self.content(backup_id)
            except VaultError:
                # Only who has lost the lease may fail so.
                if not store.is_dead and lease.remaining_seconds() > 0:
                    if backup_id in self.committed:
                        raise AssertionError(f"{backup_id} cannot be read") from None
                    raise

    def collect(self) -> Process:
        """Collects once."""
        return self.start("collector", self._collect)

    async def _collect(self, store: SteppedStore) -> None:
        vault = await Vault.open(store, KEYS, self.clock, limits=LIMITS)
        await vault.collect()

    def collect_at_once(self) -> None:
        """Collects while everybody else stands still."""
        self.world.at_once(self.vault.collect())
        self.check()

    def _lease_of(self, store: SteppedStore) -> Lease:
        for renew in self._renewals:
            lease = _lease(renew)
            if lease._store is store:  # pyright: ignore[reportPrivateUsage]
                return lease
        raise AssertionError("there is no lease")

    # What happens to them.

    def step(self, process: Process, count: int) -> None:
        """So many calls of the store."""
        for _ in range(count):
            if process.ended:
                break
            process.step()
            self.check()
        self._forget_ended()

    def kill(self, process: Process) -> None:
        """kill -9."""
        process.kill()
        self.check()
        self._forget_ended()

    def expire(self, backup_id: str) -> None:
        """Its time is over."""
        self.committed.discard(backup_id)
        self.expired.add(backup_id)
        self.world.at_once(self.vault.expire(SITE, backup_id, "test"))

    def pass_time(self, minutes: int) -> None:
        """Time in which every living session renews its lease as it should."""
        while minutes > 0:
            self.clock.advance(min(minutes, 9) * MINUTE)
            minutes -= 9
            for renew in list(self._renewals):
                self._renew(renew)

    def begin_to_renew(self) -> None:
        """Renewals of all sessions, which are steps of their processes from here on."""
        for renew in list(self._renewals):
            self._renewing.append(self.world.loop.create_task(_suppressed(renew)))
        self.world.settle()

    def _renew(self, renew: Callable[[], Awaitable[None]]) -> None:
        store = _lease(renew)._store  # pyright: ignore[reportPrivateUsage]
        assert isinstance(store, SteppedStore)
        store.is_free = True
        try:
            self.world.at_once(_suppressed(renew))
        finally:
            store.is_free = False

    def _forget_ended(self) -> None:
        for process in [process for process in self.processes if process.ended]:
            self.processes.remove(process)
            self._judge(process)

    def _judge(self, process: Process) -> None:
        failure = process.failure
        if failure is None:
            return
        self.ended_in_failure.append(failure)
        if process.store.is_dead and isinstance(failure, VaultError):
            return
        expected: tuple[type[Exception], ...] = (LeaseLost,)
        if process.name.startswith("writer"):
            # Taken over by a later session of the same backup, or collected in between.
            expected = (LeaseLost, CommitConflict, StagedDataLost, DamagedObject)
        if process.name.startswith("reader"):
            expected = (LeaseLost, BackupNotFound)
        if not isinstance(failure, expected):
            raise AssertionError(f"{process.name} failed") from failure

    # What must hold.

    def content(self, backup_id: str) -> Content:
        """What a backup is to hold."""
        return merged(POOL[unit] for unit in self.units[backup_id])

    def check(self) -> None:
        """After every step: what every manifest needs is there, and all that was promised."""
        live: set[str] = set()
        for name in self.store.keys(names.BACKUPS):
            backup_id = name.rpartition("/")[2]
            needed = self._packs(name)
            if names.expired_name(backup_id) in self.store.objects or needed is None:
                continue
            live.add(backup_id)
            missing = needed - self.store.objects.keys()
            assert not missing, f"{name} lost {missing}"
        assert self.committed <= live, f"lost: {self.committed - live}"

    def _packs(self, name: str) -> set[str] | None:
        # By what the object is, not only by its name: a mark may have taken its place.
        data = self.store.objects[name]
        if data not in self._needed:
            sealer = self.vault._sealer  # pyright: ignore[reportPrivateUsage]
            try:
                _, uses = self.world.at_once(read_header_and_packs(self.store, sealer, name))
            except BackupAbandoned:
                return None
            self._needed[data] = {names.pack_name(use.pack.pack_id) for use in uses}
        return self._needed[data]

    def check_contents(self) -> None:
        """Every blob of every backup that was promised."""
        prefixes = (names.PACKS, names.INDEX, names.BACKUPS, names.CONDEMNED)
        state = frozenset(key for key in self.store.objects if key.startswith(prefixes))
        if state == self._checked:
            return
        self._checked = state
        for backup_id in self.committed:
            found = self.world.at_once(read_all(self.vault, backup_id))
            assert found == self.content(backup_id)

    def finish(self) -> None:
        """Ends everything: nothing that was promised is lost, and no garbage is left."""
        for process in list(self.processes):
            self.kill(process)
        self.check_contents()
        for backup_id in sorted(self.committed):
            self.expire(backup_id)
        for name in self.store.keys(names.BACKUPS):
            # Committed by a process that was killed before it could tell.
            site, backup_id = names.split_backup_name(name)
            self.world.at_once(self.vault.abandon(site, backup_id, "test"))
        for _ in range(6):
            self.clock.advance(2 * HOUR)
            self.world.at_once(self.vault.collect())
        left = {key for key in self.store.objects if not key.startswith(("FORMAT", "keys/"))}
        assert {names.BACKUPS} >= {key.partition("/")[0] + "/" for key in left}, left
        self.clock.advance(31 * 24 * HOUR)
        self.world.at_once(self.vault.collect())
        left = {key for key in self.store.objects if not key.startswith(("FORMAT", "keys/"))}
        assert not left

    def close(self) -> None:
        """Gives the loop back."""
        for process in self.processes:
            process.kill()
        self.world.close()


def _lease(renew: Callable[[], Awaitable[None]]) -> Lease:
    holder: Any = getattr(renew, "__self__")  # noqa: B009
    lease = holder if isinstance(holder, Lease) else holder._lease
    assert isinstance(lease, Lease)
    return lease


async def _suppressed(renew: Callable[[], Awaitable[None]]) -> None:
    try:
        await renew()
    except VaultError:
        return
