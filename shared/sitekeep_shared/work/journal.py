"""Queries on the units of an operation: planned, claimed, committed, summed up.

Each runs in the transaction of its caller, ``results`` excepted. A unit's
attempt is its own fence: whoever claimed it last is the one that may commit it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import locks
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database, insert_into
from sitekeep_shared.errors import Conflict
from sitekeep_shared.work import counts, findings
from sitekeep_shared.work.counts import Counts
from sitekeep_shared.work.records import (
    ClaimedUnit,
    Operation,
    Progress,
    UnitOutcome,
    UnitState,
)
from sitekeep_shared.work.unit import UnitPlan

BATCH = 500
_LAST = "\U0010ffff"

_unit = schema.unit.c


@dataclass(eq=False)
class StaleAttempt(Conflict):
    """The unit was claimed again since; what this attempt did does not count."""

    reason: str = "LOCK_LOST"
    message: str = "a newer attempt at the unit has begun"
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])


async def plan(connection: AsyncConnection, operation: str, plans: Sequence[UnitPlan]) -> int:
    """Adds the units that the operation has not got yet; gives how many those are."""
    rows = [_planned(operation, plan) for plan in {plan.key: plan for plan in plans}.values()]
    if not rows:
        return 0
    statement = insert_into(connection, schema.unit).on_conflict_do_nothing().returning(_unit.key)
    return len((await connection.execute(statement, rows)).all())


def _planned(operation: str, plan: UnitPlan) -> dict[str, Any]:
    return {
        "operation": operation,
        "key": plan.key,
        "phase": plan.phase,
        "kind": plan.kind,
        "arguments": plan.arguments,
        "state": UnitState.TODO,
        "attempt": 0,
        "failures": 0,
    }


async def requeue(connection: AsyncConnection, operation: str) -> int:
    """Gives back the units that a dead incarnation was running; gives how many."""
    statement = (
        update(schema.unit)
        .where(_unit.operation == operation, _unit.state == UnitState.RUNNING)
        .values(state=UnitState.TODO)
    )
    return (await connection.execute(statement)).rowcount


async def next_phase(connection: AsyncConnection, operation: str) -> int | None:
    """The lowest phase with a unit that is to be run; None where all are done."""
    statement = select(func.min(_unit.phase)).where(
        _unit.operation == operation, _unit.state == UnitState.TODO
    )
    phase: int | None = (await connection.execute(statement)).scalar_one_or_none()
    return phase


async def claim(
    connection: AsyncConnection, operation: str, phase: int, limit: int
) -> list[ClaimedUnit]:
    """Starts the next attempt at up to ``limit`` units of the phase, lowest keys first."""
    waiting = (
        select(_unit.key)
        .where(_unit.operation == operation, _unit.state == UnitState.TODO, _unit.phase == phase)
        .order_by(_unit.key)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    # As a subquery of the UPDATE, PostgreSQL may evaluate it once per row and claim more.
    keys = list((await connection.execute(waiting)).scalars())
    if not keys:
        return []
    statement = (
        update(schema.unit)
        .where(_unit.operation == operation, _unit.key.in_(keys))
        .values(state=UnitState.RUNNING, attempt=_unit.attempt + 1)
        .returning(schema.unit)
    )
    rows = (await connection.execute(statement)).all()
    return sorted((_claimed(row) for row in rows), key=lambda unit: unit.plan.key)


def _claimed(row: Row[Any]) -> ClaimedUnit:
    plan = UnitPlan(row.phase, row.key, row.kind, row.arguments)
    return ClaimedUnit(plan, row.attempt, row.failures)


async def commit_unit(
    connection: AsyncConnection, operation: Operation, unit: ClaimedUnit, outcome: UnitOutcome
) -> int:
    """Makes a unit's outcome count; gives how many units it added.

    Raises LockLost, StaleAttempt: then nothing of the transaction may be kept.
    """
    return await _end_unit(connection, operation, unit, outcome, state=UnitState.DONE)


async def give_up_unit(
    connection: AsyncConnection,
    operation: Operation,
    unit: ClaimedUnit,
    outcome: UnitOutcome,
    error: Mapping[str, Any],
) -> int:
    """As ``commit_unit``, for a unit that will not be tried again."""
    return await _end_unit(
        connection,
        operation,
        unit,
        outcome,
        state=UnitState.FAILED,
        error=dict(error),
        failures=unit.failures + 1,
    )


async def _end_unit(
    connection: AsyncConnection,
    operation: Operation,
    unit: ClaimedUnit,
    outcome: UnitOutcome,
    **values: Any,
) -> int:
    await locks.operation_guard(connection, operation.product_uid, operation.id)
    tally = counts.to_json(outcome.tally.counts)
    await _change(connection, operation, unit, counts=tally, result=outcome.result, **values)
    await findings.insert(connection, operation.id, unit.plan.key, outcome.tally.findings)
    await findings.withdraw(connection, operation.id, outcome.withdrawn)
    return await plan(connection, operation.id, outcome.spawned)


async def try_again(
    connection: AsyncConnection,
    operation: Operation,
    unit: ClaimedUnit,
    error: Mapping[str, Any],
) -> ClaimedUnit:
    """Notes why an attempt failed and starts the next one. Raises LockLost, StaleAttempt."""
    await locks.operation_guard(connection, operation.product_uid, operation.id)
    again = ClaimedUnit(unit.plan, unit.attempt + 1, unit.failures + 1)
    await _change(
        connection,
        operation,
        unit,
        attempt=again.attempt,
        failures=again.failures,
        error=dict(error),
    )
    return again


async def _change(
    connection: AsyncConnection, operation: Operation, unit: ClaimedUnit, **values: Any
) -> None:
    statement = (
        update(schema.unit)
        .where(
            _unit.operation == operation.id,
            _unit.key == unit.plan.key,
            _unit.state == UnitState.RUNNING,
            _unit.attempt == unit.attempt,
        )
        .values(values)
    )
    if (await connection.execute(statement)).rowcount != 1:
        raise StaleAttempt(metadata={"operation": operation.id, "unit": unit.plan.key})


async def progress(
    connection: AsyncConnection, operation: str, *, request_count: int = 0
) -> Progress:
    """What the units that have ended come to together."""
    units = await _unit_counts(connection, operation)
    issues, errors = await findings.totals(connection, operation)
    return Progress(
        counts=await _summed_counts(connection, operation),
        issue_count=issues,
        error_count=errors,
        unit_count=sum(units.values()),
        done_unit_count=units.get(UnitState.DONE, 0),
        failed_unit_count=units.get(UnitState.FAILED, 0),
        request_count=request_count,
    )


async def _unit_counts(connection: AsyncConnection, operation: str) -> dict[str, int]:
    statement = (
        select(_unit.state, func.count().label("units"))
        .where(_unit.operation == operation)
        .group_by(_unit.state)
    )
    return {row.state: row.units for row in await connection.execute(statement)}


async def _summed_counts(connection: AsyncConnection, operation: str) -> Counts:
    total: Counts = {}
    after = ""
    while True:
        statement = (
            select(_unit.key, _unit.counts)
            .where(_unit.operation == operation, _unit.key > after, _unit.counts.is_not(None))
            .order_by(_unit.key)
            .limit(BATCH)
        )
        rows = (await connection.execute(statement)).all()
        for row in rows:
            counts.add(total, counts.from_json(row.counts))
        if len(rows) < BATCH:
            return total
        after = rows[-1].key


async def results(
    database: Database, operation: str, prefix: str = ""
) -> AsyncIterator[tuple[str, Any]]:
    """The key and the result of every unit that left one, in the order of the keys.

    Those whose keys begin with ``prefix``.

    Reads in short transactions of its own: whoever takes the results may take his time.
    """
    after = ""
    while True:
        statement = (
            select(_unit.key, _unit.result)
            .where(_unit.operation == operation, _unit.key > after, _unit.result.is_not(None))
            .where(_unit.key >= prefix, _unit.key < prefix + _LAST)
            .order_by(_unit.key)
            .limit(BATCH)
        )
        async with database.read() as connection:
            rows = (await connection.execute(statement)).all()
        for row in rows:
            yield row.key, row.result
        if len(rows) < BATCH:
            return
        after = rows[-1].key
