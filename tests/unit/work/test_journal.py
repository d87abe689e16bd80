from __future__ import annotations

import pytest

from sitekeep_shared import locks
from sitekeep_shared.database.engine import Database
from sitekeep_shared.kinds import Kind
from sitekeep_shared.locks import LockLost
from sitekeep_shared.work import findings, journal, operations
from sitekeep_shared.work.identities import DatabaseIdentities
from sitekeep_shared.work.journal import StaleAttempt
from sitekeep_shared.work.meter import Meter
from sitekeep_shared.work.records import ClaimedUnit, Operation, Progress, UnitOutcome
from sitekeep_shared.work.tally import Finding, Severity, Tally, Withdrawn
from sitekeep_shared.work.unit import UnitPlan
from support.fake_work import START, queue, units

NOTHING = UnitOutcome(Tally())


@pytest.fixture
async def operation(database: Database) -> Operation:
    await queue(database)
    async with database.write() as connection:
        found = await operations.get(connection, "o1")
    assert found is not None
    return found


async def plan_units(database: Database, *plans: UnitPlan) -> int:
    async with database.write() as connection:
        return await journal.plan(connection, "o1", plans)


async def claim(database: Database, limit: int, *, phase: int = 1) -> list[ClaimedUnit]:
    async with database.write() as connection:
        return await journal.claim(connection, "o1", phase, limit)


async def commit(
    database: Database, operation: Operation, unit: ClaimedUnit, outcome: UnitOutcome = NOTHING
) -> int:
    async with database.write() as connection:
        return await journal.commit_unit(connection, operation, unit, outcome)


async def test_planning_a_key_twice_plans_it_once(database: Database, operation: Operation) -> None:
    assert await plan_units(database, *units(3)) == 3
    assert await plan_units(database, *units(5), *units(5)) == 2
    assert await plan_units(database) == 0
    assert [unit.plan for unit in await claim(database, 10)] == units(5)


async def test_many_units_are_planned_at_once(database: Database, operation: Operation) -> None:
    assert await plan_units(database, *units(3000)) == 3000


async def test_no_more_units_are_claimed_than_asked_for_lowest_keys_first(
    database: Database, operation: Operation
) -> None:
    await plan_units(database, *reversed(units(20)), *units(5, phase=2, prefix="a"))
    claimed = [unit.plan.key for unit in await claim(database, 3)]
    assert claimed == ["u0000", "u0001", "u0002"]
    assert [unit.plan.key for unit in await claim(database, 2)] == ["u0003", "u0004"]


async def test_the_next_phase_is_the_lowest_with_a_unit_to_run(
    database: Database, operation: Operation
) -> None:
    async def next_phase() -> int | None:
        async with database.read() as connection:
            return await journal.next_phase(connection, "o1")

    assert await next_phase() is None
    await plan_units(database, UnitPlan(7, "a", "fake"), UnitPlan(5, "b", "fake"))
    assert await next_phase() == 5
    await claim(database, 1, phase=5)
    assert await next_phase() == 7


async def test_a_unit_can_be_committed_once(database: Database, operation: Operation) -> None:
    await plan_units(database, *units(1))
    [unit] = await claim(database, 1)
    await commit(database, operation, unit)
    with pytest.raises(StaleAttempt):
        await commit(database, operation, unit)


async def test_an_attempt_that_was_superseded_cannot_commit(
    database: Database, operation: Operation
) -> None:
    await plan_units(database, *units(1))
    [first] = await claim(database, 1)
    async with database.write() as connection:
        assert await journal.requeue(connection, "o1") == 1
    with pytest.raises(StaleAttempt):
        await commit(database, operation, first)
    [second] = await claim(database, 1)
    assert second.attempt == 2
    with pytest.raises(StaleAttempt):
        await commit(database, operation, first)
    await commit(database, operation, second)


async def test_a_refused_commit_leaves_no_finding_and_no_unit(
    database: Database, operation: Operation
) -> None:
    await plan_units(database, *units(1))
    [unit] = await claim(database, 1)
    tally = Tally()
    tally.missing(Kind.ISSUE, "A-1", "GONE", "gone")
    stale = ClaimedUnit(unit.plan, unit.attempt + 1)
    with pytest.raises(StaleAttempt):
        await commit(database, operation, stale, UnitOutcome(tally, units(3, prefix="x")))
    async with database.read() as connection:
        progress = await journal.progress(connection, "o1")
    assert (progress.unit_count, progress.issue_count) == (1, 0)


async def test_an_operation_without_its_lock_cannot_commit_a_unit(
    database: Database, operation: Operation
) -> None:
    await plan_units(database, *units(1))
    [unit] = await claim(database, 1)
    async with database.write() as connection:
        state = await locks.read(connection, "p1")
        assert state is not None
        await locks.release_by_admin(connection, "p1", etag=state.etag, force=True)
    with pytest.raises(LockLost):
        await commit(database, operation, unit)


async def test_what_a_unit_adds_is_counted_without_what_is_known(
    database: Database, operation: Operation
) -> None:
    await plan_units(database, *units(2))
    [unit] = await claim(database, 1)
    assert await commit(database, operation, unit, UnitOutcome(Tally(), units(4))) == 2


