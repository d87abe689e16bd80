"""How many requests may be under way at once: additive increase, multiplicative decrease."""

from __future__ import annotations

import asyncio
from collections import deque

_SMOOTHING = 0.2
_BASELINE_DRIFT = 1.05
_SLOWER = 2.0
_TOLERANCE_SECONDS = 0.05


class Window:
    """A semaphore of moving size.

    It starts at ``start``, grows by one per round of answers while the site answers as fast
    as before, up to ``maximum``, and halves when the site says that it is too much.
    """

    def __init__(self, start: int, maximum: int) -> None:
        self._size = float(start)
        self._maximum = float(max(start, maximum))
        self._in_flight = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._latency: float | None = None
        self._baseline = float("inf")
        self._last_cut = float("-inf")

    @property
    def size(self) -> int:
        """Requests that may be under way now."""
        return int(self._size)

    @property
    def in_flight(self) -> int:
        """Requests that are under way."""
        return self._in_flight

    async def enter(self) -> None:
        """Waits for a place, first come, first served."""
        if not self._waiters and self._in_flight < self.size:
            self._in_flight += 1
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            self._forget(waiter)
            raise

    def leave(self) -> None:
        """Gives the place back."""
        self._in_flight -= 1
        self._admit()

    def answered(self, latency: float) -> None:
        """An answer took ``latency`` seconds: grows where the window is what holds back."""
        flat = self._is_flat(latency)
        if flat and self._in_flight >= self.size:
            self._size = min(self._maximum, self._size + 1.0 / self._size)
            self._admit()

    def congested(self, started: float, now: float) -> None:
        """The site refused a request for its load; ``started``, ``now`` in monotonic seconds.

        Requests that were under way already at the last cut belong to the same congestion.
        """
        if started < self._last_cut:
            return
        self._last_cut = now
        self._size = max(1.0, self._size / 2)

    def _is_flat(self, latency: float) -> bool:
        known = latency if self._latency is None else self._latency
        self._latency = known + _SMOOTHING * (latency - known)
        # The baseline drifts up so that one lucky answer does not stop growth for good.
        self._baseline = min(latency, self._baseline * _BASELINE_DRIFT)
        return self._latency <= _SLOWER * self._baseline + _TOLERANCE_SECONDS

    def _admit(self) -> None:
        while self._waiters and self._in_flight < self.size:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._in_flight += 1
                waiter.set_result(None)

    def _forget(self, waiter: asyncio.Future[None]) -> None:
        if waiter.done() and not waiter.cancelled():
            self.leave()
        elif waiter in self._waiters:
            self._waiters.remove(waiter)
