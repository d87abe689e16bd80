"""Which packs a new backup takes over: none that is too old, none that is nearly dead."""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.known_file import FileIdentity
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.vault import Vault
from unit.vault.vault_helpers import (
    SITE,
    SMALL,
    START,
    Content,
    MemoryStore,
    facts,
    issues,
    open_vault,
    pieces,
    read_all,
    write_units,
)

DAY = datetime.timedelta(days=1)
WINDOW = replace(SMALL, reuse_seconds=7 * DAY.total_seconds())
FLAT = replace(SMALL, page_entries=1024, page_bytes=1 << 20)
"""All entries of a unit in one page."""


async def back_up(
    vault: Vault, backup: str, content: Content, *, site: str = SITE, day: float = 0
) -> int:
    """Returns the size of the packs that were new."""
    session = await vault.begin_backup(backup, site=site, fence=1)
    try:
        pages = await write_units(session, {"u1": content})
        finished = START + day * DAY
        committed = await session.commit(pages, replace(facts(), finished=finished))
        return committed.header.new_bytes
    finally:
        await session.close()


def changed(content: Content, numbers: range, text: str) -> Content:
    fresh = issues(numbers.start, len(numbers), text=text)
    return Content({**content.records, **fresh.records}, dict(content.files))


@pytest.mark.parametrize(("later", "reused"), [(7 * DAY, True), (7 * DAY + DAY / 86_400, False)])
async def test_packs_older_than_the_window_count_as_absent(
    later: datetime.timedelta, reused: bool
) -> None:
    clock = ManualClock(START)
    store = MemoryStore(clock)
    vault = await open_vault(store, clock=clock, limits=WINDOW)
    content = issues(1, 100)
    first = await back_up(vault, "b1", content)
    clock.advance(later)
    second = await back_up(vault, "b2", content)
    assert (second == 0) == reused
    assert second == 0 or abs(second - first) < first / 10
    assert await read_all(vault, "b2") == content


async def test_a_file_in_a_pack_older_than_the_window_is_fetched_again() -> None:
    clock = ManualClock(START)
    vault = await open_vault(MemoryStore(clock), clock=clock, limits=WINDOW)
    identity = FileIdentity("1", "1", 5000)
    assert await _fetches(vault, "b1", identity)
    clock.advance(7 * DAY)
    assert not await _fetches(vault, "b2", identity)
    clock.advance(datetime.timedelta(milliseconds=1))
    assert await _fetches(vault, "b3", identity)
    clock.advance(7 * DAY)
    assert not await _fetches(vault, "b4", identity)


async def _fetches(vault: Vault, backup: str, identity: FileIdentity) -> bool:
    session = await vault.begin_backup(backup, site=SITE, fence=1)
    unit = session.unit("u1")
    known = unit.find_file(Kind.ATTACHMENT, identity)
    data = random.Random(1).randbytes(identity.size_bytes)
    reused = known is not None and unit.reuse_file(Kind.ATTACHMENT, "1", known) is not None
    if not reused:
        await unit.put_file(Kind.ATTACHMENT, "1", pieces(data), identity=identity)
    await session.commit(await unit.finish(), facts())
    await session.close()
    assert (await read_all(vault, backup)).files == {(Kind.ATTACHMENT, "1"): data}
    return not reused


async def test_a_resumed_backup_keeps_what_it_counted_on_when_the_window_was_open() -> None:
    clock = ManualClock(START)
    vault = await open_vault(MemoryStore(clock), clock=clock, limits=WINDOW)
    content = issues(1, 100)
    await back_up(vault, "b1", content)
    clock.advance(6 * DAY)
    session = await vault.begin_backup("b2", site=SITE, fence=1)
    pages = await write_units(session, {"u1": content})
    await session.close()
    clock.advance(2 * DAY)
    session = await vault.begin_backup("b2", site=SITE, fence=1)
    committed = await session.commit(pages, facts())
    await session.close()
    assert committed.header.new_bytes == 0
    assert await read_all(vault, "b2") == content


