"""Whatever happens in whatever order, the locks are as a model of a few lines says."""

from __future__ import annotations

import asyncio
import functools
import itertools
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,  # pyright: ignore[reportUnknownVariableType]
)
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import locks
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.migrate import migrate
from sitekeep_shared.errors import Conflict, NotFound, PreconditionFailed
from sitekeep_shared.locks import Lease, LockLost

EXAMPLES = int(os.environ.get("SITEKEEP_TEST_LOCK_EXAMPLES", "15"))
SETTINGS = settings(
    max_examples=EXAMPLES,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

# Leases and moves of the clock never meet, so that the time that a test takes does not matter.
TICK_MS = 1_000_000
HALF_A_TICK_MS = 500_000

T = TypeVar("T")

products = st.sampled_from(["a", "b"])
operations = st.sampled_from(["o1", "o2", "o3"])
leases_of = Bundle("leases")
crashed = Bundle("crashed")


@dataclass
class ModelLock:
    """A lock as it should be."""

    fence: int = 0
    owner: Lease | None = None
    remaining_ms: int = 0
    given: list[Lease] = field(default_factory=list[Lease])

    def is_open_to(self, operation: str) -> bool:
        return self.owner is None or self.remaining_ms < 0 or self.owner.operation == operation

    def taken(self, lease: Lease) -> None:
        self.fence, self.owner, self.remaining_ms = lease.fence, lease, lease.duration_ms
        self.given.append(lease)


class LockMachine(RuleBasedStateMachine):
    """Contenders, of which some crash and some come back, on a database whose clock jumps."""

    def __init__(self, runner: asyncio.Runner, database: Database, numbers: Iterator[int]) -> None:
        super().__init__()
        self.runner = runner
        self.database = database
        number = next(numbers)
        self.names = {product: f"{product}{number}" for product in ("a", "b")}
        self.model = {name: ModelLock() for name in self.names.values()}
        self.holders = itertools.count()

    def run(self, call: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """In a transaction of its own."""

        async def transaction() -> T:
            async with self.database.write() as connection:
                return await call(connection)

        work: Coroutine[Any, Any, T] = transaction()
        return self.runner.run(work)

    def is_refused(self, call: Callable[[AsyncConnection], Awaitable[object]]) -> bool:
        """Whether it raises LockLost."""
        try:
            self.run(call)
        except LockLost:
            return True
        return False

    def acquired(self, product: str, operation: str, ticks: int) -> Lease | None:
        holder = f"h{next(self.holders)}"
        duration_ms = ticks * TICK_MS + HALF_A_TICK_MS
        return self.run(
            lambda connection: locks.acquire(
                connection,
                product,
                operation,
                kind="backup",
                holder=holder,
                duration_ms=duration_ms,
            )
        )

    @rule(target=leases_of, product=products, operation=operations, ticks=st.integers(0, 4))
    def acquire(self, product: str, operation: str, ticks: int) -> Any:
        """A free lock, one whose lease is over and one of the same operation can be taken."""
        name = self.names[product]
        model = self.model[name]
        lease = self.acquired(name, operation, ticks)
        assert (lease is not None) == model.is_open_to(operation)
        if lease is None:
            return cast(Any, multiple())
        assert lease.fence == model.fence + 1
        model.taken(lease)
        return lease

    @rule(product=products, operation=operations)
    def die_before_the_commit(self, product: str, operation: str) -> None:
        """What was taken in a transaction that never ended was not taken."""

        async def take_and_die(connection: AsyncConnection) -> None:
            await locks.acquire(
                connection, self.names[product], operation, kind="backup", holder="dead"
            )
            raise InterruptedError

        try:
            self.run(take_and_die)
        except InterruptedError:
            return
        raise AssertionError("it lived on")

    @rule(target=crashed, lease=consumes(leases_of))
    def crash(self, lease: Lease) -> Lease:
        """A holder is gone without a word; the lock knows nothing of it."""
        return lease

    @rule(target=leases_of, lease=crashed)
    def come_back(self, lease: Lease) -> Any:
        """The operation of a holder that crashed goes on without waiting for its lease."""
        model = self.model[lease.product]
        adopted = self.acquired(lease.product, lease.operation, 1)
        assert (adopted is not None) == model.is_open_to(lease.operation)
        if adopted is None:
            return cast(Any, multiple())
        model.taken(adopted)
        return adopted

    @rule(lease=leases_of)
    def renew(self, lease: Lease) -> None:
        """The last holder may, even when its lease is over; nobody else."""
        model = self.model[lease.product]
        refused = self.is_refused(lambda connection: locks.renew(connection, lease))
        assert refused == (lease is not model.owner)
        if not refused:
            model.remaining_ms = lease.duration_ms

    @rule(lease=leases_of)
    def release(self, lease: Lease) -> None:
        """Only what is held is given up."""
        model = self.model[lease.product]
        refused = self.is_refused(lambda connection: locks.release(connection, lease))
        assert refused == (lease is not model.owner)
        if not refused:
            model.owner = None

    @rule(lease=leases_of | crashed)
    def guard(self, lease: Lease) -> None:
        """The fence of the owner passes; a stale one never."""
        owner = self.model[lease.product].owner
        refused = self.is_refused(
            lambda connection: locks.guard(connection, lease.product, lease.fence)
        )
        assert refused == (lease is not owner)
        refused = self.is_refused(
            lambda connection: locks.check(connection, lease.product, lease.fence)
        )
        assert refused == (lease is not owner)

    @rule(lease=leases_of | crashed)
    def guard_as_operation(self, lease: Lease) -> None:
        """Whoever works for the operation that owns the lock passes."""
        owner = self.model[lease.product].owner
        refused = self.is_refused(
            lambda connection: locks.operation_guard(connection, lease.product, lease.operation)
        )
        assert refused == (owner is None or owner.operation != lease.operation)

    @rule(product=products, force=st.booleans())
    def release_by_admin(self, product: str, force: bool) -> None:
        """A live lease goes only by force; nothing goes that is not held."""
        model = self.model[self.names[product]]
        etag = f'"{model.fence}-held"'
        refusal = self.refusal_of_admin(product, etag, force=force)
        if model.owner is None:
            assert refusal == "RESOURCE_NOT_FOUND"
        elif model.remaining_ms > 0 and not force:
            assert refusal == "LOCK_LEASE_ACTIVE"
        else:
            assert refusal == ""
            model.owner, model.fence = None, model.fence + 1

    @precondition(lambda self: any(model.owner for model in self.model.values()))
    @rule(product=products, age=st.integers(1, 3))
    def release_by_admin_who_looked_too_early(self, product: str, age: int) -> None:
        """What changed hands since is not released, be it by force."""
        model = self.model[self.names[product]]
        if model.owner is not None:
            etag = f'"{model.fence - age}-held"'
            assert self.refusal_of_admin(product, etag, force=True) == "ETAG_MISMATCH"

    def refusal_of_admin(self, product: str, etag: str, *, force: bool) -> str:
        try:
            self.run(
                lambda connection: locks.release_by_admin(
                    connection, self.names[product], etag=etag, force=force
                )
            )
        except (Conflict, NotFound, PreconditionFailed) as error:
            return error.reason
        return ""

    @rule(ticks=st.integers(-2, 6))
    def move_the_clock(self, ticks: int) -> None:
        """The database's clock jumps, forward or back."""
        table = schema.operation_lock
        for name, model in self.model.items():
            model.remaining_ms -= ticks * TICK_MS
            lease_until = table.c.lease_until_ms - ticks * TICK_MS
            statement = (
                update(table)
                .where(table.c.product == name, table.c.holder.is_not(None))
                .values(lease_until_ms=lease_until)
            )
            self.run(functools.partial(_execute, statement))

    @invariant()
    def the_locks_are_as_the_model_says(self) -> None:
        """The owner, its fence, and whether its lease is alive."""
        for name, model in self.model.items():
            state = self.run(functools.partial(_read, name))
            if state is None:
                assert model.fence == 0
                continue
            assert state.fence == model.fence
            assert state.operation == ("" if model.owner is None else model.owner.operation)
            assert state.holder == ("" if model.owner is None else model.owner.holder)
            assert state.live == (model.owner is not None and model.remaining_ms > 0)

    def teardown(self) -> None:
        """One holder at most; fences that only ever grew; and nothing that stays locked."""
        for name, model in self.model.items():
            passing = [
                lease
                for lease in model.given
                if not self.is_refused(
                    functools.partial(locks.guard, product=name, fence=lease.fence)
                )
            ]
            assert passing == ([model.owner] if model.owner else [])
            fences = [lease.fence for lease in model.given]
            assert fences == sorted(set(fences))
        self.move_the_clock(20)
        for name, model in self.model.items():
            fresh = self.acquired(name, "fresh", 1)
            assert fresh is not None
            assert fresh.fence == model.fence + 1


async def _execute(statement: Any, connection: AsyncConnection) -> None:
    await connection.execute(statement)


async def _read(name: str, connection: AsyncConnection) -> locks.LockState | None:
    return await locks.read(connection, name)


async def _opened(url: str) -> Database:
    database = Database(url)
    await migrate(database)
    return database


def test_the_locks_are_as_the_model_says_whatever_happens(database_url: str) -> None:
    with asyncio.Runner() as runner:
        database = runner.run(_opened(database_url))
        numbers = itertools.count()

        class Machine(LockMachine):
            def __init__(self) -> None:
                super().__init__(runner, database, numbers)

        try:
            run_state_machine_as_test(Machine, settings=SETTINGS)
        finally:
            runner.run(database.close())
