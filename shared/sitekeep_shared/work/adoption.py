"""Adoption: a process takes an operation up, for the first time or after another one stopped."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import locks
from sitekeep_shared.locks import Lease
from sitekeep_shared.work import journal, operations
from sitekeep_shared.work.records import Operation, Progress
from sitekeep_shared.work.settings import Workplace


class Obstacle(enum.Enum):
    """Why an operation cannot be adopted."""

    ENDED = enum.auto()
    """Nothing is left to do."""
    BUSY = enum.auto()
    """Another operation holds the product, and it never had it."""
    LOST = enum.auto()
    """The lock that it had was taken by another or released by force: it is over."""


@dataclass(frozen=True)
class Adoption:
    """An operation that this process works on from now on."""

    operation: Operation
    lease: Lease
    progress: Progress
    """What the journal has; requests of earlier incarnations included."""


async def adopt(workplace: Workplace, operation: str) -> Adoption | Obstacle:
    """Takes the lock with a new fence and gives back the units of the dead incarnation.

    A lock that was lost is never taken again.
    """
    async with workplace.database.write() as connection:
        known = await operations.get(connection, operation)
        if known is None or known.state.done:
            return Obstacle.ENDED
        if await is_lost(connection, known):
            return Obstacle.LOST
        return await _take_over(connection, workplace, known)


async def is_lost(connection: AsyncConnection, operation: Operation) -> bool:
    """Whether the operation has had the lock and owns it no more. That never changes back."""
    if operation.fence is None:
        return False
    return await locks.owner(connection, operation.product_uid) != operation.id


async def _take_over(
    connection: AsyncConnection, workplace: Workplace, known: Operation
) -> Adoption | Obstacle:
    lease = await locks.acquire(
        connection,
        known.product_uid,
        known.id,
        kind=known.kind,
        holder=workplace.holder,
        duration_ms=int(workplace.lease_seconds * 1000),
    )
    if lease is None:
        return Obstacle.BUSY
    now = workplace.clock.now()
    adopted = await operations.adopted(connection, known.id, lease.fence, now)
    if adopted is None:
        # It ended while we waited for the lock that it gave up.
        await locks.release(connection, lease)
        return Obstacle.ENDED
    await journal.requeue(connection, known.id)
    earlier = adopted.progress
    progress = await journal.progress(connection, known.id, request_count=earlier.request_count)
    progress = replace(progress, percent=earlier.percent)
    return Adoption(replace(adopted, progress=progress), lease, progress)
