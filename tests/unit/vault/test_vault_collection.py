"""The rules of collection, each by an example: what stays, what goes, and when."""

from __future__ import annotations

import datetime

import pytest

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import (
    BackupNotFound,
    ClockSkewed,
    DamagedObject,
    DeleteRefused,
    LeaseLost,
    StoreUnavailable,
)
from unit.vault.collected_vault import (
    DAY,
    HOUR,
    MINUTE,
    NEW,
    OLD,
    SECOND,
    World,
    all_of,
    left,
    merged_units,
)
from unit.vault.vault_helpers import (
    SITE,
    START,
    FaultStore,
    MemoryStore,
    facts,
    issues,
    make_backup,
    open_vault,
    read_all,
    write_unit,
    write_units,
)


@pytest.fixture
def world() -> World:
    return World()


async def test_what_backups_need_is_never_condemned(world: World) -> None:
    await world.back_up("b1", OLD)
    report = await world.collect()
    for _ in range(30):
        report = await world.collect(after=DAY)
        assert (report.condemned_packs_count, report.swept_packs_count) == (0, 0)
    assert report.live_backups_count == 1
    assert report.live_packs_count == len(world.packs)
    assert report.live_bytes == world.store.size_bytes("packs/")
    assert await all_of(world, "b1") == merged_units(OLD)


async def test_an_expired_backup_is_condemned_then_swept_a_day_later(world: World) -> None:
    await world.back_up("b1", OLD)
    world.clock.advance(14 * DAY)
    await world.expire("b1")
    report = await world.collect()
    assert report.condemned_packs_count == len(world.packs) > 0
    assert report.condemned_bytes == world.store.size_bytes("packs/")
    assert report.condemned_backups_count == 1
    assert report.swept_packs_count == 0
    report = await world.collect(after=DAY - SECOND)
    assert report.swept_packs_count == 0
    assert [pending.obstacle for pending in report.pending] == ["it waits for its time"]
    report = await world.collect(after=SECOND)
    assert report.swept_packs_count == report.kept_packs_count + report.swept_packs_count > 0
    assert report.swept_backups_count == 1
    assert not report.pending
    assert left(world) == {"FORMAT", "backups", "keys"}
    await world.collect(after=31 * DAY)
    assert left(world) == {"FORMAT", "keys"}


async def test_what_another_backup_shares_with_an_expired_one_stays(world: World) -> None:
    old = await world.back_up("b1", OLD)
    new = await world.back_up("b2", NEW)
    reader = await (await world.vault()).open_backup(SITE, "b2")
    needed = {names.pack_name(pack.pack_id) for pack in reader.packs}
    await reader.close()
    assert new < needed < old | new
    world.clock.advance(14 * DAY)
    await world.expire("b1")
    await world.collect()
    await world.collect(after=DAY)
    found = [header async for header in (await world.vault()).backups(include_expired=True)]
    assert [header.backup_id for header in found] == ["b2"]
    assert world.packs == needed
    assert await all_of(world, "b2") == merged_units(NEW)
    with pytest.raises(BackupNotFound):
        await all_of(world, "b1")


async def test_an_expired_backup_can_be_read_until_it_is_condemned(world: World) -> None:
    await world.back_up("b1", OLD)
    world.clock.advance(14 * DAY)
    await world.expire("b1")
    assert await all_of(world, "b1") == merged_units(OLD)
    await world.collect()
    with pytest.raises(BackupNotFound, match="being removed"):
        await all_of(world, "b1")


async def test_packs_of_no_backup_are_left_alone_for_a_day(world: World) -> None:
    await world.vault()
    await world.store.put_new("packs/00/" + 64 * "0", [b"put by a process that died at once"])
    report = await world.collect(after=DAY)
    assert report.condemned_packs_count == 0
    report = await world.collect(after=SECOND)
    assert report.condemned_packs_count == 1
    report = await world.collect(after=DAY)
    assert report.swept_packs_count == 1
    assert not world.packs


async def test_a_new_backup_does_not_count_on_what_is_condemned(world: World) -> None:
    first = await world.back_up("b1", OLD)
    world.clock.advance(14 * DAY)
    await world.expire("b1")
    await world.collect()
    world.clock.advance(HOUR)
    second = await world.back_up("b2", OLD)
    assert second
    await world.collect(after=DAY)
    assert world.packs == second
    assert not first & second
    assert await all_of(world, "b2") == merged_units(OLD)