async def test_a_pack_that_is_mostly_dead_is_left_by_what_still_lives_in_it() -> None:
    store = MemoryStore()
    vault = await open_vault(store, limits=FLAT)
    content = issues(1, 100)
    await back_up(vault, "b1", content)
    old = set(store.keys("packs/"))
    content = changed(content, range(1, 81), "new")
    await back_up(vault, "b2", content, day=1)
    assert old & await _needed(vault, store, "b2")
    await back_up(vault, "b3", content, day=2)
    assert not old & await _needed(vault, store, "b3")
    assert await read_all(vault, "b3") == content
    assert await back_up(vault, "b4", content, day=3) == 0


@pytest.mark.parametrize(("more", "stays"), [(0, True), (1, False)])
async def test_a_pack_stays_while_its_share_in_use_is_not_less_than_the_limit(
    more: int, stays: bool
) -> None:
    store = MemoryStore()
    vault = await open_vault(store, limits=FLAT)
    content = Content({(Kind.ISSUE, str(number)): bytes([number]) * 1000 for number in range(10)})
    await back_up(vault, "b1", content)
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    (whole,) = session.staging.pack_uses()
    await session.close()
    content.records.pop((Kind.ISSUE, "9"))
    await back_up(vault, "b2", content, day=1)
    share = (9000 + more) / whole.used_bytes
    strict = await open_vault(store, limits=replace(FLAT, sparse_pack_share=share))
    assert (await back_up(strict, "b4", content, day=2) == 0) == stays


async def test_what_another_site_uses_of_a_pack_counts() -> None:
    vault = await open_vault(MemoryStore(), limits=FLAT)
    content = issues(1, 100)
    await back_up(vault, "b1", content)
    await back_up(vault, "b2", content, site="site-2")
    changed_content = changed(content, range(1, 81), "new")
    await back_up(vault, "b3", changed_content, day=1)
    assert await back_up(vault, "b4", changed_content, day=2) == 0


async def test_only_the_newest_backup_of_a_site_counts_and_no_expired_one() -> None:
    vault = await open_vault(MemoryStore(), limits=FLAT)
    content = issues(1, 100)
    small = changed(content, range(1, 81), "new")
    await back_up(vault, "b1", content)
    await back_up(vault, "b8", content, day=3)
    await back_up(vault, "b2", small, day=1)
    await back_up(vault, "b9", content, day=0.5)
    await vault.expire(SITE, "b8", "over")
    assert await back_up(vault, "b3", small, day=2) > 0


async def test_packs_of_a_backup_that_was_never_committed_are_reused() -> None:
    vault = await open_vault(MemoryStore(), limits=FLAT)
    content = issues(1, 100)
    await back_up(vault, "b0", issues(1, 5))
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    await write_units(session, {"u1": content})
    await session.close()
    assert await back_up(vault, "b2", content, day=1) == 0


async def test_a_referenced_file_stays_in_a_sparse_pack_until_it_is_fetched_anew() -> None:
    clock = ManualClock(START)
    store = MemoryStore()
    vault = await open_vault(store, clock=clock, limits=replace(SMALL, pack_target_bytes=1 << 20))
    files = {str(number): random.Random(number).randbytes(900) for number in range(10)}

    async def export(backup: str, wanted: Sequence[str], days: int | None) -> int:
        keeping = None if days is None else days * DAY
        session = await vault.begin_backup(backup, site=SITE, fence=1, keeping=keeping)
        unit = session.unit("u1")
        fetched = 0
        for id_ in wanted:
            identity = FileIdentity(id_, "", 900)
            known = unit.find_file(Kind.ATTACHMENT, identity)
            if known is None or unit.reuse_file(Kind.ATTACHMENT, id_, known) is None:
                await unit.put_file(Kind.ATTACHMENT, id_, pieces(files[id_]), identity=identity)
                fetched += 1
        at = replace(facts(), finished=clock.now())
        await session.commit(await unit.finish(), at)
        await session.close()
        clock.advance(DAY)
        return fetched

    assert await export("b1", list(files), None) == 10
    first = set(store.keys("packs/"))
    assert await export("b2", ["0", "1"], None) == 0
    assert await export("b3", ["0", "1"], None) == 0
    files_pack = max(first, key=lambda key: len(store.objects[key]))
    assert files_pack in await _needed(vault, store, "b3")
    clock.advance(30 * DAY)
    assert await export("b4", ["0", "1"], 30) == 2
    assert files_pack not in await _needed(vault, store, "b4")
    found = (await read_all(vault, "b4")).files
    assert found == {(Kind.ATTACHMENT, id_): files[id_] for id_ in ("0", "1")}


