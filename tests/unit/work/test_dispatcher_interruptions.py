"""What every dispatcher does when it is cancelled, drained, or loses its lock."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import update

from sitekeep_shared import locks
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import Unavailable
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work import journal, operations
from sitekeep_shared.work.records import (
    ClaimedUnit,
    OperationState,
    UnitOutcome,
)
from sitekeep_shared.work.settings import Pace
from support.dispatchers import (
    Gate,
    MakeDispatcher,
    ended,
    lock_holder,
    read,
    unit_states,
    until,
)
from support.fake_work import (
    START,
    FakeHandler,
    count_one,
    queue,
    units,
)


async def test_a_cancelled_operation_stops_its_units_and_ends(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    stuck = Gate()
    handler = FakeHandler(tmp_path, units(50), scripts={"u0003": stuck})
    dispatcher = dispatcher_of(handler)
    await queue(database)
    await dispatcher.start("o1")
    await stuck.reached.wait()
    await dispatcher.cancel("o1")
    operation = await ended(database)
    assert operation.state is OperationState.CANCELLED
    assert operation.error == {"message": "cancelled"}
    assert handler.log[-2:] == ["close", "cancelled"]
    assert handler.running == 0
    assert (await unit_states(database))["u0003"] == "RUNNING"
    assert await lock_holder(database) == ""


async def test_a_cancellation_that_another_process_asked_for_is_seen(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    stuck = Gate()
    await queue(database)
    await dispatcher_of(FakeHandler(tmp_path, units(1), scripts={"u0000": stuck})).start("o1")
    await stuck.reached.wait()
    async with database.write() as connection:
        await operations.request_cancel(connection, "o1", START)
    assert (await ended(database)).state is OperationState.CANCELLED


async def test_an_operation_that_is_cancelled_before_it_starts_does_nothing(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    handler = FakeHandler(tmp_path, units(1))
    dispatcher = dispatcher_of(handler)
    await queue(database)
    await dispatcher.cancel("o1")
    await dispatcher.start("o1")
    assert (await ended(database)).state is OperationState.CANCELLED
    assert handler.log == ["cancelled"]


async def test_it_is_too_late_to_cancel_once_every_unit_is_done(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    gate = Gate()
    dispatcher = dispatcher_of(FakeHandler(tmp_path, units(1), finish_gate=gate.wait))
    await queue(database)
    await dispatcher.start("o1")
    await gate.reached.wait()
    await dispatcher.cancel("o1")
    assert (await read(database)).phase == "SEALING"
    gate.opened.set()
    operation = await ended(database)
    assert operation.state is OperationState.SUCCEEDED
    assert not operation.cancel_requested


async def test_cancelling_what_has_ended_or_never_was_does_nothing(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    dispatcher = dispatcher_of(FakeHandler(tmp_path))
    await queue(database)
    await dispatcher.start("o1")
    before = await ended(database)
    await dispatcher.cancel("o1")
    await dispatcher.cancel("unknown")
    assert await read(database) == before


async def test_an_operation_that_lost_its_lock_to_another_fails_and_leaves_it_alone(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    stuck = Gate()
    handler = FakeHandler(tmp_path, units(3), scripts={"u0001": stuck})
    await queue(database)
    await dispatcher_of(handler, lease_seconds=0.3).start("o1")
    await stuck.reached.wait()
    async with database.write() as connection:
        await connection.execute(update(schema.operation_lock).values(lease_until_ms=1))
        thief = await locks.acquire(connection, "p1", "thief", kind="restore", holder="x")
    assert thief is not None
    assert (await ended(database)).state is OperationState.FAILED
    assert handler.log[-2:] == ["close", "failed LockLost"]
    assert (await unit_states(database))["u0001"] == "RUNNING"
    assert handler.attempts("u0001") == 1
    async with database.write() as connection:
        await locks.guard(connection, "p1", thief.fence)


async def test_an_operation_whose_lock_an_admin_took_fails(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    stuck = Gate()
    handler = FakeHandler(tmp_path, units(1), scripts={"u0000": stuck})
    await queue(database)
    await dispatcher_of(handler, lease_seconds=0.3).start("o1")
    await stuck.reached.wait()
    async with database.write() as connection:
        state = await locks.read(connection, "p1")
        assert state is not None
        await locks.release_by_admin(connection, "p1", etag=state.etag, force=True)
    assert (await ended(database)).state is OperationState.FAILED
    assert "failed LockLost" in handler.log


async def test_a_lease_is_renewed_while_the_operation_runs(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    stuck = Gate()
    handler = FakeHandler(tmp_path, units(1), scripts={"u0000": stuck})
    await queue(database)
    await dispatcher_of(handler, lease_seconds=0.5).start("o1")
    await stuck.reached.wait()

    async def renewed() -> bool:
        async with database.read() as connection:
            state = await locks.read(connection, "p1")
        assert state is not None
        assert state.live
        return (state.renew_time - state.acquire_time).total_seconds() > 0.5

    await until(renewed)
    stuck.opened.set()
    assert (await ended(database)).state is OperationState.SUCCEEDED


async def test_a_drained_operation_goes_on_at_the_next_start(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    stuck = Gate()
    first = FakeHandler(tmp_path, units(8), scripts={"u0005": stuck})
    dispatcher = dispatcher_of(first, "first")
    await queue(database)
    await dispatcher.start("o1")

    async def others_done() -> bool:
        return list((await unit_states(database)).values()).count("DONE") == 7

    await until(others_done)
    await dispatcher.drain()
    assert first.log[-1] == "close"
    assert (await read(database)).state is OperationState.RUNNING
    assert await lock_holder(database) == "o1"

    await dispatcher_of(FakeHandler(tmp_path, units(8)), "second").reconcile()
    operation = await ended(database)
    assert operation.state is OperationState.SUCCEEDED
    assert operation.progress.counts[Kind.ISSUE].done == 8
    assert operation.progress.unit_count == 8
    assert [first.attempts(plan.key) for plan in units(8)] == [1, 1, 1, 1, 1, 2, 1, 1]


async def test_a_drained_dispatcher_starts_nothing(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    dispatcher = dispatcher_of(FakeHandler(tmp_path))
    await dispatcher.drain()
    with pytest.raises(Unavailable):
        await dispatcher.start("o1")


async def test_an_interrupted_finish_is_done_again_and_no_unit_is(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    gate = Gate()
    handler = FakeHandler(tmp_path, units(2), finish_gate=gate.wait)
    dispatcher = dispatcher_of(handler, "first")
    await queue(database)
    await dispatcher.start("o1")
    await gate.reached.wait()
    await dispatcher.drain()
    again = dispatcher_of(FakeHandler(tmp_path, units(2)), "second")
    await again.cancel("o1")
    await again.reconcile()
    assert (await ended(database)).state is OperationState.SUCCEEDED
    assert [handler.attempts(plan.key) for plan in units(2)] == [1, 1]


async def test_a_frozen_incarnation_that_wakes_up_can_change_nothing(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    stuck = Gate()
    frozen = FakeHandler(tmp_path, units(2), scripts={"u0001": stuck})
    await queue(database)
    # It would take the operation up again, as a process of its own never may: slots forbid two.
    patient = Pace(progress_seconds=0.02, again_seconds=3600)
    await dispatcher_of(frozen, "frozen", pace=patient).start("o1")
    await stuck.reached.wait()
    await dispatcher_of(FakeHandler(tmp_path, units(2)), "fresh").reconcile()
    operation = await ended(database)
    stuck.opened.set()

    async def stopped() -> bool:
        return "close" in frozen.log

    await until(stopped)
    assert "finish" not in frozen.log
    assert await read(database) == operation
    assert operation.progress.counts[Kind.ISSUE].done == 2
    async with database.read() as connection:
        assert (await journal.progress(connection, "o1")).counts[Kind.ISSUE].done == 2


async def test_the_progress_shows_what_running_units_have_counted(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    stuck = Gate()

    async def half(unit: ClaimedUnit) -> UnitOutcome:
        unit.tally.expect(Kind.ISSUE, 70)
        unit.tally.done(Kind.ISSUE, count=30)
        return await stuck(unit)

    handler = FakeHandler(tmp_path, units(3), scripts={"u0002": half})
    await queue(database)
    await dispatcher_of(handler).start("o1")

    async def shown() -> bool:
        progress = (await read(database)).progress
        return progress.done_unit_count == 2 and Kind.ISSUE in progress.counts

    await until(shown)
    operation = await read(database)
    assert operation.phase == "PHASE_1"
    assert operation.progress.counts[Kind.ISSUE].expected == 72
    assert operation.progress.counts[Kind.ISSUE].done == 32
    assert operation.progress.request_count == 3
    stuck.opened.set()
    assert (await ended(database)).revision > operation.revision


async def test_a_busy_product_is_waited_for(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    async with database.write() as connection:
        other = await locks.acquire(connection, "p1", "restore", kind="restore", holder="x")
    assert other is not None
    handler = FakeHandler(tmp_path, units(1))
    await queue(database)
    await dispatcher_of(handler).start("o1")
    await dispatcher_of(FakeHandler(tmp_path), "other").reconcile()
    assert (await read(database)).state is OperationState.QUEUED
    async with database.write() as connection:
        await locks.release(connection, other)
    assert (await ended(database)).state is OperationState.SUCCEEDED


async def test_operations_of_different_products_run_side_by_side(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    both = asyncio.Barrier(2)

    async def meet(unit: ClaimedUnit) -> UnitOutcome:
        await both.wait()
        return await count_one(unit)

    for number in (1, 2):
        await queue(database, f"o{number}", product=f"p{number}")
        folder = tmp_path / f"o{number}"
        folder.mkdir()
        handler = FakeHandler(folder, units(1), scripts={"u0000": meet})
        await dispatcher_of(handler).start(f"o{number}")
    for number in (1, 2):
        assert (await ended(database, f"o{number}")).state is OperationState.SUCCEEDED


async def test_starting_twice_runs_once(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    handler = FakeHandler(tmp_path, units(3))
    dispatcher = dispatcher_of(handler)
    await queue(database)
    await dispatcher.start("o1")
    await dispatcher.start("o1")
    await dispatcher.reconcile()
    await ended(database)
    assert handler.log.count("open") == 1
