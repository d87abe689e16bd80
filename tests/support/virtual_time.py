"""An event loop whose time is moved: what sleeps wakes as soon as nothing else is left to do."""

from __future__ import annotations

import asyncio
import datetime
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
_START = datetime.datetime(2026, 1, 1, 12, 0, tzinfo=datetime.UTC)
_GRACE_SECONDS = 0.0005


class _PatientSelector(selectors.DefaultSelector):
    """Waits for what is on its way through a socket, and for nothing else."""

    skipped = 0.0
    """Seconds by which time was moved."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            return super().select(None)
        if len(self.get_map()) > 1:
            # Besides the loop's own pipe there are connections.
            ready = super().select(_GRACE_SECONDS)
        if not ready:
            self.skipped += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Nothing in it takes time but sleeping, and sleeping takes none of the machine's."""

    def __init__(self) -> None:
        self._patient = _PatientSelector()
        super().__init__(self._patient)

    def time(self) -> float:
        """Seconds that were slept since the loop was made."""
        return self._patient.skipped

    def now(self) -> datetime.datetime:
        """The same as an instant: the loop is a clock."""
        return _START + datetime.timedelta(seconds=self.time())


def run_virtually(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs something to its end; it may sleep for hours."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
