"""An operation that lost its lock is over, whoever notices it and whenever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from sitekeep_shared import locks
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.kinds import Kind
from sitekeep_shared.locks import LockLost
from sitekeep_shared.work import operations
from sitekeep_shared.work.guarded import guarded
from sitekeep_shared.work.identities import DatabaseIdentities
from sitekeep_shared.work.in_process import InProcessDispatcher
from sitekeep_shared.work.records import ClaimedUnit, Operation, OperationState, UnitOutcome
from sitekeep_shared.work.settings import Pace
from support.fake_work import START, FakeHandler, queue, units

TIMEOUT_SECONDS = 60
# An operation that is interrupted would not be looked at again while a test runs.
PATIENT = Pace(progress_seconds=0.02, again_seconds=3600.0)


async def granted() -> bool:
    return True


class Server:
    """A dispatcher over a handler whose second unit waits until it is let go."""

    def __init__(self, database: Database, folder: Path, name: str = "server") -> None:
        self.database = database
        self.reached, self.opened = asyncio.Event(), asyncio.Event()
        self.handler = FakeHandler(folder, units(3), scripts={"u0001": self._wait})
        self.may_adopt = granted
        self.dispatcher = InProcessDispatcher(
            database,
            self.handler,
            "backup",
            name,
            ManualClock(START),
            concurrency=4,
            pace=PATIENT,
            may_adopt=lambda: self.may_adopt(),
        )

    async def _wait(self, unit: ClaimedUnit) -> UnitOutcome:
        self.reached.set()
        await self.opened.wait()
        unit.tally.done(Kind.ISSUE)
        return UnitOutcome(unit.tally)

    async def at_work(self) -> None:
        """Returns when all units but one are done."""
        await queue(self.database)
        await self.dispatcher.start("o1")
        await self.reached.wait()

        async def all_but_one() -> bool:
            return (await read(self.database)).progress.done_unit_count == 2

        await until(all_but_one)


@pytest.fixture
async def server(database: Database, tmp_path: Path) -> AsyncGenerator[Server, None]:
    server = Server(database, tmp_path)
    yield server
    await server.dispatcher.drain()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.005)


async def read(database: Database) -> Operation:
    async with database.read() as connection:
        found = await operations.get(connection, "o1")
    assert found is not None
    return found


async def ended(database: Database) -> Operation:
    async def is_done() -> bool:
        return (await read(database)).state.done

    await until(is_done)
    return await read(database)


async def release_by_force(database: Database) -> None:
    async with database.write() as connection:
        state = await locks.read(connection, "p1")
        assert state is not None
        await locks.release_by_admin(connection, "p1", etag=state.etag, force=True)


async def take_over(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(update(schema.operation_lock).values(lease_until_ms=1))
        lease = await locks.acquire(connection, "p1", "another", kind="restore", holder="x")
    assert lease is not None


LOSSES = pytest.mark.parametrize("lose", [release_by_force, take_over])


async def owner(database: Database) -> str:
    async with database.read() as connection:
        state = await locks.read(connection, "p1")
    assert state is not None
    return state.operation


@LOSSES
async def test_an_operation_that_is_worked_on_ends_soon_after_its_lock_is_lost(
    database: Database, server: Server, lose: Callable[[Database], Awaitable[None]]
) -> None:
    await server.at_work()
    await lose(database)
    expected = await owner(database)
    operation = await ended(database)
    assert operation.state is OperationState.FAILED
    assert server.handler.log[-2:] == ["close", "failed LockLost"]
    assert operation.progress.counts[Kind.ISSUE].done == 2
    assert server.handler.attempts("u0001") == 1
    assert await owner(database) == expected


@LOSSES
async def test_an_operation_that_nobody_works_on_ends_at_the_next_start_and_not_twice(
    database: Database,
    server: Server,
    tmp_path: Path,
    lose: Callable[[Database], Awaitable[None]],
) -> None:
    await server.at_work()
    await server.dispatcher.drain()
    await lose(database)
    expected = await owner(database)
    fresh = Server(database, tmp_path, "fresh")
    await fresh.dispatcher.reconcile()
    operation = await ended(database)
    assert operation.state is OperationState.FAILED
    assert fresh.handler.log == ["failed LockLost"]
    assert operation.progress.counts[Kind.ISSUE].done == 2
    assert await owner(database) == expected
    await fresh.dispatcher.start("o1")
    await fresh.dispatcher.drain()
    assert await read(database) == operation


@LOSSES
async def test_a_lock_that_is_lost_while_the_operation_ends_ends_it_as_lost(
    database: Database, server: Server, lose: Callable[[Database], Awaitable[None]]
) -> None:
    await server.at_work()
    finishing = server.handler.finish_gate = AsyncCall(lose, database)
    server.opened.set()
    operation = await ended(database)
    assert finishing.calls == 1
    assert operation.state is OperationState.FAILED
    assert server.handler.log[-1] == "failed LockLost"


class AsyncCall:
    """Calls once."""

    def __init__(self, call: Callable[[Database], Awaitable[None]], database: Database) -> None:
        self.call = call
        self.database = database
        self.calls = 0

    async def __call__(self) -> None:
        self.calls += 1
        await self.call(self.database)


async def test_a_queued_operation_whose_lock_was_released_is_never_begun(
    database: Database, server: Server
) -> None:
    await queue(database)
    await release_by_force(database)
    await server.dispatcher.reconcile()
    assert (await ended(database)).state is OperationState.FAILED
    assert server.handler.log == ["failed LockLost"]


async def test_an_operation_is_not_over_because_a_newer_incarnation_has_it(
    database: Database, server: Server, tmp_path: Path
) -> None:
    await server.at_work()
    fresh = Server(database, tmp_path, "fresh")
    await fresh.dispatcher.start("o1")
    await fresh.reached.wait()

    async def stopped() -> bool:
        return "close" in server.handler.log

    await until(stopped)
    assert (await read(database)).state is OperationState.RUNNING
    assert "failed LockLost" not in server.handler.log
    fresh.opened.set()
    assert (await ended(database)).state is OperationState.SUCCEEDED


async def test_a_process_that_lost_its_slot_leaves_operations_alone_until_it_has_it_again(
    database: Database, server: Server
) -> None:
    asked = asyncio.Event()

    async def lost() -> bool:
        asked.set()
        return False

    server.may_adopt = lost
    await queue(database)
    await server.dispatcher.start("o1")
    await asked.wait()
    assert (await read(database)).state is OperationState.QUEUED
    assert server.handler.log == []
    server.may_adopt = granted
    server.opened.set()

    async def is_done() -> bool:
        await server.dispatcher.reconcile()
        return (await read(database)).state.done

    await until(is_done)
    assert (await read(database)).state is OperationState.SUCCEEDED


async def test_an_older_incarnation_puts_no_identities(database: Database, server: Server) -> None:
    await queue(database)
    async with database.write() as connection:
        await locks.acquire(connection, "p1", "o1", kind="restore", holder="fresh")
    stale = await read(database)
    assert stale.fence == 1
    with pytest.raises(LockLost):
        await DatabaseIdentities(database, stale).put("issue", {"1": "2"})


async def test_what_was_never_adopted_passes_no_guard(database: Database) -> None:
    async with database.write() as connection:
        await locks.acquire(connection, "p1", "another", kind="restore", holder="x")
    await queue(database)
    with pytest.raises(LockLost):
        async with guarded(database, await read(database)):
            raise AssertionError("it passed")
