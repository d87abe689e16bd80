from __future__ import annotations

import contextlib
import datetime
import random

import pytest

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.condemned import Condemnation, encode_condemned
from sitekeep_shared.vault.errors import (
    CommitConflict,
    DamagedObject,
    LeaseLost,
    SessionClosed,
    StagedDataLost,
    StoreUnavailable,
    VaultError,
)
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.vault import Vault
from unit.vault.vault_helpers import (
    SITE,
    SMALL,
    START,
    Content,
    FaultStore,
    MemoryStore,
    facts,
    issues,
    make_backup,
    merged,
    open_vault,
    read_all,
    write_unit,
    write_units,
)

UNITS = {
    "u1": issues(1, 40),
    "u2": issues(30, 40),
    "u3": Content(files={(Kind.ATTACHMENT, "a"): random.Random(7).randbytes(40_000)}),
}


class Coordinator:
    """Keeps page references across crashes, as the database does."""

    def __init__(self, store: FaultStore) -> None:
        self.store = store
        self.pages: dict[str, list[PageReference]] = {}
        self.units_run = 0

    async def run(self, backup_id: str) -> None:
        """One life of a process: goes on with what is left; may die at any change."""
        vault = await open_vault(self.store)
        if await vault.find_backup(SITE, backup_id) is not None:
            return
        session = await vault.begin_backup(backup_id, site=SITE, fence=1)
        try:
            for key, content in UNITS.items():
                if key not in self.pages:
                    self.pages[key] = await write_unit(session.unit(key), content)
                    self.units_run += 1
            await session.commit([page for pages in self.pages.values() for page in pages], facts())
        finally:
            await session.close()


async def _changes_of_a_run() -> int:
    store = FaultStore()
    await Coordinator(store).run("b1")
    return store.changes


async def test_a_crash_at_any_change_leaves_a_vault_that_a_resume_completes() -> None:
    total = await _changes_of_a_run()
    assert total > 12
    resumed_with_less_work = 0
    for failing in range(1, total + 1):
        coordinator = Coordinator(FaultStore())
        coordinator.store.fails_from = failing
        with contextlib.suppress(StoreUnavailable):
            await coordinator.run("b1")
        assert coordinator.store.faults_fired > 0, f"the fault at change {failing} did not fire"
        coordinator.store.fails_from = None
        units_before, coordinator.units_run = coordinator.units_run, 0
        await coordinator.run("b1")
        vault = await open_vault(coordinator.store)
        assert await read_all(vault, "b1") == merged(UNITS.values())
        resumed_with_less_work += 0 < units_before < len(UNITS)
        assert units_before + coordinator.units_run in (0, len(UNITS))
    assert resumed_with_less_work > 0


async def test_a_crash_at_any_change_leaves_earlier_backups_and_lets_a_new_one_succeed() -> None:
    base = FaultStore()
    await make_backup(await open_vault(base), "b0", {"u1": issues(20, 30)})
    for failing in range(1, await _changes_of_a_run() - 1):
        store = FaultStore(dict(base.objects))
        coordinator = Coordinator(store)
        store.fails_from = failing
        with contextlib.suppress(StoreUnavailable):
            await coordinator.run("b1")
        assert store.faults_fired > 0
        store.fails_from = None
        vault = await open_vault(store)
        assert await read_all(vault, "b0") == issues(20, 30)
        assert (await anext(vault.backups())).backup_id == "b0"
        await make_backup(vault, "b2", UNITS)
        assert await read_all(vault, "b2") == merged(UNITS.values())


async def test_nothing_is_ever_written_before_what_it_refers_to() -> None:
    store = MemoryStore()
    await make_backup(await open_vault(store), "b1", UNITS)
    kinds = [key.split("/")[0] for key in store.put_order]
    assert kinds[:3] == ["FORMAT", "keys", "leases"]
    assert kinds[-1] == "backups"
    assert kinds[-2] == "index"
    assert "packs" in kinds[3:-2]


@pytest.mark.parametrize("prefix", ["leases/", "backups/"])
async def test_a_write_whose_answer_was_lost_is_recognised_as_ours(prefix: str) -> None:
    store = FaultStore()
    vault = await open_vault(store)
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    pages = await write_units(session, UNITS)
    store.lost_answer = lambda key: key.startswith(prefix)
    if prefix == "leases/":
        with pytest.raises(StoreUnavailable):
            await session.renew_lease()
        await session.renew_lease()
    await session.commit(pages, facts())
    await session.close()
    assert store.faults_fired == 1
    assert await read_all(vault, "b1") == merged(UNITS.values())


