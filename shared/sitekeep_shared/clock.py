"""The one clock. Nothing else in Sitekeep asks what time it is."""

from __future__ import annotations

import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; tests inject one that they move."""

    def now(self) -> datetime.datetime:
        """The current instant, in UTC, with microseconds."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime.datetime:
        """The current instant, in UTC."""
        return datetime.datetime.now(datetime.UTC)


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime.datetime) -> None:
        self._now = start

    def now(self) -> datetime.datetime:
        """The instant that the clock was last moved to."""
        return self._now

    def advance(self, duration: datetime.timedelta) -> None:
        """Moves the clock forward."""
        self._now += duration