async def test_the_sums_cover_every_unit_that_ended(
    database: Database, operation: Operation
) -> None:
    await plan_units(database, *units(1203))
    tally = Tally()
    tally.expect(Kind.ISSUE, 2)
    tally.done(Kind.ISSUE, 5, lossy=True)
    tally.remark(Kind.ISSUE, "A-1", "NOTE", "a remark")
    async with database.write() as connection:
        for unit in await journal.claim(connection, "o1", 1, 1203):
            outcome = UnitOutcome(tally, (), [unit.plan.key])
            if unit.plan.key != "u0500":
                await journal.commit_unit(connection, operation, unit, outcome)
    async with database.read() as connection:
        progress = await journal.progress(connection, "o1", request_count=9)
    count = progress.counts[Kind.ISSUE]
    assert (count.expected, count.done, count.lossy, count.size_bytes) == (2404, 1202, 1202, 6010)
    assert (progress.issue_count, progress.error_count, progress.request_count) == (1202, 0, 9)
    assert (progress.unit_count, progress.done_unit_count) == (1203, 1202)
    keys = [key async for key, _ in journal.results(database, "o1")]
    assert keys == sorted({plan.key for plan in units(1203)} - {"u0500"})


async def test_findings_come_page_by_page_in_order(
    database: Database, operation: Operation
) -> None:
    await plan_units(database, *units(2))
    for unit in await claim(database, 2):
        tally = Tally()
        for number in range(3):
            tally.remark(Kind.PAGE, f"{unit.plan.key}/{number}", "NOTE", "…")
        await commit(database, operation, unit, UnitOutcome(tally))
    keys: list[str] = []
    after: tuple[str, int] | None = None
    async with database.read() as connection:
        while page := await findings.page(connection, "o1", limit=2, after=after):
            keys += [item.finding.key for item in page]
            after = (page[-1].unit_key, page[-1].number)
    assert keys == [f"u000{unit}/{number}" for unit in range(2) for number in range(3)]


async def test_a_finding_may_say_what_no_database_holds(
    database: Database, operation: Operation
) -> None:
    finding = Finding(Severity.WARNING, Kind.PAGE, "a\x00b", "NOTE", "half \ud83d")
    async with database.write() as connection:
        await findings.insert(connection, "o1", "u", [finding])
        [found] = await findings.page(connection, "o1", limit=1)
    assert (found.finding.key, found.finding.message) == ("a\ufffdb", "half ?")


async def test_arguments_and_results_may_hold_any_json(
    database: Database, operation: Operation
) -> None:
    document = {"text": "\x00 \ud83d é", "none": None, "list": [1, 2.5, {"a": False}]}
    await plan_units(database, UnitPlan(1, "k", "fake", document))
    [unit] = await claim(database, 1)
    assert unit.plan.arguments == document
    await commit(database, operation, unit, UnitOutcome(Tally(), (), document))
    assert [result async for result in journal.results(database, "o1")] == [("k", document)]


async def test_progress_that_is_shown_bumps_the_revision_and_needs_the_fence(
    database: Database, operation: Operation
) -> None:
    progress = operation.progress.plus(Tally())
    async with database.write() as connection:
        await operations.set_progress(
            connection, operation, 1, phase="P", progress=progress, now=START
        )
        changed = await operations.get(connection, "o1")
    assert changed is not None
    assert (changed.phase, changed.revision) == ("P", operation.revision + 1)
    with pytest.raises(LockLost):
        async with database.write() as connection:
            await operations.set_progress(
                connection, operation, 2, phase="Q", progress=progress, now=START
            )


async def test_identities_are_kept_and_replaced(database: Database, operation: Operation) -> None:
    identities = DatabaseIdentities(database, operation)
    await identities.put("issue", {str(number): f"t{number}" for number in range(1200)})
    await identities.put("issue", {"7": "other"})
    await identities.put("user", {"7": "someone"})
    await identities.put("user", {})
    found = await identities.get("issue", [*map(str, range(1200)), "unknown", "7"])
    assert len(found) == 1200
    assert (found["7"], found["8"]) == ("other", "t8")
    assert await identities.get("user", ["7", "8"]) == {"7": "someone"}


async def test_identities_need_the_lock(database: Database, operation: Operation) -> None:
    async with database.write() as connection:
        state = await locks.read(connection, "p1")
        assert state is not None
        await locks.release_by_admin(connection, "p1", etag=state.etag, force=True)
    with pytest.raises(LockLost):
        await DatabaseIdentities(database, operation).put("issue", {"1": "2"})


async def test_a_unit_takes_findings_of_earlier_ones_back(
    database: Database, operation: Operation
) -> None:
    await plan_units(database, *units(2))
    first, second = await claim(database, 2)
    tally = Tally()
    tally.missing(Kind.ISSUE, "A-1", "LOST", "…")
    tally.remark(Kind.ISSUE, "A-2", "NOTE", "…")
    await commit(database, operation, first, UnitOutcome(tally))
    meter = Meter(await _progress(database))
    assert (meter.committed.issue_count, meter.committed.error_count) == (2, 1)
    withdrawn = [Withdrawn(first.plan.key, tally.findings[0])]
    outcome = UnitOutcome(Tally(), withdrawn=withdrawn)
    await commit(database, operation, second, outcome)
    meter.ended(second, outcome, given_up=False)
    for progress in (await _progress(database), meter.committed):
        assert (progress.issue_count, progress.error_count) == (1, 0)


async def _progress(database: Database) -> Progress:
    async with database.read() as connection:
        return await journal.progress(connection, "o1")


async def test_results_are_found_by_what_their_keys_begin_with(
    database: Database, operation: Operation
) -> None:
    keys = ["a", "closing/1/1", "closing/10/1", "closing/2/1", "closings", "d"]
    await plan_units(database, *(UnitPlan(1, key, "fake") for key in keys))
    for unit in await claim(database, 9):
        await commit(database, operation, unit, UnitOutcome(Tally(), (), unit.plan.key))
    for prefix in ("closing/", "closing/1/", "closing/1/1", "", "x"):
        found = [result async for _, result in journal.results(database, "o1", prefix)]
        assert sorted(found) == [key for key in keys if key.startswith(prefix)]
