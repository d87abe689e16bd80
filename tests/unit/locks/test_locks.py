from __future__ import annotations

import asyncio
import datetime

import pytest
from sqlalchemy import text, update

from sitekeep_shared import locks
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.migrate import migrate
from sitekeep_shared.errors import Conflict, NotFound, PreconditionFailed
from sitekeep_shared.locks import Lease, LockLost, LockState
from support.databases import needs_postgresql, postgresql_database


async def acquire(
    database: Database, operation: str, *, holder: str = "h", duration_ms: int = 60_000
) -> Lease | None:
    async with database.write() as connection:
        return await locks.acquire(
            connection, "p1", operation, kind="backup", holder=holder, duration_ms=duration_ms
        )


async def take(database: Database, operation: str, *, holder: str = "h") -> Lease:
    lease = await acquire(database, operation, holder=holder)
    assert lease is not None
    return lease


async def state_of(database: Database) -> LockState:
    async with database.read() as connection:
        state = await locks.read(connection, "p1")
    assert state is not None
    return state


async def let_lease_run_out(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(update(schema.operation_lock).values(lease_until_ms=1))


async def release_by_admin(database: Database, etag: str, *, force: bool = False) -> LockState:
    async with database.write() as connection:
        return await locks.release_by_admin(connection, "p1", etag=etag, force=force)


async def test_a_held_lock_is_refused_to_another_operation(database: Database) -> None:
    await take(database, "o1")
    assert await acquire(database, "o2") is None
    assert (await state_of(database)).operation == "o1"


async def test_locks_of_different_products_do_not_meet(database: Database) -> None:
    async with database.write() as connection:
        for product in ("p1", "p2"):
            lease = await locks.acquire(connection, product, product, kind="backup", holder="h")
            assert lease is not None
            assert lease.fence == 1


async def test_the_same_operation_adopts_without_waiting_for_the_lease(database: Database) -> None:
    first = await take(database, "o1", holder="dead")
    second = await take(database, "o1", holder="fresh")
    assert (first.fence, second.fence) == (1, 2)
    async with database.write() as connection:
        with pytest.raises(LockLost):
            await locks.renew(connection, first)


async def test_a_lease_that_is_over_can_be_taken_over(database: Database) -> None:
    await take(database, "o1")
    await let_lease_run_out(database)
    assert (await take(database, "o2")).fence == 2


async def test_a_lapsed_lease_that_nobody_took_can_be_renewed(database: Database) -> None:
    lease = await take(database, "o1")
    await let_lease_run_out(database)
    assert not (await state_of(database)).live
    async with database.write() as connection:
        renewed = await locks.renew(connection, lease)
    assert renewed.fence == lease.fence
    assert renewed.renewed >= lease.renewed
    assert (await state_of(database)).live


async def test_a_released_lock_keeps_its_fence_growing(database: Database) -> None:
    for fence in (1, 2, 3):
        lease = await take(database, f"o{fence}")
        assert lease.fence == fence
        async with database.write() as connection:
            await locks.release(connection, lease)
    assert not (await state_of(database)).held


async def test_releasing_what_another_holds_is_refused(database: Database) -> None:
    stale = await take(database, "o1", holder="dead")
    await take(database, "o1", holder="fresh")
    async with database.write() as connection:
        with pytest.raises(LockLost):
            await locks.release(connection, stale)
    assert (await state_of(database)).held


async def test_the_guards_let_the_holder_pass_and_nobody_else(database: Database) -> None:
    stale = await take(database, "o1", holder="dead")
    lease = await take(database, "o1", holder="fresh")
    async with database.write() as connection:
        await locks.guard(connection, "p1", lease.fence)
        await locks.operation_guard(connection, "p1", "o1")
        with pytest.raises(LockLost):
            await locks.guard(connection, "p1", stale.fence)
        with pytest.raises(LockLost):
            await locks.operation_guard(connection, "p1", "o2")
        await locks.release(connection, lease)
        with pytest.raises(LockLost):
            await locks.guard(connection, "p1", lease.fence)
        with pytest.raises(LockLost):
            await locks.operation_guard(connection, "p1", "o1")


async def test_a_lock_taken_in_a_transaction_that_fails_is_not_taken(database: Database) -> None:
    async def take_and_fail() -> None:
        async with database.write() as connection:
            await locks.acquire(connection, "p1", "o1", kind="backup", holder="h")
            raise LookupError

    with pytest.raises(LookupError):
        await take_and_fail()
    assert (await take(database, "o2")).fence == 1


async def test_the_state_tells_who_holds_it_and_until_when(database: Database) -> None:
    before = datetime.datetime.now(datetime.UTC)
    await take(database, "o1", holder="server-7")
    state = await state_of(database)
    assert (state.kind, state.operation, state.holder, state.fence) == (
        "backup",
        "o1",
        "server-7",
        1,
    )
    assert abs(state.acquire_time - before) < datetime.timedelta(seconds=10)
    assert state.expire_time - state.renew_time >= datetime.timedelta(seconds=59)
    assert state.live
    async with database.read() as connection:
        assert await locks.read(connection, "unknown") is None


async def test_only_held_locks_are_listed(database: Database) -> None:
    async with database.write() as connection:
        for product in ("p3", "p1", "p2"):
            lease = await locks.acquire(connection, product, "o", kind="backup", holder="h")
            assert lease is not None
            if product == "p2":
                await locks.release(connection, lease)
        held = [state async for state in locks.read_held(connection, ["p1", "p2", "p3", "p4"])]
    assert [state.product for state in held] == ["p1", "p3"]


async def test_an_admin_releases_a_lapsed_lock_and_the_operation_finds_out(
    database: Database,
) -> None:
    lease = await take(database, "o1")
    etag = (await state_of(database)).etag
    await let_lease_run_out(database)
    state = await release_by_admin(database, etag)
    assert not state.held
    assert state.fence == lease.fence + 1
    assert (await take(database, "o1")).fence == lease.fence + 2


async def test_an_admin_needs_force_for_a_live_lock(database: Database) -> None:
    await take(database, "o1", holder="server-7")
    etag = (await state_of(database)).etag
    with pytest.raises(PreconditionFailed) as refusal:
        await release_by_admin(database, etag)
    assert refusal.value.reason == "LOCK_LEASE_ACTIVE"
    assert refusal.value.metadata["holder"] == "server-7"
    assert not (await release_by_admin(database, etag, force=True)).held


async def test_an_admin_cannot_release_what_changed_hands_since(database: Database) -> None:
    lease = await take(database, "o1")
    etag = (await state_of(database)).etag
    async with database.write() as connection:
        await locks.renew(connection, lease)
    assert (await state_of(database)).etag == etag
    await take(database, "o1", holder="fresh")
    with pytest.raises(Conflict) as refusal:
        await release_by_admin(database, etag, force=True)
    assert refusal.value.reason == "ETAG_MISMATCH"


async def test_an_admin_cannot_release_a_lock_that_nobody_holds(database: Database) -> None:
    with pytest.raises(NotFound):
        await release_by_admin(database, '"1-held"')
    lease = await take(database, "o1")
    async with database.write() as connection:
        await locks.release(connection, lease)
    with pytest.raises(NotFound):
        await release_by_admin(database, (await state_of(database)).etag, force=True)


async def test_contenders_in_two_processes_are_inside_one_at_a_time(
    database: Database, database_url: str
) -> None:
    other = Database(database_url)
    inside: set[str] = set()
    fences: list[int] = []

    async def contend(own: Database, operation: str) -> None:
        lease: Lease | None = None
        while lease is None:
            lease = await acquire(own, operation)
        inside.add(operation)
        assert inside == {operation}
        async with own.write() as connection:
            await locks.guard(connection, "p1", lease.fence)
        assert inside == {operation}
        inside.remove(operation)
        fences.append(lease.fence)
        async with own.write() as connection:
            await locks.release(connection, lease)

    async with asyncio.timeout(60):
        await asyncio.gather(
            *(contend((database, other)[number % 2], f"o{number}") for number in range(10))
        )
    assert fences == list(range(1, 11))
    await other.close()


async def someone_waits(database: Database, waiting: asyncio.Task[Lease | None]) -> bool:
    """Until somebody waits for a lock; False where the task ended instead."""
    statement = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while not waiting.done():
        async with database.read() as connection:
            if (await connection.execute(statement)).scalar_one():
                return True
    return False


@needs_postgresql
@pytest.mark.parametrize("guarded_by", ["fence", "operation"])
async def test_a_takeover_waits_for_a_guarded_transaction(guarded_by: str) -> None:
    with postgresql_database() as url:
        database = Database(url)
        await migrate(database)
        lease = await take(database, "o1")
        await let_lease_run_out(database)
        async with asyncio.timeout(30), database.write() as connection:
            if guarded_by == "fence":
                await locks.guard(connection, "p1", lease.fence)
            else:
                await locks.operation_guard(connection, "p1", "o1")
            takeover = asyncio.create_task(acquire(database, "o2"))
            assert await someone_waits(database, takeover)
        taken = await takeover
        assert taken is not None
        assert taken.fence == 2
        async with database.write() as connection:
            with pytest.raises(LockLost):
                await locks.guard(connection, "p1", lease.fence)
        await database.close()


async def test_a_takeover_in_another_process_comes_after_the_guarded_transaction(
    database: Database, database_url: str
) -> None:
    other = Database(database_url)
    lease = await take(database, "o1")
    await let_lease_run_out(database)
    order: list[str] = []

    async def take_over() -> None:
        taken = await take(other, "o2")
        order.append(f"fence {taken.fence}")

    async with database.write() as connection:
        await locks.guard(connection, "p1", lease.fence)
        task = asyncio.create_task(take_over())
        for _ in range(50):
            await connection.execute(text("SELECT 1"))
        order.append(f"fence {lease.fence}")
    await task
    assert order == ["fence 1", "fence 2"]
    await other.close()
