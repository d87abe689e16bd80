"""One incarnation of the work on one operation, from its adoption to its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Never, TypeVar

from sitekeep_shared import locks
from sitekeep_shared.locks import LockLost
from sitekeep_shared.work import lease_keeper, operations
from sitekeep_shared.work.abandonment import end_lost
from sitekeep_shared.work.adoption import Adoption, Obstacle, adopt
from sitekeep_shared.work.beside import run_beside
from sitekeep_shared.work.interruptions import DATABASE_TROUBLE, INTERRUPTIONS
from sitekeep_shared.work.meter import Meter
from sitekeep_shared.work.port import Completion, OperationRun
from sitekeep_shared.work.records import Progress
from sitekeep_shared.work.settings import Workplace
from sitekeep_shared.work.unit_pool import UnitPool

logger = logging.getLogger(__name__)

T = TypeVar("T")


class CancelRequested(Exception):
    """Somebody asked for the cancellation."""


async def coordinate(workplace: Workplace, operation: str, wakeup: asyncio.Event) -> bool:
    """Adopts an operation and works on it until it ends; ``wakeup`` says to look at it now.

    False says that it cannot be worked on now: another operation holds the product, or
    this process is no longer the one that runs the service. Raises LockLost and the
    database's errors: then nothing was written since, and it may be adopted again.
    """
    if not await workplace.may_adopt():
        logger.error("operation %s is left alone: another process runs the service", operation)
        return False
    adoption = await adopt(workplace, operation)
    if adoption is Obstacle.LOST:
        return await end_lost(workplace, operation)
    if isinstance(adoption, Obstacle):
        return adoption is Obstacle.ENDED
    return await _carry_on(Coordinator(workplace, adoption, wakeup), workplace, adoption)


async def _carry_on(coordinator: Coordinator, workplace: Workplace, adoption: Adoption) -> bool:
    keeper = lease_keeper.keep(workplace.database, adoption.lease)
    try:
        await run_beside(coordinator.run(), keeper)
    except LockLost:
        # It may be a newer incarnation's, or not have been renewed in time: then it goes on.
        if not await end_lost(workplace, adoption.operation.id):
            raise
    return True


class Coordinator:
    """The work of this process on an operation that it has adopted."""

    def __init__(self, workplace: Workplace, adoption: Adoption, wakeup: asyncio.Event) -> None:
        self._workplace = workplace
        self._operation = adoption.operation
        self._adoption = adoption
        self._wakeup = wakeup
        self._meter = Meter(adoption.progress)
        self._run: OperationRun | None = None
        self._shown: tuple[str, Progress] | None = None

    async def run(self) -> None:
        """Works until the operation has ended."""
        completion = await self._completion()
        try:
            await self._complete(completion)
        except INTERRUPTIONS:
            raise
        except Exception as error:
            logger.exception("operation %s cannot end as it should", self._operation.id)
            await self._complete(await self._failed(error))

    async def _completion(self) -> Completion:
        try:
            return await self._carry_out()
        except CancelRequested:
            progress = self._meter.committed
            return await self._workplace.handler.cancelled(self._operation, progress)
        except INTERRUPTIONS:
            raise
        except Exception as error:
            logger.exception("operation %s failed", self._operation.id)
            return await self._failed(error)

    async def _failed(self, error: Exception) -> Completion:
        progress = self._meter.committed
        return await self._workplace.handler.failed(self._operation, error, progress)

    async def _carry_out(self) -> Completion:
        if self._operation.cancel_requested and not self._operation.finishing:
            raise CancelRequested
        try:
            run = await run_beside(self._run_units(), self._watch())
            await self._start_finishing(run)
            return await self._persist(lambda: run.finish(self._meter.committed))
        finally:
            await self._close()

    async def _run_units(self) -> OperationRun:
        handler = self._workplace.handler
        self._run = run = await self._persist(lambda: handler.open(self._operation))
        fence = self._adoption.lease.fence
        await UnitPool(self._workplace, self._operation, fence, run, self._meter).run_all()
        return run

    async def _watch(self) -> Never:
        """Shows the progress, and raises CancelRequested or LockLost as soon as it is so."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._workplace.pace.progress_seconds):
                    await self._wakeup.wait()
            self._wakeup.clear()
            try:
                await self._check()
                await self._show_progress()
            except DATABASE_TROUBLE as error:
                logger.warning("progress of %s is not shown: %s", self._operation.id, error)

    async def _check(self) -> None:
        lease = self._adoption.lease
        async with self._workplace.database.read() as connection:
            await locks.check(connection, lease.product, lease.fence)
            if self._operation.finishing:
                return
            if await operations.cancel_requested(connection, self._operation.id):
                raise CancelRequested

    async def _show_progress(self) -> None:
        self._count_requests()
        phase, progress = self._meter.phase, self._meter.live
        if self._shown == (phase, progress):
            return
        async with self._workplace.database.write() as connection:
            await operations.set_progress(
                connection,
                self._operation,
                self._adoption.lease.fence,
                phase=phase,
                progress=progress,
                now=self._workplace.clock.now(),
            )
        self._shown = (phase, progress)

    async def _start_finishing(self, run: OperationRun) -> None:
        self._count_requests()
        self._meter.phase = run.finishing_phase
        async with self._workplace.database.write() as connection:
            too_late_to_cancel = await operations.start_finishing(
                connection,
                self._operation,
                self._adoption.lease.fence,
                phase=self._meter.phase,
                progress=self._meter.committed,
                now=self._workplace.clock.now(),
            )
        if not too_late_to_cancel:
            raise CancelRequested

    async def _persist(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Tries again what may succeed later."""
        failures = 0
        while True:
            try:
                return await attempt()
            except INTERRUPTIONS:
                raise
            except Exception as error:
                failures += 1
                if not self._workplace.may_retry(failures, error):
                    raise
                logger.info("operation %s is tried again: %s", self._operation.id, error)
            await self._workplace.back_off(failures)

    async def _close(self) -> None:
        if self._run is None:
            return
        self._count_requests()
        run, self._run = self._run, None
        try:
            await run.close()
        except Exception:
            # What remains open costs less than an operation that ends wrongly.
            logger.exception("operation %s was not closed properly", self._operation.id)

    def _count_requests(self) -> None:
        if self._run is not None:
            self._meter.requests_of_this_run = self._run.request_count
            self._meter.trouble = self._run.trouble

    async def _complete(self, completion: Completion) -> None:
        """Writes the end of the operation, all at once, under the fence."""
        lease = self._adoption.lease
        async with self._workplace.database.write() as connection:
            await locks.guard(connection, lease.product, lease.fence)
            await completion.write(connection)
            await operations.finish(
                connection,
                self._operation,
                lease,
                completion.state,
                error=completion.error,
                progress=self._meter.committed,
                now=self._workplace.clock.now(),
            )
        logger.info("operation %s ended: %s", self._operation.id, completion.state)
