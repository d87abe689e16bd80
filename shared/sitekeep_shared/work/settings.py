"""What the in-process dispatcher is given: where it works and how hard it tries."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from sitekeep_shared.clock import Clock
from sitekeep_shared.database.engine import Database
from sitekeep_shared.locks import LEASE_SECONDS
from sitekeep_shared.work.port import Handler


@dataclass(frozen=True)
class Pace:
    """How often a dispatcher looks and tries. Durations are in seconds."""

    progress_seconds: float = 1.0
    """Between two looks at the cancel flag and two writes of the progress."""
    attempts: int = 5
    """At a unit that keeps failing, at opening and at finishing."""
    backoff_seconds: float = 2.0
    """Before the second attempt; doubled before each further one."""
    longest_backoff_seconds: float = 120.0
    again_seconds: float = 10.0
    """Before an operation that was interrupted, or whose product is busy, is taken up again."""


async def always() -> bool:
    """For a process that nothing can take the service from."""
    return True


@dataclass(frozen=True)
class Workplace:
    """What every operation of a dispatcher shares."""

    database: Database
    handler: Handler
    service: str
    holder: str
    """This process incarnation, by a name that is never used again."""
    clock: Clock
    concurrency: int = 8
    """Units that an operation runs side by side."""
    lease_seconds: float = LEASE_SECONDS
    pace: Pace = field(default_factory=Pace)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Waits before another attempt."""
    jitter: Callable[[], float] = random.random
    """From 0 to below 1."""
    may_adopt: Callable[[], Awaitable[bool]] = always
    """Whether this process is still the one that runs the service."""

    def may_retry(self, failures: int, error: Exception) -> bool:
        """Whether another attempt may help after that many failures, this one included."""
        return failures < self.pace.attempts and self.handler.retryable(error)

    async def back_off(self, failures: int) -> None:
        """Waits before the next attempt; the spread keeps retries from coming all at once."""
        longest = self.pace.longest_backoff_seconds
        delay = min(longest, self.pace.backoff_seconds * 2 ** (failures - 1))
        await self.sleep(delay * (0.5 + self.jitter() / 2))
