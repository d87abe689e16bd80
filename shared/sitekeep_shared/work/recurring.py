"""What a server does again and again in the background, beside its calls."""

from __future__ import annotations

import abc
import asyncio
import logging
from contextlib import suppress
from typing import ClassVar, Self

_log = logging.getLogger(__name__)


class Recurring(abc.ABC):
    """Something that recurs while a server runs. An async context manager.

    Whatever it was interrupted in, the next time goes on with.
    """

    pause_seconds: ClassVar[float]
    """Between the end of one time and the begin of the next."""
    begins_at_once: ClassVar[bool] = False
    """Else after the first pause: by then, what the server was ended in has resumed."""

    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begins to recur."""
        self._task = asyncio.create_task(self._recur())
        return self

    async def __aexit__(self, *error: object) -> None:
        """Stops, also in the middle."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @abc.abstractmethod
    async def once(self) -> None:
        """One time. What it expects to go wrong it says itself."""

    async def _recur(self) -> None:
        if not self.begins_at_once:
            await asyncio.sleep(self.pause_seconds)
        while True:
            try:
                await self.once()
            except Exception:
                # One defect must not end for good what keeps backups and their space in order.
                _log.exception("%s failed; it is tried again", type(self).__name__)
            await asyncio.sleep(self.pause_seconds)
