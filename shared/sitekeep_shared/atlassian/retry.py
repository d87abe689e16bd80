"""How long a request is tried before the site counts as unavailable."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounds on repeating one request. All times are in seconds."""

    attempts: int = 10
    """Requests sent at most, the first one included."""
    first_delay: float = 1.0
    """The upper bound of the first pause where the site names none; it doubles each time."""
    longest_delay: float = 60.0
    """The upper bound of such a pause."""
    longest_pause: float = 3700.0
    """The longest pause taken on the site's word: quotas reset at the top of the hour."""
    patience: float = 7200.0
    """All pauses of one request together."""

    def backoff(self, failures: int) -> float:
        """A jittered pause after the given number of failures in a row (1 is the first)."""
        bound = min(self.longest_delay, self.first_delay * 2.0 ** (failures - 1))
        return random.uniform(bound / 2, bound)

    def advised(self, delay: float) -> float:
        """The site's own pause, with a little jitter so that not all come back at once."""
        return delay + random.uniform(0.0, min(1.0, 0.05 + delay / 10))


class Trial:
    """The attempts of one request: counts them and their pauses."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self.attempts = 0
        """Failed attempts since the start or the last progress."""
        self.waited = 0.0
        """Seconds of pauses so far."""

    def next_delay(self, advice: float | None) -> float | None:
        """Seconds to wait before the next attempt, None where it is time to give up.

        ``advice`` is what the site said, None where it said nothing.
        """
        self.attempts += 1
        if self.attempts >= self._policy.attempts:
            return None
        if advice is not None and advice > self._policy.longest_pause:
            return None
        delay = (
            self._policy.backoff(self.attempts) if advice is None else self._policy.advised(advice)
        )
        self.waited += delay
        return delay if self.waited <= self._policy.patience else None

    def progressed(self) -> None:
        """A part of a long answer arrived: the count of failures starts again."""
        self.attempts = 0
