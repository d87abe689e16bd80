"""What every dispatcher has to do, whatever runs the units."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import select, update

from sitekeep_shared import locks
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import Unavailable
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work import findings, journal, operations
from sitekeep_shared.work.in_process import InProcessDispatcher
from sitekeep_shared.work.port import Dispatcher
from sitekeep_shared.work.records import (
    ClaimedUnit,
    Operation,
    OperationState,
    UnitOutcome,
)
from sitekeep_shared.work.settings import Pace
from sitekeep_shared.work.tally import Tally
from sitekeep_shared.work.unit import UnitPlan
from support.fake_work import (
    START,
    FakeHandler,
    Lasting,
    Passing,
    count_one,
    queue,
    units,
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


async def test_an_operation_runs_all_its_units_and_ends(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    handler = FakeHandler(tmp_path, units(20))
    await queue(database)
    await dispatcher_of(handler).start("o1")
    operation = await ended(database)
    assert operation.state is OperationState.SUCCEEDED
    assert operation.end_time == START
    assert operation.progress.counts[Kind.ISSUE].done == 20
    assert operation.progress.counts[Kind.ISSUE].size_bytes == 200
    assert operation.progress.done_unit_count == operation.progress.unit_count == 20
    assert operation.progress.request_count == 20
    assert [handler.attempts(plan.key) for plan in units(20)] == [1] * 20


async def test_the_end_is_written_together_with_what_the_handler_writes_and_the_lock(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    await queue(database)
    await dispatcher_of(FakeHandler(tmp_path, units(1))).start("o1")
    await ended(database)
    assert await outcome(database) == "finished"
    assert await lock_holder(database) == ""


async def test_an_operation_without_units_ends(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    await queue(database)
    await dispatcher_of(FakeHandler(tmp_path)).start("o1")
    assert (await ended(database)).state is OperationState.SUCCEEDED


async def test_units_run_side_by_side_up_to_the_limit(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    everyone = asyncio.Barrier(4)

    async def meet(unit: ClaimedUnit) -> UnitOutcome:
        await everyone.wait()
        return await count_one(unit)

    plans = units(12)
    handler = FakeHandler(tmp_path, plans, scripts={plan.key: meet for plan in plans})
    await queue(database)
    await dispatcher_of(handler).start("o1")
    assert (await ended(database)).state is OperationState.SUCCEEDED
    assert handler.most_running == 4


async def test_a_phase_starts_when_all_lower_ones_are_done(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    plans = [*units(6, phase=2, prefix="a"), *units(6, phase=1, prefix="b")]
    handler = FakeHandler(tmp_path, plans)
    await queue(database)
    await dispatcher_of(handler).start("o1")
    await ended(database)
    ends = [line.split()[1][0] for line in handler.log if line.startswith("end")]
    assert ends == ["b"] * 6 + ["a"] * 6


async def test_units_that_units_add_run_too_in_their_phases(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    async def page(unit: ClaimedUnit) -> UnitOutcome:
        number = unit.plan.arguments["page"]
        following = [UnitPlan(1, f"page{number + 1}", "fake", {"page": number + 1})]
        late = [UnitPlan(3, f"late{number}", "fake"), *units(5, phase=1, prefix="wide")]
        return UnitOutcome((await count_one(unit)).tally, [*late, *following] if number < 4 else ())

    handler = FakeHandler(
        tmp_path,
        [UnitPlan(1, "page0", "fake", {"page": 0}), UnitPlan(2, "middle", "fake")],
        scripts={f"page{number}": page for number in range(5)},
    )
    await queue(database)
    await dispatcher_of(handler).start("o1")
    operation = await ended(database)
    assert operation.progress.unit_count == operation.progress.done_unit_count == 5 + 1 + 4 + 5
    assert handler.log.index("end page4") < handler.log.index("end middle")
    assert handler.log.index("end middle") < handler.log.index("end late0")
    assert handler.attempts("wide0000") == 1


async def test_idle_slots_take_what_a_running_unit_added(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    everyone = asyncio.Barrier(4)

    async def fan_out(unit: ClaimedUnit) -> UnitOutcome:
        return UnitOutcome(unit.tally, units(4, prefix="wide"))

    async def meet(unit: ClaimedUnit) -> UnitOutcome:
        await everyone.wait()
        return await count_one(unit)

    scripts = {plan.key: meet for plan in units(4, prefix="wide")}
    handler = FakeHandler(tmp_path, units(1), scripts={**scripts, "u0000": fan_out})
    await queue(database)
    await dispatcher_of(handler).start("o1")
    assert (await ended(database)).progress.done_unit_count == 5


async def test_results_come_in_the_order_of_the_keys(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    plans = units(30)
    await queue(database)
    await dispatcher_of(FakeHandler(tmp_path, list(reversed(plans)))).start("o1")
    await ended(database)
    results = [result async for result in journal.results(database, "o1")]
    assert results == [(plan.key, {"key": plan.key}) for plan in plans]


async def test_a_failing_unit_is_tried_again_after_growing_waits(
    database: Database, dispatcher_of: MakeDispatcher, waits: Waits, tmp_path: Path
) -> None:
    async def fail_twice(unit: ClaimedUnit) -> UnitOutcome:
        unit.tally.missing(Kind.ISSUE, "A-1", "HALF_WAY", "must not count")
        if unit.attempt < 3:
            raise Passing("not now")
        unit.tally.findings.clear()
        unit.tally.counts.clear()
        return await count_one(unit)

    handler = FakeHandler(tmp_path, units(3), scripts={"u0001": fail_twice})
    await queue(database)
    await dispatcher_of(handler).start("o1")
    operation = await ended(database)
    assert operation.state is OperationState.SUCCEEDED
    assert handler.attempts("u0001") == 3
    assert waits.delays == [2.0, 4.0]
    assert operation.progress.counts[Kind.ISSUE].missing == 0
    assert operation.progress.issue_count == 0


async def test_a_unit_that_is_given_up_leaves_what_is_missing_and_the_others_go_on(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    async def fail(unit: ClaimedUnit) -> UnitOutcome:
        raise Passing("never")

    def give_up(unit: ClaimedUnit, error: Exception) -> UnitOutcome:
        tally = Tally()
        tally.missing(Kind.ISSUE, "ALOY-12", "SITE_UNAVAILABLE", str(error))
        return UnitOutcome(tally, [UnitPlan(1, "u0099", "fake")])

    handler = FakeHandler(tmp_path, units(3), scripts={"u0001": fail}, give_up=give_up)
    await queue(database)
    await dispatcher_of(handler).start("o1")
    progress = (await ended(database)).progress
    assert handler.attempts("u0001") == PACE.attempts
    assert (progress.done_unit_count, progress.failed_unit_count) == (3, 1)
    assert progress.counts[Kind.ISSUE].missing == 1
    assert (progress.issue_count, progress.error_count) == (1, 1)
    async with database.read() as connection:
        found = await findings.page(connection, "o1", limit=10)
    assert [(item.unit_key, item.finding.key) for item in found] == [("u0001", "ALOY-12")]
    assert (await unit_states(database))["u0001"] == "FAILED"


async def test_an_error_that_will_last_is_not_tried_again(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    async def fail(unit: ClaimedUnit) -> UnitOutcome:
        raise Lasting("refused")

    handler = FakeHandler(
        tmp_path,
        units(2),
        scripts={"u0001": fail},
        give_up=lambda unit, error: UnitOutcome(Tally()),
    )
    await queue(database)
    await dispatcher_of(handler).start("o1")
    assert (await ended(database)).state is OperationState.SUCCEEDED
    assert handler.attempts("u0001") == 1


async def test_an_error_that_the_handler_raises_fails_the_operation(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    stuck = Gate()

    async def fail(unit: ClaimedUnit) -> UnitOutcome:
        await stuck.reached.wait()
        raise Lasting("credentials refused")

    handler = FakeHandler(tmp_path, units(3), scripts={"u0000": stuck, "u0001": fail})
    await queue(database)
    await dispatcher_of(handler).start("o1")
    operation = await ended(database)
    assert operation.state is OperationState.FAILED
    assert operation.error == {"message": "credentials refused"}
    assert handler.log[-2:] == ["close", "failed Lasting"]
    assert "end u0000" in handler.log
    assert await outcome(database) == "failed"
    assert await lock_holder(database) == ""


async def test_an_operation_that_cannot_be_opened_fails(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    handler = FakeHandler(tmp_path, units(1), open_errors=[Lasting("no credentials")])
    await queue(database)
    await dispatcher_of(handler).start("o1")
    assert (await ended(database)).error == {"message": "no credentials"}
    assert handler.log == ["open", "failed Lasting"]


async def test_opening_is_tried_again(
    database: Database, dispatcher_of: MakeDispatcher, waits: Waits, tmp_path: Path
) -> None:
    handler = FakeHandler(tmp_path, units(1), open_errors=[Passing("not yet")])
    await queue(database)
    await dispatcher_of(handler).start("o1")
    assert (await ended(database)).state is OperationState.SUCCEEDED
    assert waits.delays == [2.0]


async def test_an_operation_that_cannot_finish_fails(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    async def fail() -> None:
        raise Lasting("no manifest")

    handler = FakeHandler(tmp_path, units(1), finish_gate=fail)
    await queue(database)
    await dispatcher_of(handler).start("o1")
    assert (await ended(database)).error == {"message": "no manifest"}
    assert handler.log[-3:] == ["finish", "close", "failed Lasting"]


async def test_an_end_that_cannot_be_written_leaves_nothing_of_it_and_fails(
    database: Database, dispatcher_of: MakeDispatcher, tmp_path: Path
) -> None:
    handler = FakeHandler(tmp_path, units(1), write_error=Lasting("a defect"))
    await queue(database)
    await dispatcher_of(handler).start("o1")
    assert (await ended(database)).state is OperationState.FAILED
    assert await outcome(database) == "failed"


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
