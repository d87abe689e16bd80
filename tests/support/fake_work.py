"""A handler for the tests of dispatchers: its effects are files that are created once."""

from __future__ import annotations

import asyncio
import datetime
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import locks
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work import operations
from sitekeep_shared.work.port import Completion
from sitekeep_shared.work.records import (
    ClaimedUnit,
    Operation,
    OperationState,
    Progress,
    UnitOutcome,
)
from sitekeep_shared.work.unit import UnitPlan

START = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)

Script = Callable[[ClaimedUnit], Awaitable[UnitOutcome]]


class Passing(Exception):
    """May be gone at the next attempt."""


class Lasting(Exception):
    """Will be there at every attempt."""


def units(count: int, *, phase: int = 1, prefix: str = "u") -> list[UnitPlan]:
    """Units that are all alike."""
    return [UnitPlan(phase, f"{prefix}{number:04d}", "fake") for number in range(count)]


def create_once(path: Path) -> None:
    """Creates a file. Raises FileExistsError for one that is there."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL))


async def queue(
    database: Database,
    operation: str = "o1",
    *,
    product: str = "p1",
    lease_ms: int = 60_000,
    holder: str = "server",
) -> None:
    """What a request does: the operation and its lock, in one transaction."""
    async with database.write() as connection:
        lease = await locks.acquire(
            connection, product, operation, kind="backup", holder=holder, duration_ms=lease_ms
        )
        await operations.insert_operation(
            connection,
            id=operation,
            organization="acme",
            kind="backup",
            resource_uid=f"backup-{operation}",
            resource_name=f"organizations/acme/backups/{operation}",
            product_uid=product,
            service="backup",
            arguments={},
            now=START,
            fence=None if lease is None else lease.fence,
        )


@dataclass
class FakeHandler:
    """Runs units that count one issue each, unless there is a script for the unit's key.

    Every attempt leaves the file ``KEY.ATTEMPT`` in ``folder``.
    """

    folder: Path
    plans: Sequence[UnitPlan] = ()
    scripts: dict[str, Script] = field(default_factory=dict[str, Script])
    give_up: Callable[[ClaimedUnit, Exception], UnitOutcome] | None = None
    open_errors: list[Exception] = field(default_factory=list[Exception])
    finish_gate: Callable[[], Awaitable[None]] | None = None
    write_error: Exception | None = None
    log: list[str] = field(default_factory=list[str])
    running: int = 0
    most_running: int = 0

    async def open(self, operation: Operation) -> FakeRun:
        self.log.append("open")
        if self.open_errors:
            raise self.open_errors.pop(0)
        return FakeRun(self, operation)

    def retryable(self, error: Exception) -> bool:
        return isinstance(error, Passing)

    async def failed(
        self, operation: Operation, error: Exception, progress: Progress
    ) -> Completion:
        self.log.append(f"failed {type(error).__name__}")
        document = {"message": str(error)}
        return Completion(OperationState.FAILED, document, self.writer(operation, "failed"))

    async def cancelled(self, operation: Operation, progress: Progress) -> Completion:
        self.log.append("cancelled")
        write = self.writer(operation, "cancelled")
        return Completion(OperationState.CANCELLED, {"message": "cancelled"}, write)

    def writer(
        self, operation: Operation, outcome: str
    ) -> Callable[[AsyncConnection], Awaitable[None]]:
        """Writes a row that can be written only once."""

        async def write(connection: AsyncConnection) -> None:
            row = {"id": operation.resource_uid, "display_name": outcome, "etag": ""}
            times = {"create_time": START, "update_time": START, "enrolled": True}
            await connection.execute(insert(schema.organization).values(**row, **times))
            if self.write_error is not None and outcome == "finished":
                raise self.write_error

        return write

    def attempts(self, key: str) -> int:
        """How many attempts there were at a unit."""
        return len(list(self.folder.glob(f"{key}.*")))


@dataclass
class FakeRun:
    """One incarnation of the work."""

    handler: FakeHandler
    operation: Operation
    request_count: int = 0
    trouble: str = ""
    finishing_phase: str = "SEALING"

    def phase_name(self, phase: int) -> str:
        return f"PHASE_{phase}"

    def initial_units(self) -> Sequence[UnitPlan]:
        return self.handler.plans

    async def run_unit(self, unit: ClaimedUnit) -> UnitOutcome:
        handler, key = self.handler, unit.plan.key
        create_once(handler.folder / f"{key}.{unit.attempt}")
        self.request_count += 1
        handler.running += 1
        handler.most_running = max(handler.most_running, handler.running)
        try:
            return await handler.scripts.get(key, count_one)(unit)
        finally:
            handler.running -= 1
            handler.log.append(f"end {key}")

    async def unit_failed(self, unit: ClaimedUnit, error: Exception) -> UnitOutcome:
        if self.handler.give_up is None:
            raise error
        return self.handler.give_up(unit, error)

    async def finish(self, progress: Progress) -> Completion:
        self.handler.log.append("finish")
        if self.handler.finish_gate is not None:
            await self.handler.finish_gate()
        write = self.handler.writer(self.operation, "finished")
        return Completion(OperationState.SUCCEEDED, None, write)

    async def close(self) -> None:
        self.handler.log.append("close")


async def count_one(unit: ClaimedUnit) -> UnitOutcome:
    """Counts one issue, after giving way to others."""
    unit.tally.expect(Kind.ISSUE)
    await asyncio.sleep(0)
    unit.tally.done(Kind.ISSUE, 10)
    return UnitOutcome(unit.tally, (), {"key": unit.plan.key})
