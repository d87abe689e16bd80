"""Runs the units of one operation, some side by side, phase by phase."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from sitekeep_shared import locks
from sitekeep_shared.work import journal
from sitekeep_shared.work.interruptions import INTERRUPTIONS, describe
from sitekeep_shared.work.meter import Meter
from sitekeep_shared.work.port import OperationRun
from sitekeep_shared.work.records import ClaimedUnit, Operation, UnitOutcome
from sitekeep_shared.work.settings import Workplace

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Ended:
    """What came of a unit; ``error`` is set where it is given up."""

    unit: ClaimedUnit
    outcome: UnitOutcome
    error: dict[str, Any] | None = None


class UnitPool:
    """The units of an operation while one incarnation works on it."""

    def __init__(
        self,
        workplace: Workplace,
        operation: Operation,
        fence: int,
        run: OperationRun,
        meter: Meter,
    ) -> None:
        self._workplace = workplace
        self._operation = operation
        self._fence = fence
        self._run = run
        self._meter = meter
        self._more = asyncio.Event()

    async def run_all(self) -> None:
        """Plans the first units and runs until no unit is left.

        Raises what ``OperationRun.unit_failed`` raises, LockLost, StaleAttempt and
        the database's errors; no unit is running then.
        """
        await self._plan()
        while (phase := await self._next_phase()) is not None:
            self._meter.phase = self._run.phase_name(phase)
            await self._run_phase(phase)

    async def _plan(self) -> None:
        units = self._run.initial_units()
        async with self._workplace.database.write() as connection:
            await locks.guard(connection, self._operation.product_uid, self._fence)
            added = await journal.plan(connection, self._operation.id, units)
        self._meter.planned(added)

    async def _next_phase(self) -> int | None:
        async with self._workplace.database.read() as connection:
            return await journal.next_phase(connection, self._operation.id)

    async def _run_phase(self, phase: int) -> None:
        tasks: set[asyncio.Task[None]] = set()
        try:
            while True:
                self._more.clear()
                free = self._workplace.concurrency - len(tasks)
                for unit in await self._claim(phase, free):
                    tasks.add(asyncio.create_task(self._run_chain(unit, phase)))
                if not tasks:
                    return
                tasks = await self._wait(tasks)
        finally:
            await _stop(tasks)

    async def _claim(self, phase: int, limit: int) -> list[ClaimedUnit]:
        if limit <= 0:
            return []
        async with self._workplace.database.write() as connection:
            await locks.guard(connection, self._operation.product_uid, self._fence)
            return await journal.claim(connection, self._operation.id, phase, limit)

    async def _wait(self, tasks: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
        """Until a chain of units ends or units are added; gives the chains that go on."""
        more = asyncio.create_task(self._more.wait())
        try:
            await asyncio.wait({*tasks, more}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _stop({more})
        for task in tasks:
            if task.done():
                task.result()
        return {task for task in tasks if not task.done()}

    async def _run_chain(self, first: ClaimedUnit, phase: int) -> None:
        unit: ClaimedUnit | None = first
        while unit is not None:
            unit = await self._commit(await self._run_unit(unit), phase)

    async def _run_unit(self, unit: ClaimedUnit) -> _Ended:
        while True:
            self._meter.started(unit)
            try:
                return _Ended(unit, await self._run.run_unit(unit))
            except INTERRUPTIONS:
                self._meter.stopped(unit)
                raise
            except Exception as error:
                self._meter.stopped(unit)
                failure = error
            if not self._workplace.may_retry(unit.failures + 1, failure):
                return await self._give_up(unit, failure)
            unit = await self._try_again(unit, failure)

    async def _give_up(self, unit: ClaimedUnit, error: Exception) -> _Ended:
        logger.warning(
            "unit %s of %s is given up", unit.plan.key, self._operation.id, exc_info=error
        )
        outcome = await self._run.unit_failed(unit, error)
        return _Ended(unit, outcome, describe(error))

    async def _try_again(self, unit: ClaimedUnit, error: Exception) -> ClaimedUnit:
        logger.info("unit %s of %s is tried again: %s", unit.plan.key, self._operation.id, error)
        async with self._workplace.database.write() as connection:
            again = await journal.try_again(connection, self._operation, unit, describe(error))
        # The slot is kept while waiting: a site in trouble gets fewer requests, not more units.
        await self._workplace.back_off(again.failures)
        return again

    async def _commit(self, ended: _Ended, phase: int) -> ClaimedUnit | None:
        """Makes a unit count and claims the next one in the same transaction."""
        operation, unit, outcome = self._operation, ended.unit, ended.outcome
        async with self._workplace.database.write() as connection:
            if ended.error is None:
                added = await journal.commit_unit(connection, operation, unit, outcome)
            else:
                added = await journal.give_up_unit(
                    connection, operation, unit, outcome, ended.error
                )
            following = await journal.claim(connection, operation.id, phase, 1)
        self._meter.ended(unit, outcome, given_up=ended.error is not None)
        self._meter.planned(added)
        if added:
            self._more.set()
        return following[0] if following else None


async def _stop(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