async def test_committing_twice_in_one_session_is_a_success() -> None:
    vault = await open_vault(MemoryStore())
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    pages = await write_units(session, UNITS)
    first = await session.commit(pages, facts())
    assert await session.commit(pages, facts()) == first
    await session.close()


async def test_a_backup_that_another_session_committed_is_a_conflict_and_can_be_found() -> None:
    vault = await open_vault(MemoryStore())
    await make_backup(vault, "b1", UNITS)
    session = await vault.begin_backup("b1", site=SITE, fence=2)
    pages = await write_units(session, UNITS)
    with pytest.raises(CommitConflict):
        await session.commit(pages, facts())
    await session.close()
    header = await vault.find_backup(SITE, "b1")
    assert header is not None
    assert header.fence == 1


async def test_a_resumed_session_puts_nothing_that_is_durable_already() -> None:
    store = FaultStore()
    vault = await open_vault(store)
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    pages = await write_unit(session.unit("u1"), UNITS["u1"])
    await session.close()
    packs = store.keys("packs/")
    session = await vault.begin_backup("b1", site=SITE, fence=2)
    assert await write_unit(session.unit("u1"), UNITS["u1"]) == pages
    assert session.statistics.new_blobs == 0
    await session.commit(pages, facts())
    await session.close()
    assert store.keys("packs/") == packs
    assert store.keys("leases/") == []
    assert await read_all(vault, "b1") == UNITS["u1"]


async def test_a_store_that_fails_fails_every_unit_that_waits_and_all_that_come_after() -> None:
    store = FaultStore()
    vault = await open_vault(store)
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    writer, other = session.unit("u1"), session.unit("u2")
    store.fails_from = store.changes + 1
    with pytest.raises(StoreUnavailable):
        await write_unit(writer, UNITS["u1"])
    with pytest.raises(StoreUnavailable):
        await other.put_record(Kind.USER, "u", b"x")
    assert isinstance(session.failure, StoreUnavailable)
    await session.close()


async def test_a_closed_session_takes_nothing_more() -> None:
    vault = await open_vault(MemoryStore())
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    writer = session.unit("u1")
    await session.close()
    with pytest.raises(SessionClosed):
        await writer.put_record(Kind.USER, "u", b"x")
    with pytest.raises(SessionClosed):
        session.unit("u2")
    with pytest.raises(SessionClosed):
        await session.commit([], facts())
    await session.close()


async def test_a_finished_unit_takes_nothing_more() -> None:
    vault = await open_vault(MemoryStore())
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    writer = session.unit("u1")
    await writer.finish()
    with pytest.raises(ValueError, match="finished already"):
        await writer.put_record(Kind.USER, "u", b"x")
    await session.close()


async def test_page_references_of_another_backup_are_refused() -> None:
    vault = await open_vault(MemoryStore())
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    pages = await write_units(session, UNITS)
    await session.close()
    session = await vault.begin_backup("b2", site=SITE, fence=1)
    with pytest.raises(StagedDataLost, match="u1"):
        await session.commit(pages, facts())
    await session.close()


async def test_what_a_collection_removed_between_two_lives_has_to_be_staged_again() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    pages = await write_units(session, UNITS)
    await session.close()
    for key in [*store.keys("index/"), *store.keys("packs/")]:
        await store.delete(key)
    session = await vault.begin_backup("b1", site=SITE, fence=2)
    with pytest.raises(StagedDataLost):
        await session.commit(pages, facts())
    again = await write_units(session, UNITS)
    with pytest.raises(StagedDataLost):
        await session.commit([*again[1:], pages[0]], facts())
    await session.commit(again, facts())
    await session.close()
    assert await read_all(vault, "b1") == merged(UNITS.values())


async def test_condemned_packs_count_as_absent() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    await make_backup(vault, "b1", {"u1": UNITS["u1"]})
    packs = store.keys("packs/")
    sealer: Sealer = vault._sealer  # pyright: ignore[reportPrivateUsage]
    references = [
        PackReference(bytes.fromhex(key.rpartition("/")[2]), len(store.objects[key]))
        for key in packs
    ]
    name = "gc/1.condemned"
    await store.put_new(name, [encode_condemned(sealer, name, Condemnation(START, references, []))])
    await make_backup(vault, "b2", {"u1": UNITS["u1"]})
    for key in packs:
        await store.delete(key)
    assert await read_all(vault, "b2") == UNITS["u1"]


