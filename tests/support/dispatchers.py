"""Dispatchers under test and what tests look at while they run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Protocol

import pytest
from sqlalchemy import select

from sitekeep_shared import locks
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.work import operations
from sitekeep_shared.work.in_process import InProcessDispatcher
from sitekeep_shared.work.port import Dispatcher
from sitekeep_shared.work.records import (
    ClaimedUnit,
    Operation,
    UnitOutcome,
)
from sitekeep_shared.work.settings import Pace
from support.fake_work import (
    START,
    FakeHandler,
    count_one,
)

TIMEOUT_SECONDS = 120
PACE = Pace(progress_seconds=0.02, again_seconds=0.02)


class Waits:
    """Stands in for waiting: keeps what was asked for and goes on at once."""

    def __init__(self) -> None:
        self.delays: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.delays.append(seconds)
        await asyncio.sleep(0)


class MakeDispatcher(Protocol):
    def __call__(
        self,
        handler: FakeHandler,
        holder: str = "server",
        *,
        lease_seconds: float = 60.0,
        pace: Pace = PACE,
    ) -> Dispatcher: ...


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture(params=["in-process"])
async def dispatcher_of(
    request: pytest.FixtureRequest, database: Database, waits: Waits
) -> AsyncGenerator[MakeDispatcher, None]:
    made: list[Dispatcher] = []

    def make(
        handler: FakeHandler,
        holder: str = "server",
        *,
        lease_seconds: float = 60.0,
        pace: Pace = PACE,
    ) -> Dispatcher:
        dispatcher = InProcessDispatcher(
            database,
            handler,
            "backup",
            holder,
            ManualClock(START),
            concurrency=4,
            lease_seconds=lease_seconds,
            pace=pace,
            sleep=waits,
            jitter=lambda: 1.0,
        )
        made.append(dispatcher)
        return dispatcher

    yield make
    for dispatcher in made:
        await dispatcher.drain()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.005)


async def read(database: Database, operation: str = "o1") -> Operation:
    async with database.read() as connection:
        found = await operations.get(connection, operation)
    assert found is not None
    return found


async def ended(database: Database, operation: str = "o1") -> Operation:
    async def is_done() -> bool:
        return (await read(database, operation)).state.done

    await until(is_done)
    return await read(database, operation)


async def outcome(database: Database, operation: str = "o1") -> str | None:
    """What the handler wrote at the end."""
    name = schema.organization.c.display_name
    statement = select(name).where(schema.organization.c.id == f"backup-{operation}")
    async with database.read() as connection:
        return (await connection.execute(statement)).scalar_one_or_none()


async def lock_holder(database: Database, product: str = "p1") -> str:
    async with database.read() as connection:
        state = await locks.read(connection, product)
    return "" if state is None else state.operation


async def unit_states(database: Database) -> dict[str, str]:
    statement = select(schema.unit.c.key, schema.unit.c.state)
    async with database.read() as connection:
        return {row.key: row.state for row in await connection.execute(statement)}


class Gate:
    """A script that waits until it is opened, and says that it was reached."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self, unit: ClaimedUnit) -> UnitOutcome:
        await self.wait()
        return await count_one(unit)

    async def wait(self) -> None:
        self.reached.set()
        await self.opened.wait()
