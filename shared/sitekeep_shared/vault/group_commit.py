"""Group commit: units that finish at about the same time share one checkpoint."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from sitekeep_shared.vault.errors import SessionClosed
from sitekeep_shared.vault.limits import Limits


class GroupCommit:
    """Decides when a checkpoint is made and tells those who wait for it."""

    def __init__(
        self,
        limits: Limits,
        checkpoint: Callable[[], Awaitable[str]],
        is_worth_it: Callable[[], bool],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        """``is_worth_it`` says whether to go ahead without waiting for company."""
        self._limits = limits
        self._checkpoint = checkpoint
        self._is_worth_it = is_worth_it
        self._on_failure = on_failure
        self._waiting: list[asyncio.Future[str]] = []
        self._is_due = False
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._last = time.monotonic()
        self._closed = False

    async def join(self) -> str:
        """Waits for a checkpoint that covers everything staged before the call."""
        if self._closed:
            raise SessionClosed("The backup session was closed.")
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self.reconsider()
        self._start()
        return await future

    def reconsider(self) -> None:
        """To be called when what ``is_worth_it`` depends on has changed."""
        if self._waiting and self._is_worth_it():
            self._hurry.set()

    def note_progress(self, staged_bytes: int) -> None:
        """Begins a checkpoint without a waiting unit when it is due by size or by time."""
        overdue = time.monotonic() - self._last > self._limits.checkpoint_seconds
        if staged_bytes >= self._limits.checkpoint_bytes or (overdue and staged_bytes > 0):
            self._is_due = True
            self._hurry.set()
            self._start()
        elif staged_bytes >= self._limits.checkpoint_hurry_bytes:
            self.reconsider()

    async def close(self) -> None:
        """Waits for a checkpoint that is being made; those who wait for another are refused."""
        self._closed = True
        self._refuse(SessionClosed("The backup session was closed."))
        self._hurry.set()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def _start(self) -> None:
        if not self._closed and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while (self._waiting or self._is_due) and not self._closed:
            await self._wait_for_company()
            batch, self._waiting = self._waiting, []
            self._is_due = False
            self._hurry.clear()
            self._last = time.monotonic()
            await self._make_one(batch)

    async def _wait_for_company(self) -> None:
        if self._is_worth_it():
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), self._limits.checkpoint_linger_seconds)

    async def _make_one(self, batch: list[asyncio.Future[str]]) -> None:
        try:
            checkpoint = await self._checkpoint()
        except Exception as error:
            self._closed = True
            self._on_failure(error)
            self._waiting = [*batch, *self._waiting]
            self._refuse(error)
            return
        for future in batch:
            if not future.done():
                future.set_result(checkpoint)

    def _refuse(self, error: BaseException) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_exception(error)
