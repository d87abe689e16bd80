from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Never

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import locks
from sitekeep_shared.database.engine import Database
from sitekeep_shared.locks import Lease, LockLost
from sitekeep_shared.work.beside import run_beside
from sitekeep_shared.work.lease_keeper import keep


class DatabaseInTrouble(Database):
    """Answers nothing; ``slow`` lets the caller wait instead of failing."""

    def __init__(self, url: str, *, slow: bool) -> None:
        super().__init__(url)
        self.slow = slow
        self.calls = 0

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection, None]:
        self.calls += 1
        if self.slow:
            await asyncio.Event().wait()
        raise OperationalError("UPDATE", {}, Exception("the disk is gone"))
        yield


async def lease_of(database: Database, duration_ms: int) -> Lease:
    async with database.write() as connection:
        lease = await locks.acquire(
            connection, "p1", "o1", kind="backup", holder="h", duration_ms=duration_ms
        )
    assert lease is not None
    return lease


@pytest.mark.parametrize("slow", [False, True])
async def test_work_stops_at_two_thirds_of_a_lease_that_cannot_be_renewed(
    database: Database, database_url: str, *, slow: bool
) -> None:
    lease = await lease_of(database, 600)
    trouble = DatabaseInTrouble(database_url, slow=slow)
    with pytest.raises(LockLost):
        await keep(trouble, lease)
    assert 0.4 <= time.monotonic() - lease.renewed < 0.6
    assert trouble.calls == 1 if slow else trouble.calls > 1
    await trouble.close()


async def test_a_process_that_was_frozen_past_its_lease_stops_without_renewing(
    database: Database, database_url: str
) -> None:
    lease = await lease_of(database, 600)
    late = Lease("p1", "o1", "h", lease.fence, 600, time.monotonic() - 10)
    trouble = DatabaseInTrouble(database_url, slow=True)
    with pytest.raises(LockLost):
        await asyncio.wait_for(keep(trouble, late), 5)
    await trouble.close()


async def test_a_lock_that_another_has_is_noticed(database: Database) -> None:
    lease = await lease_of(database, 300)
    async with database.write() as connection:
        await locks.acquire(connection, "p1", "o1", kind="backup", holder="newer")
    with pytest.raises(LockLost):
        await keep(database, lease)


async def test_the_watcher_of_a_task_stops_it() -> None:
    stopped = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async def watch() -> Never:
        raise LockLost

    with pytest.raises(LockLost):
        await run_beside(work(), watch())
    assert stopped.is_set()


async def test_a_task_that_ends_stops_its_watcher() -> None:
    stopped = asyncio.Event()

    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    async def watch() -> Never:
        try:
            while True:
                await asyncio.Event().wait()
        finally:
            stopped.set()

    assert await run_beside(work(), watch()) == 7
    assert stopped.is_set()
