"""The simulated site's own clock: the site is the other side and shares nothing with Sitekeep."""

from __future__ import annotations

import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time; tests give a site one that they move."""

    def now(self) -> datetime.datetime:
        """The current instant, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime.datetime:
        """The current instant, in UTC."""
        return datetime.datetime.now(datetime.UTC)
