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
    """Another operation holds the product."""


@dataclass(frozen=True)
class Adoption:
    """An operation that this process works on from now on."""

    operation: Operation
    lease: Lease
    progress: Progress
    """What the journal has; requests of earlier incarnations included."""
    interrupted: bool
    """The lock was another's, or was taken away, since the operation last had it."""


async def adopt(workplace: Workplace, operation: str) -> Adoption | Obstacle:
    """Takes the lock with a new fence and gives back the units of the dead incarnation."""
    async with workplace.database.read() as connection:
        known = await operations.get(connection, operation)
    if known is None or known.state.done:
        return Obstacle.ENDED
    async with workplace.database.write() as connection:
        return await _take_over(connection, workplace, known)


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
    earlier = await operations.get(connection, known.id)
    now = workplace.clock.now()
    adopted = await operations.adopted(connection, known.id, lease.fence, now)
    if earlier is None or adopted is None:
        # It ended while we waited for the lock that it gave up.
        await locks.release(connection, lease)
        return Obstacle.ENDED
    await journal.requeue(connection, known.id)
    requests = earlier.progress.request_count
    progress = await journal.progress(connection, known.id, request_count=requests)
    progress = replace(progress, percent=earlier.progress.percent)
    return Adoption(replace(adopted, progress=progress), lease, progress, _broken(earlier, lease))


def _broken(earlier: Operation, lease: Lease) -> bool:
    return earlier.fence is not None and lease.fence != earlier.fence + 1
