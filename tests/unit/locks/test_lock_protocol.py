"""Whatever happens in whatever order, the lock has one owner and nobody else can write."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from sitekeep_shared import locks
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.migrate import migrate
from sitekeep_shared.locks import Lease, LockLost

OPERATIONS = ("o1", "o2", "o3")

actions = st.lists(
    st.one_of(
        st.tuples(st.just("acquire"), st.sampled_from(OPERATIONS)),
        st.tuples(st.sampled_from(["renew", "release", "write"]), st.integers(0, 30)),
        st.tuples(st.sampled_from(["run out", "admin"]), st.just(0)),
    ),
    max_size=30,
)


class Model:
    """The lock as it should be, and every lease that was ever given."""

    def __init__(self, database: Database, product: str) -> None:
        self.database = database
        self.product = product
        self.leases: list[Lease] = []
        self.owner: Lease | None = None
        self.over = False
        self.fence = 0

    async def acquire(self, operation: str) -> None:
        free = self.owner is None or self.over or self.owner.operation == operation
        async with self.database.write() as connection:
            lease = await locks.acquire(
                connection, self.product, operation, kind="backup", holder=f"{self.fence}"
            )
        assert (lease is not None) == free
        if lease is not None:
            assert lease.fence > self.fence
            self.fence, self.owner, self.over = lease.fence, lease, False
            self.leases.append(lease)

    async def with_lease(self, action: str, number: int) -> None:
        if not self.leases:
            return
        lease = self.leases[number % len(self.leases)]
        refused = False
        try:
            await self.do(action, lease)
        except LockLost:
            refused = True
        assert refused == (lease is not self.owner)
        if refused:
            return
        if action == "renew":
            self.over = False
        if action == "release":
            self.owner = None

    async def do(self, action: str, lease: Lease) -> None:
        async with self.database.write() as connection:
            if action == "renew":
                assert (await locks.renew(connection, lease)).fence == lease.fence
            elif action == "release":
                await locks.release(connection, lease)
            else:
                await locks.guard(connection, self.product, lease.fence)

    async def run_out(self) -> None:
        self.over = True
        table = schema.operation_lock
        async with self.database.write() as connection:
            await connection.execute(
                update(table).where(table.c.product == self.product).values(lease_until_ms=1)
            )

    async def admin(self) -> None:
        if self.owner is None:
            return
        async with self.database.write() as connection:
            state = await locks.read(connection, self.product)
            assert state is not None
            await locks.release_by_admin(connection, self.product, etag=state.etag, force=True)
        self.owner, self.fence = None, self.fence + 1

    async def check(self) -> None:
        async with self.database.read() as connection:
            state = await locks.read(connection, self.product)
        if state is None:
            assert self.fence == 0
            return
        assert state.fence == self.fence
        assert state.operation == ("" if self.owner is None else self.owner.operation)
        assert state.live == (self.owner is not None and not self.over)

    async def play(self, steps: list[tuple[str, str | int]]) -> None:
        for action, argument in steps:
            if action == "acquire":
                await self.acquire(str(argument))
            elif action == "run out":
                await self.run_out()
            elif action == "admin":
                await self.admin()
            else:
                await self.with_lease(action, int(argument))
            await self.check()


@pytest.fixture
def products() -> Iterator[str]:
    return (f"p{number}" for number in itertools.count())


@given(steps=actions)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_lock_has_one_owner_whatever_happens(
    database_url: str, products: Iterator[str], steps: list[tuple[str, str | int]]
) -> None:
    async def play() -> None:
        database = Database(database_url)
        await migrate(database)
        await Model(database, next(products)).play(steps)
        await database.close()

    asyncio.run(play())