async def test_a_manifest_that_cannot_be_read_leaves_every_pack_in_use() -> None:
    store = MemoryStore()
    vault = await open_vault(store, limits=FLAT)
    content = issues(1, 100)
    await back_up(vault, "b1", content)
    content = changed(content, range(1, 81), "new")
    await back_up(vault, "b2", content, day=1)
    await back_up(vault, "b3", issues(1, 2), site="site-2")
    name = "backups/site-2/b3"
    store.objects[name] = store.objects[name][:100]
    assert await back_up(vault, "b4", content, day=2) == 0


async def test_a_resumed_backup_counts_what_it_cannot_know_in_full() -> None:
    store = MemoryStore()
    vault = await open_vault(store, limits=FLAT)
    content = issues(1, 100)
    await back_up(vault, "b1", content)
    small = Content(dict(list(content.records.items())[:10]))
    session = await vault.begin_backup("b2", site=SITE, fence=1)
    pages = await write_units(session, {"u1": small})
    sure = {use.pack: use.used_bytes for use in session.staging.pack_uses()}
    await session.close()
    session = await vault.begin_backup("b2", site=SITE, fence=1)
    resumed = {use.pack: use.used_bytes for use in session.staging.pack_uses()}
    await session.commit(pages, facts())
    await session.close()
    assert sure.keys() == resumed.keys()
    assert all(resumed[pack] >= used for pack, used in sure.items())
    assert sum(resumed.values()) > 2 * sum(sure.values())


async def _needed(vault: Vault, store: MemoryStore, backup: str) -> set[str]:
    reader = await vault.open_backup(SITE, backup)
    await reader.close()
    return {
        key
        for key in store.keys("packs/")
        if any(key.endswith(one.pack_id.hex()) for one in reader.packs)
    }


async def test_a_vault_with_a_little_change_a_day_gives_up_what_is_dead_and_then_rests() -> None:
    with_dead, written = await _month(replace(SMALL, sparse_pack_share=0))
    without, moved = await _month(SMALL)
    assert without < 0.6 * with_dead
    assert sum(moved) < 2.5 * sum(written)
    assert moved[-3:] == [0, 0, 0]


async def _month(limits: Limits) -> tuple[int, list[int]]:
    """Size of the packs after a month of change and a week of rest, and what each day wrote."""
    store, chance = MemoryStore(), random.Random(5)
    vault = await open_vault(store, limits=replace(limits, page_entries=100, page_bytes=1 << 16))
    content, written = issues(1, 100), list[int]()
    for day in range(37):
        for number in chance.sample(range(1, 101), 4 if day < 30 else 0):
            content = changed(content, range(number, number + 1), f"day {day}")
        written.append(await back_up(vault, f"b{day:02d}", content, day=day))
        assert await read_all(vault, f"b{day:02d}") == content
        if day >= 3:
            await vault.expire(SITE, f"b{day - 3:02d}", "over")
            await _collect(vault, store)
    return store.size_bytes("packs/"), written


async def _collect(vault: Vault, store: MemoryStore) -> None:
    kept = [header.backup_id async for header in vault.backups()]
    needed = set[str]()
    for backup in kept:
        needed |= await _needed(vault, store, backup)
    for key in set(store.keys("packs/")) - needed:
        await store.delete(key)
    for key in store.keys("backups/"):
        if key.rpartition("/")[2] not in kept:
            await store.delete(key)