async def test_a_backup_stages_again_what_a_lost_pack_held() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    await make_backup(vault, "b1", UNITS)
    lost = store.keys("packs/")[0]
    await store.delete(lost)
    assert list((await vault.check(SITE, "b1")).missing_packs) == [lost]
    await make_backup(vault, "b2", UNITS)
    assert (await vault.check(SITE, "b2")).is_sound
    assert await read_all(vault, "b2") == merged(UNITS.values())


async def test_a_commit_finds_that_a_pack_is_missing_or_cut_short() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    pages = await write_units(session, UNITS)
    victim = store.keys("packs/")[0]
    whole = store.objects[victim]
    store.objects[victim] = whole[:-1]
    with pytest.raises(DamagedObject, match=victim):
        await session.commit(pages, facts())
    del store.objects[victim]
    with pytest.raises(DamagedObject, match=victim):
        await session.commit(pages, facts())
    store.objects[victim] = whole
    await session.commit(pages, facts())
    await session.close()


class TestLease:
    async def _session(self, clock: ManualClock, store: MemoryStore) -> Vault:
        return await open_vault(store, clock=clock)

    @pytest.mark.parametrize(("seconds", "is_lost"), [(479, False), (481, True), (601, True)])
    async def test_a_commit_needs_two_minutes_of_lease(self, seconds: int, is_lost: bool) -> None:
        clock = ManualClock(START)
        vault = await self._session(clock, MemoryStore())
        session = await vault.begin_backup("b1", site=SITE, fence=1)
        pages = await write_units(session, UNITS)
        clock.advance(datetime.timedelta(seconds=seconds))
        if is_lost:
            with pytest.raises(LeaseLost):
                await session.commit(pages, facts())
            assert await vault.find_backup(SITE, "b1") is None
        else:
            await session.commit(pages, facts())
        await session.close()

    async def test_a_renewed_lease_lets_commit_and_leaves_one_object(self) -> None:
        clock, store = ManualClock(START), MemoryStore()
        vault = await self._session(clock, store)
        session = await vault.begin_backup("b1", site=SITE, fence=1)
        pages = await write_units(session, UNITS)
        clock.advance(datetime.timedelta(seconds=500))
        await session.renew_lease()
        assert store.keys("leases/") == ["leases/b1.00000001"]
        clock.advance(datetime.timedelta(seconds=400))
        committed = await session.commit(pages, facts())
        assert committed.header.lease == "leases/b1.00000001"
        await session.close()
        assert store.keys("leases/") == []

    async def test_a_lease_that_ran_out_cannot_be_renewed_and_ends_the_session(self) -> None:
        clock = ManualClock(START)
        vault = await self._session(clock, MemoryStore())
        session = await vault.begin_backup("b1", site=SITE, fence=1)
        clock.advance(datetime.timedelta(seconds=601))
        with pytest.raises(LeaseLost):
            await session.renew_lease()
        with pytest.raises(LeaseLost):
            session.unit("u1")
        await session.close()

    async def test_a_checkpoint_is_refused_when_the_lease_ran_out(self) -> None:
        clock = ManualClock(START)
        vault = await self._session(clock, MemoryStore())
        session = await vault.begin_backup("b1", site=SITE, fence=1)
        writer = session.unit("u1")
        await writer.put_record(Kind.USER, "u", b"x")
        clock.advance(datetime.timedelta(seconds=601))
        with pytest.raises(LeaseLost):
            await writer.finish()
        await session.close()

    async def test_a_session_that_was_taken_over_can_neither_renew_nor_stage_nor_commit(
        self,
    ) -> None:
        store = MemoryStore()
        vault = await open_vault(store)
        old = await vault.begin_backup("b1", site=SITE, fence=1)
        pages = await write_unit(old.unit("u1"), UNITS["u1"])
        new = await vault.begin_backup("b1", site=SITE, fence=2)
        await write_unit(new.unit("u2"), UNITS["u2"])
        with pytest.raises(LeaseLost):
            await old.commit(pages, facts())
        with pytest.raises(LeaseLost):
            await write_unit(old.unit("u3"), UNITS["u3"])
        await old.close()
        third = await vault.begin_backup("b1", site=SITE, fence=3)
        with pytest.raises(LeaseLost):
            await new.renew_lease()
        await new.close()
        await third.close()

    async def test_every_lease_error_is_an_error_of_the_vault(self) -> None:
        assert issubclass(LeaseLost, VaultError)
        assert SMALL.lease_seconds > SMALL.commit_margin_seconds
