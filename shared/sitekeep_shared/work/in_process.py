"""The dispatcher that needs nothing but the server's own process: tasks over the journal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sitekeep_shared.clock import Clock
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import Unavailable
from sitekeep_shared.locks import LEASE_SECONDS
from sitekeep_shared.work import operations
from sitekeep_shared.work.coordinator import coordinate
from sitekeep_shared.work.interruptions import INTERRUPTIONS
from sitekeep_shared.work.port import Handler
from sitekeep_shared.work.settings import Pace, Workplace, always

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class _Worker:
    """The task that works on an operation until it ends, and the bell that wakes it."""

    task: asyncio.Task[None]
    wakeup: asyncio.Event = field(default_factory=asyncio.Event)


class InProcessDispatcher:
    """Runs the operations of one service as tasks of this process.

    The caller holds the service's slot on the database, so whoever worked on an
    unfinished operation before is dead and it is adopted at once.
    """

    def __init__(
        self,
        database: Database,
        handler: Handler,
        service: str,
        holder: str,
        clock: Clock,
        *,
        concurrency: int = 8,
        lease_seconds: float = LEASE_SECONDS,
        pace: Pace | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        may_adopt: Callable[[], Awaitable[bool]] = always,
    ) -> None:
        """``holder`` names this process incarnation and is never used again.

        An operation runs ``concurrency`` units side by side. ``may_adopt`` tells
        whether the slot is still the caller's; operations are left alone while not.
        """
        self._workplace = Workplace(
            database=database,
            handler=handler,
            service=service,
            holder=holder,
            clock=clock,
            concurrency=concurrency,
            lease_seconds=lease_seconds,
            pace=pace or Pace(),
            sleep=sleep,
            jitter=jitter,
            may_adopt=may_adopt,
        )
        self._workers: dict[str, _Worker] = {}
        self._draining = False

    async def start(self, operation: str) -> None:
        """See ``Dispatcher``. Raises Unavailable while the server shuts down."""
        if self._draining:
            raise Unavailable("SERVER_SHUTTING_DOWN", "the server is shutting down")
        worker = self._workers.get(operation)
        if worker is not None:
            worker.wakeup.set()
            return
        wakeup = asyncio.Event()
        task = asyncio.create_task(self._work(operation, wakeup), name=f"operation {operation}")
        self._workers[operation] = _Worker(task, wakeup)
        task.add_done_callback(lambda done: self._workers.pop(operation, None))

    async def cancel(self, operation: str) -> None:
        """See ``Dispatcher``. The flag is what counts; a worker of another process sees it too."""
        async with self._workplace.database.write() as connection:
            now = self._workplace.clock.now()
            await operations.request_cancel(connection, operation, now)
        worker = self._workers.get(operation)
        if worker is not None:
            worker.wakeup.set()

    async def reconcile(self) -> None:
        """See ``Dispatcher``."""
        async with self._workplace.database.read() as connection:
            waiting = await operations.unfinished(connection, self._workplace.service)
        for operation in waiting:
            await self.start(operation)

    async def drain(self) -> None:
        """See ``Dispatcher``. Locks keep their leases, so nobody else takes the products soon."""
        self._draining = True
        tasks = [worker.task for worker in self._workers.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, operation: str, wakeup: asyncio.Event) -> None:
        while not await self._coordinate(operation, wakeup):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._workplace.pace.again_seconds):
                    await wakeup.wait()
            wakeup.clear()

    async def _coordinate(self, operation: str, wakeup: asyncio.Event) -> bool:
        try:
            return await coordinate(self._workplace, operation, wakeup)
        except INTERRUPTIONS as error:
            logger.warning("operation %s was interrupted: %s", operation, error)
        except Exception:
            # The journal has where it stands; giving the operation up for good is no option.
            logger.exception("operation %s was interrupted by a defect", operation)
        return False
