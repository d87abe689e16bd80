"""A commit happens within its permit, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from sitekeep_shared.vault.errors import StoreUnavailable
from sitekeep_shared.vault.store import ObjectInfo
from unit.vault.vault_helpers import (
    SITE,
    FaultStore,
    MemoryStore,
    facts,
    issues,
    open_vault,
    read_all,
    write_unit,
)

CONTENT = issues(1, 40)
MANIFEST = f"backups/{SITE}/b1"


class Refused(Exception):
    """The lock is somebody else's."""


class Permit:
    """Says whether it is held now."""

    def __init__(self, *, refused: bool = False) -> None:
        self.refused = refused
        self.held = False

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[None, None]:
        if self.refused:
            raise Refused
        self.held = True
        try:
            yield
        finally:
            self.held = False


class WatchedStore(MemoryStore):
    """Notes what is asked of it while the permit is held."""

    def __init__(self, permit: Permit) -> None:
        super().__init__()
        self.permit = permit
        self.within: list[str] = []
        self.calls = 0

    def _note(self, call: str) -> None:
        self.calls += 1
        if self.permit.held:
            self.within.append(call)

    async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        self._note(f"put {key}")
        return await super().put_new(key, parts)

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        self._note(f"read {key}")
        return await super().get_range(key, start, length)

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        self._note(f"list {prefix}")
        async for item in super().list(prefix):
            yield item


async def test_only_the_write_of_the_manifest_happens_within_the_permit() -> None:
    permit = Permit()
    store = WatchedStore(permit)
    vault = await open_vault(store)
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    pages = await write_unit(session.unit("u1"), CONTENT)
    before = store.calls
    await session.commit(pages, facts(), permit())
    await session.close()
    assert store.within == [f"put {MANIFEST}"]
    assert store.calls > before + 1
    assert await read_all(vault, "b1") == CONTENT


async def test_a_commit_that_is_not_permitted_writes_nothing_and_can_be_permitted_later() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    pages = await write_unit(session.unit("u1"), CONTENT)
    written = len(store.put_order)
    with pytest.raises(Refused):
        await session.commit(pages, facts(), Permit(refused=True)())
    assert len(store.put_order) == written
    assert await vault.find_backup(SITE, "b1") is None
    await session.commit(pages, facts(), Permit()())
    await session.close()
    assert await read_all(vault, "b1") == CONTENT


class SlowStore(MemoryStore):
    """Goes on with the write of a manifest whoever waits for it, as a thread does."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.opened = asyncio.Event()

    async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        if key == MANIFEST:
            self.begun.set()
            await self.opened.wait()
        return await super().put_new(key, parts)


@pytest.mark.parametrize("cancellations", [1, 2])
async def test_a_commit_that_is_cancelled_keeps_its_permit_until_the_write_has_ended(
    cancellations: int,
) -> None:
    store, permit = SlowStore(), Permit()
    vault = await open_vault(store)
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    pages = await write_unit(session.unit("u1"), CONTENT)
    commit = asyncio.create_task(session.commit(pages, facts(), permit()))
    await store.begun.wait()
    for _ in range(cancellations):
        commit.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert permit.held
    assert not commit.done()
    store.opened.set()
    with pytest.raises(asyncio.CancelledError):
        await commit
    assert not permit.held
    assert MANIFEST in store.objects
    await session.close()


async def test_a_lost_answer_is_looked_into_while_the_permit_is_held() -> None:
    permit = Permit()
    store = FaultStore()
    vault = await open_vault(store)
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    pages = await write_unit(session.unit("u1"), CONTENT)
    store.lost_answer = lambda key: key == MANIFEST
    committed = await session.commit(pages, facts(), permit())
    assert (store.faults_fired, permit.held) == (1, False)
    assert committed.header == await vault.find_backup(SITE, "b1")
    await session.close()


async def test_a_store_that_is_gone_gives_the_permit_back() -> None:
    permit = Permit()
    store = FaultStore()
    vault = await open_vault(store)
    session = await vault.begin_backup("b1", site=SITE, fence=1)
    pages = await write_unit(session.unit("u1"), CONTENT)
    store.fails_from = store.changes + 1
    with pytest.raises(StoreUnavailable):
        await session.commit(pages, facts(), permit())
    assert not permit.held
    store.fails_from = None
    await session.commit(pages, facts(), permit())
    await session.close()
    assert await read_all(vault, "b1") == CONTENT