async def test_what_a_backup_needs_that_began_before_is_kept(world: World) -> None:
    packs = await world.back_up("b1", OLD)
    world.clock.advance(14 * DAY)
    await world.expire("b1")
    vault = await world.vault()
    session = await vault.begin_backup("b2", site=SITE, fence=2)
    report = await world.collect()
    assert report.condemned_packs_count == len(packs)
    pages = await write_units(session, OLD)
    await session.commit(pages, facts())
    await session.close()
    report = await world.collect(after=DAY)
    assert report.kept_packs_count == len(packs)
    assert (report.swept_packs_count, report.swept_backups_count) == (0, 1)
    assert await all_of(world, "b2") == merged_units(OLD)
    assert not world.store.keys("gc/")


@pytest.mark.parametrize(("started", "waits"), [(5 * MINUTE, True), (5 * MINUTE + SECOND, False)])
async def test_only_leases_that_began_before_hold_a_sweep_up(
    world: World, started: datetime.timedelta, waits: bool
) -> None:
    await world.back_up("b1", OLD)
    world.clock.advance(14 * DAY)
    await world.expire("b1")
    await world.collect()
    world.clock.advance(started)
    session = await (await world.vault()).begin_backup("b2", site=SITE, fence=2)
    for _ in range(24 * 60 // 9 + 1):
        world.clock.advance(9 * MINUTE)
        await session.renew_lease()
    report = await world.collect()
    assert (report.swept_backups_count == 0) == waits
    assert [pending.obstacle for pending in report.pending] == (
        ["the lease leases/b2.00000161 began before"] if waits else []
    )
    await session.close()
    report = await world.collect()
    assert not report.pending
    assert not world.packs


@pytest.mark.parametrize(("later", "waits"), [(15 * MINUTE, True), (15 * MINUTE + SECOND, False)])
async def test_a_lease_is_over_when_its_time_and_the_skew_have_passed(
    world: World, later: datetime.timedelta, waits: bool
) -> None:
    await world.back_up("b1", OLD)
    world.clock.advance(14 * DAY)
    await world.expire("b1")
    session = await (await world.vault()).begin_backup("b2", site=SITE, fence=2)
    await world.collect()
    for _ in range(24 * 60 // 9 + 1):
        world.clock.advance(9 * MINUTE)
        await session.renew_lease()
    # The process dies here, or its machine sleeps.
    report = await world.collect(after=later)
    assert (report.swept_backups_count == 0) == waits
    await session.close()


async def test_a_reader_keeps_what_expires_while_it_reads(world: World) -> None:
    await world.back_up("b1", OLD)
    world.clock.advance(14 * DAY)
    vault = await world.vault()
    async with vault.reading():
        reader = await vault.open_backup(SITE, "b1")
        await world.expire("b1")
        await world.collect()
        lease = world.store.keys("leases/reader-")
        assert len(lease) == 1
        report = await world.collect(after=14 * MINUTE)
        for page in reader.all_pages:
            for entry in await reader.page_entries(page):
                await reader.read(entry)
        await reader.close()
        assert world.packs
    report = await world.collect(after=DAY)
    assert report.swept_backups_count == 1
    assert not world.packs


async def test_a_reader_holds_a_sweep_up_as_long_as_its_lease(world: World) -> None:
    await world.back_up("b1", OLD)
    world.clock.advance(14 * DAY)
    vault = await world.vault()
    await world.expire("b1")
    await world.collect()
    world.clock.advance(DAY - 16 * MINUTE)
    async with vault.reading():
        # It began long after: what is condemned it cannot open.
        with pytest.raises(BackupNotFound):
            await vault.open_backup(SITE, "b1")
        report = await world.collect(after=16 * MINUTE)
        assert report.swept_backups_count == 1


async def test_who_cannot_take_a_lease_reads_without() -> None:
    store = FaultStore()
    world = World(store)
    await world.back_up("b1", OLD)
    vault = await world.vault()
    store.fails_from = 0
    async with vault.reading():
        assert await read_all(vault, "b1") == merged_units(OLD)
    assert store.faults_fired > 0


async def test_an_unfinished_backup_may_resume_for_a_day(world: World) -> None:
    vault = await world.vault()
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    pages = await write_units(session, OLD)
    await session.close()
    for _ in range(24):
        report = await world.collect(after=HOUR)
        assert (report.condemned_packs_count, report.abandoned_backups_count) == (0, 0)
    session = await vault.begin_backup("b1", site=SITE, fence=2)
    await session.commit(pages, facts())
    await session.close()
    assert await all_of(world, "b1") == merged_units(OLD)


async def test_a_backup_that_nobody_goes_on_with_is_given_up_and_collected(world: World) -> None:
    vault = await world.vault()
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    pages = await write_units(session, OLD)
    await session.close()
    report = await world.collect(after=DAY + SECOND)
    assert report.abandoned_backups_count == 1
    assert [header async for header in vault.backups(include_expired=True)] == []
    assert await vault.find_backup(SITE, "b1") is None
    with pytest.raises(BackupNotFound, match="given up"):
        await vault.open_backup(SITE, "b1")
    with pytest.raises(BackupNotFound, match="given up"):
        await vault.check(SITE, "b1")
    with pytest.raises(BackupNotFound, match="given up"):
        await vault.expire(SITE, "b1", "why not")
    with pytest.raises(LeaseLost, match="Start a new one"):
        await vault.begin_backup("b1", site=SITE, fence=2)
    assert not world.store.keys("leases/")
    assert (await world.collect()).condemned_packs_count == len(world.packs) > 0
    await world.collect(after=DAY)
    assert not world.packs
    assert not world.store.keys("index/")
    assert world.store.keys("backups/") == [f"backups/{SITE}/b1"]
    await world.collect(after=30 * DAY)
    assert set(world.store.keys()) == {"FORMAT", *world.store.keys("keys/")}
    assert pages


async def test_a_commit_that_comes_after_its_backup_was_given_up_is_refused(world: World) -> None:
    vault = await world.vault()
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    pages = await write_units(session, OLD)
    await vault.abandon(SITE, "b1", "its operation failed")
    with pytest.raises(LeaseLost, match="given up"):
        await session.commit(pages, facts())
    await session.close()


async def test_a_commit_that_came_before_its_backup_was_given_up_expires(world: World) -> None:
    vault = await world.vault()
    await world.back_up("b1", OLD)
    await vault.abandon(SITE, "b1", "its operation failed")
    marker = await vault.expiry("b1")
    assert marker is not None
    assert marker.reason == "its operation failed"
    assert [header async for header in vault.backups()] == []


async def test_what_an_unfinished_backup_counts_on_holds_a_sweep_up(world: World) -> None:
    packs = await world.back_up("b1", OLD)
    world.clock.advance(14 * DAY)
    await world.expire("b1")
    vault = await world.vault()
    session = await vault.begin_backup("b2", site=SITE, fence=1)
    await world.collect()
    pages = await write_units(session, OLD)
    await session.close()
    report = await world.collect(after=DAY)
    assert [pending.obstacle for pending in report.pending] == [
        "backup b2 counts on it and has not ended"
    ]
    assert world.packs == packs
    assert pages
    await world.collect(after=SECOND)
    await world.collect(after=SECOND)
    assert not world.packs


async def test_a_manifest_that_cannot_be_read_stops_the_collection_by_name(world: World) -> None:
    await world.back_up("b1", OLD)
    await world.back_up("b2", NEW)
    world.clock.advance(14 * DAY)
    await world.expire("b1")
    name = f"backups/{SITE}/b2"
    whole = world.store.objects[name]
    world.store.objects[name] = whole[:30] + b"?" + whole[31:]
    with pytest.raises(DamagedObject, match=name):
        await world.collect()
    assert not world.store.keys("gc/")
    assert not world.store.keys("leases/")
    await world.expire("b2")
    await world.collect()
    await world.collect(after=DAY)
    assert not world.packs


async def test_a_manifest_of_an_expired_backup_may_be_damaged(world: World) -> None:
    await world.back_up("b1", OLD)
    world.clock.advance(14 * DAY)
    await world.expire("b1")
    world.store.objects[f"backups/{SITE}/b1"] = b"nothing"
    await world.collect()
    await world.collect(after=DAY)
    assert left(world) == {"FORMAT", "backups", "keys"}
    assert await (await world.vault()).find_backup(SITE, "b1") is None


async def test_an_index_of_an_unfinished_backup_that_cannot_be_read_stops_it(world: World) -> None:
    vault = await world.vault()
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    await write_units(session, OLD)
    await session.close()
    name = world.store.keys("index/b1.")[0]
    world.store.objects[name] = b"nothing"
    with pytest.raises(DamagedObject, match=name):
        await world.collect(after=2 * DAY)
    others = world.store.keys("index/b1.")[1:]
    if not others:
        await world.collect(after=31 * DAY)
    else:
        await world.collect(after=HOUR)
    await world.collect(after=DAY)
    await world.collect(after=DAY)
    assert not world.packs
    assert not world.store.keys("index/")


async def test_a_condemned_list_that_cannot_be_read_condemns_nothing(world: World) -> None:
    packs = await world.back_up("b1", OLD)
    world.clock.advance(14 * DAY)
    await world.expire("b1")
    await world.collect()
    (name,) = [key for key in world.store.keys("gc/") if key.endswith(".condemned")]
    world.store.objects[name] = b"nothing"
    vault = await world.vault()
    with pytest.raises(DamagedObject, match=name):
        await vault.begin_backup("b2", site=SITE, fence=1)
    assert await all_of(world, "b1") == merged_units(OLD)
    report = await world.collect()
    assert report.swept_packs_count == 0
    assert name not in world.store.objects
    assert world.packs == packs
    await world.collect(after=HOUR)
    await world.collect(after=DAY)
    assert not world.packs


async def test_a_lease_that_cannot_be_read_holds_everything_up_for_a_day(world: World) -> None:
    await world.back_up("b1", OLD)
    world.clock.advance(14 * DAY)
    await world.expire("b1")
    await world.collect()
    world.clock.advance(DAY)
    await world.store.put_new("leases/b9.00000000", [b"nothing"])
    assert (await world.collect(after=DAY)).swept_backups_count == 0
    assert (await world.collect(after=SECOND)).swept_backups_count == 1
    assert not world.store.keys("leases/")


class LockedStore(MemoryStore):
    """Lets nothing go that is younger than a retention, as a bucket with object lock."""

    retention = 20 * DAY
    refused = 0

    async def delete(self, key: str) -> None:
        there = key in self.objects and not key.startswith("leases/")
        if there and self.modified[key] + self.retention > self.clock.now():
            self.refused += 1
            raise DeleteRefused(f"{key} is under a retention lock")
        await super().delete(key)


async def test_what_the_store_does_not_let_go_stays_and_is_tried_again() -> None:
    store = LockedStore()
    world = World(store)
    await world.back_up("b1", OLD)
    world.clock.advance(14 * DAY)
    await world.back_up("b2", NEW)
    await world.expire("b1")
    await world.collect()
    report = await world.collect(after=DAY)
    assert store.refused
    assert report.retained_objects_count > 0
    assert f"backups/{SITE}/b1" in store.objects
    assert "expired/b1" in store.objects
    assert [header.backup_id async for header in (await world.vault()).backups()] == ["b2"]
    for _ in range(5):
        before = len(store.objects)
        await world.collect(after=HOUR)
        assert len(store.objects) == before
    await world.collect(after=5 * DAY)
    assert await (await world.vault()).find_backup(SITE, "b1") is None
    await world.collect(after=20 * DAY)
    assert not store.keys("gc/")
    assert not store.keys("expired/")
    assert await all_of(world, "b2") == merged_units(NEW)


async def test_a_collection_that_died_at_any_change_is_finished_by_the_next() -> None:
    async def prepared() -> tuple[World, FaultStore]:
        store = FaultStore()
        world = World(store)
        await world.back_up("b1", OLD)
        await world.back_up("b2", {"u9": issues(900, 30, text="short-lived")})
        await world.back_up("b3", NEW)
        session = await (await world.vault()).begin_backup("b4", site=SITE, fence=1)
        await write_unit(session.unit("u"), issues(700, 20, text="unfinished"))
        await session.close()
        world.clock.advance(14 * DAY)
        await world.expire("b1")
        await world.expire("b2")
        await world.collect()
        world.clock.advance(DAY)
        return world, store

    world, store = await prepared()
    before = store.changes
    await world.collect()
    total = store.changes - before
    assert total > 10
    expected = {key.split("/")[0] for key in store.objects}
    packs = len(world.packs)
    for failing in range(1, total + 1):
        world, store = await prepared()
        store.fails_from = store.changes + failing
        try:
            await world.collect()
        except StoreUnavailable:
            pass
        else:
            assert failing == total, "only the removal of its lease may fail unnoticed"
        assert store.faults_fired > 0
        store.fails_from = None
        assert await all_of(world, "b3") == merged_units(NEW)
        await world.collect()
        assert await all_of(world, "b3") == merged_units(NEW)
        await world.collect(after=HOUR)
        assert len(world.packs) <= packs + 1
        await world.collect(after=DAY)
        await world.collect(after=DAY)
        assert {key.split("/")[0] for key in store.objects} <= expected
        assert not store.keys("gc/")
        assert await all_of(world, "b3") == merged_units(NEW)
        await world.back_up("b5", OLD)
        assert await all_of(world, "b5") == merged_units(OLD)


async def test_a_collection_tells_before_it_does_anything(world: World) -> None:
    await world.back_up("b1", OLD)
    world.clock.advance(14 * DAY)
    await world.expire("b1")
    before = dict(world.store.objects)
    told = await (await world.vault()).collect(dry_run=True)
    assert world.store.objects == before
    assert await world.collect() == told
    world.clock.advance(DAY)
    told = await (await world.vault()).collect(dry_run=True)
    done = await world.collect()
    assert (told.swept_packs_count, told.swept_bytes, told.swept_backups_count) == (
        done.swept_packs_count,
        done.swept_bytes,
        done.swept_backups_count,
    )
    assert done.swept_packs_count > 0


async def test_a_marker_without_a_backup_is_removed_after_a_day(world: World) -> None:
    await world.back_up("b1", OLD)
    await world.expire("b1")
    await world.store.delete(f"backups/{SITE}/b1")
    await world.collect(after=DAY)
    assert world.store.keys("expired/")
    await world.collect(after=SECOND)
    assert not world.store.keys("expired/")


async def test_lists_and_reports_of_a_backup_go_with_it(world: World) -> None:
    await world.back_up("b1", OLD)
    await world.back_up("b2", NEW)
    for backup_id in ("b1", "b2"):
        await world.store.put_new(f"files/{backup_id}.0", [b"known files"])
        await world.store.put_new(f"verify/{backup_id}/{32 * '0'}", [b"a report"])
    world.clock.advance(14 * DAY)
    await world.expire("b1")
    await world.collect()
    await world.collect(after=DAY)
    assert world.store.keys("files/") == ["files/b2.0"]
    assert world.store.keys("verify/") == [f"verify/b2/{32 * '0'}"]


@pytest.mark.parametrize("owner", ["merged", "reader-0123456789abcdef"])
async def test_a_backup_cannot_have_an_id_that_the_vault_uses(world: World, owner: str) -> None:
    with pytest.raises(ValueError, match="the vault itself uses it"):
        await (await world.vault()).begin_backup(owner, site=SITE, fence=1)


class TestClocks:
    @pytest.mark.parametrize("minutes", [-6, 6])
    async def test_a_lease_is_refused_where_the_clocks_differ_too_much(self, minutes: int) -> None:
        store = MemoryStore()
        vault = await open_vault(store, clock=ManualClock(START))
        store.clock = ManualClock(START + minutes * MINUTE)
        with pytest.raises(ClockSkewed, match=r"2026-01-05 08:00:00 UTC, the vault's store 2026-"):
            await vault.begin_backup("b1", site=SITE, fence=1)
        with pytest.raises(ClockSkewed):
            await vault.collect()
        with pytest.raises(ClockSkewed):
            async with vault.reading():
                pass
        assert not store.keys("leases/")

    @pytest.mark.parametrize("minutes", [-5, 5])
    async def test_five_minutes_are_allowed(self, minutes: int) -> None:
        store = MemoryStore()
        vault = await open_vault(store, clock=ManualClock(START))
        store.clock = ManualClock(START + minutes * MINUTE)
        await make_backup(vault, "b1", OLD)
        assert (await vault.collect()).live_backups_count == 1

    async def test_a_session_ends_when_the_clock_is_set_to_another_time(self) -> None:
        clock, store = ManualClock(START), MemoryStore()
        vault = await open_vault(store, clock=clock)
        store.clock = ManualClock(START)
        session = await vault.begin_backup("b1", site=SITE, fence=1)
        clock.advance(7 * MINUTE)
        with pytest.raises(ClockSkewed):
            await session.renew_lease()
        with pytest.raises(ClockSkewed):
            session.unit("u")
        await session.close()
