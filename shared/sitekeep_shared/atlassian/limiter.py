"""The limiter of one site: a window and a pace per endpoint, pauses for it and for everything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from sitekeep_shared.atlassian.pace import Pace
from sitekeep_shared.atlassian.throttling import Scope
from sitekeep_shared.atlassian.window import Window

Sleep = Callable[[float], Awaitable[None]]

_SUBJECT_INTERVAL = 0.35
"""Seconds between writes to one issue after it was throttled: 100 per 30 s are allowed."""
_SUBJECT_MEMORY = 60.0
"""Seconds after which an issue without further writes counts as calm."""


class Endpoint(NamedTuple):
    """What the site's burst limits are counted by."""

    method: str
    template: str


MEDIA = Endpoint("GET", "(media host)")
"""Downloads from the media host; they have a window of their own."""


@dataclass(slots=True)
class _Lane:
    window: Window
    pace: Pace = field(default_factory=Pace)
    pause: float = float("-inf")
    """Nothing is sent before that monotonic second."""


@dataclass(slots=True)
class Permit:
    """The leave to send one request."""

    endpoint: Endpoint
    subject: str
    started: float
    """Monotonic seconds."""


class SiteLimiter:
    """Decides when a request may go out. Share one between all clients of a site in a process."""

    def __init__(
        self,
        *,
        concurrency: int = 8,
        maximum: int = 20,
        media_concurrency: int = 16,
        media_maximum: int = 32,
        sleep: Sleep = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._concurrency, self._maximum = concurrency, maximum
        self._sleep, self._monotonic = sleep, monotonic
        self._site_pause = float("-inf")
        self._lanes = {MEDIA: _Lane(Window(media_concurrency, media_maximum))}
        self._subjects: dict[str, float] = {}
        self.downloads = asyncio.Semaphore(media_maximum)
        """Bounds the files whose bodies are being read."""

    def window(self, endpoint: Endpoint) -> Window:
        """The window of an endpoint."""
        return self._lane(endpoint).window

    @asynccontextmanager
    async def slot(self, endpoint: Endpoint, subject: str = "") -> AsyncGenerator[Permit]:
        """Waits until a request may be sent; the place is held until the block ends.

        ``subject`` names the issue that a write changes, empty for everything else.
        """
        await self._space_writes(subject)
        lane = self._lane(endpoint)
        await lane.window.enter()
        try:
            await self._wait_for_turn(lane)
            yield Permit(endpoint, subject, self._monotonic())
        finally:
            lane.window.leave()

    def answered(self, permit: Permit) -> None:
        """The request of the permit got an answer that is no refusal for load."""
        lane = self._lane(permit.endpoint)
        lane.pace.answered()
        lane.window.answered(self._monotonic() - permit.started)

    def congested(self, permit: Permit) -> None:
        """The site is overloaded: fewer requests to that endpoint at once."""
        self.window(permit.endpoint).congested(permit.started, self._monotonic())

    def throttled(self, permit: Permit, scope: Scope, delay: float) -> None:
        """The site wants ``delay`` seconds of silence within the scope."""
        until = self._monotonic() + delay
        if scope is Scope.SUBJECT and permit.subject:
            self._forget_calm_subjects()
            self._subjects[permit.subject] = max(until, self._subjects.get(permit.subject, until))
            return
        self.congested(permit)
        if scope is Scope.SITE:
            self._site_pause = max(self._site_pause, until)
        else:
            lane = self._lane(permit.endpoint)
            lane.pace.refused(permit.started, self._monotonic(), delay)
            lane.pause = max(lane.pause, until)

    def _lane(self, endpoint: Endpoint) -> _Lane:
        lane = self._lanes.get(endpoint)
        if lane is None:
            lane = self._lanes[endpoint] = _Lane(Window(self._concurrency, self._maximum))
        return lane

    async def _wait_for_turn(self, lane: _Lane) -> None:
        """Until it may be sent: a turn that came during a pause is taken anew after it."""
        while True:
            await self._wait_for(lane)
            now = self._monotonic()
            delay = lane.pace.turn(now) - now
            if delay <= 0:
                return
            await self._sleep(delay)
            if max(self._site_pause, lane.pause) <= self._monotonic():
                return

    async def _wait_for(self, lane: _Lane) -> None:
        waited_until = float("-inf")
        # Only a pause that was made longer meanwhile is waited for again.
        while (until := max(self._site_pause, lane.pause)) > waited_until:
            delay = until - self._monotonic()
            if delay <= 0:
                return
            waited_until = until
            await self._sleep(delay)

    def _forget_calm_subjects(self) -> None:
        oldest = self._monotonic() - _SUBJECT_MEMORY
        self._subjects = {key: at for key, at in self._subjects.items() if at > oldest}

    async def _space_writes(self, subject: str) -> None:
        if not subject or subject not in self._subjects:
            return
        now = self._monotonic()
        next_write = self._subjects[subject]
        if now - next_write > _SUBJECT_MEMORY:
            del self._subjects[subject]
            return
        start = max(now, next_write)
        self._subjects[subject] = start + _SUBJECT_INTERVAL
        if start > now:
            await self._sleep(start - now)
