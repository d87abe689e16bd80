"""What every dispatcher has to do, whatever runs the units."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sitekeep_shared.database.engine import Database
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work import findings, journal
from sitekeep_shared.work.records import (
    ClaimedUnit,
    OperationState,
    UnitOutcome,
)
from sitekeep_shared.work.tally import Tally
from sitekeep_shared.work.unit import UnitPlan
from support.dispatchers import (
    PACE,
    Gate,
    MakeDispatcher,
    Waits,
    ended,
    lock_holder,
    outcome,
    unit_states,
)
from support.fake_work import (
    START,
    FakeHandler,
    Lasting,
    Passing,
    count_one,
    queue,
    units,
)


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
