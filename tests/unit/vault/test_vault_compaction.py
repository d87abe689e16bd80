"""Index objects are merged; what they say stays the same."""

from __future__ import annotations

import random

import pytest

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault import names
from unit.vault.collected_vault import (
    DAY,
    OLD,
    World,
    all_of,
    merged_units,
)
from unit.vault.vault_helpers import (
    SITE,
    Content,
    facts,
    issues,
    write_units,
)


@pytest.fixture
def world() -> World:
    return World()


class TestCompaction:
    async def test_many_small_indexes_become_one_that_says_the_same(self, world: World) -> None:
        for number in range(17):
            await world.back_up(f"b{number:02d}", {"u": issues(1, 5 + number)})
        assert len(world.store.keys("index/")) == 17
        report = await world.collect()
        assert report.replaced_indexes_count == 17
        (name,) = world.store.keys("index/")
        assert names.owner_of(name) == names.MERGED
        for number in range(17):
            assert await all_of(world, f"b{number:02d}") == issues(1, 5 + number)
        assert (await world.collect(after=DAY)).replaced_indexes_count == 0
        assert not await world.back_up("b99", {"u": issues(1, 21)})

    async def test_sixteen_are_left_as_they_are(self, world: World) -> None:
        for number in range(16):
            await world.back_up(f"b{number:02d}", {"u": issues(1, 5)})
        assert (await world.collect()).replaced_indexes_count == 0

    async def test_those_of_a_backup_that_may_resume_are_not_touched(self, world: World) -> None:
        vault = await world.vault()
        session = await vault.begin_backup("a", site=SITE, fence=1)
        pages = await write_units(session, OLD)
        await session.close()
        own = world.store.keys("index/a.")
        for number in range(17):
            await world.back_up(f"b{number:02d}", {"u": issues(1, 5 + number)})
        await world.collect()
        assert world.store.keys("index/a.") == own
        assert len(world.store.keys("index/")) == len(own) + 1
        session = await vault.begin_backup("a", site=SITE, fence=1)
        await session.commit(pages, facts())
        await session.close()
        assert await all_of(world, "a") == merged_units(OLD)

    async def test_rows_of_removed_packs_go_once_they_are_a_quarter(self, world: World) -> None:
        await world.back_up("b1", {"u": issues(1, 30)})
        await world.back_up("b2", {"u": issues(500, 30, text="else")})
        world.clock.advance(14 * DAY)
        await world.expire("b1")
        await world.collect()
        report = await world.collect(after=DAY)
        assert report.replaced_indexes_count == 1
        assert [names.owner_of(name) for name in world.store.keys("index/")] == ["b2"]
        assert await all_of(world, "b2") == issues(500, 30, text="else")

    async def test_files_survive_merging(self, world: World) -> None:
        content = Content(files={(Kind.ATTACHMENT, "a"): random.Random(3).randbytes(30_000)})
        await world.back_up("b1", {"u": content})
        await world.back_up("b2", {"u": content, "v": issues(1, 9)})
        world.clock.advance(14 * DAY)
        await world.expire("b1")
        await world.collect()
        assert (await world.collect(after=DAY)).replaced_indexes_count > 0
        assert (await all_of(world, "b2")).files == content.files
