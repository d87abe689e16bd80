"""How many requests a second an endpoint takes, learned from what it refuses.

A site counts requests by time (a token bucket for each endpoint and method), so no number of
requests at once is right: at the rate that the bucket allows nothing is refused, however many are
under way. That rate is measured from one refusal to the next; then it is approached again slowly,
the more slowly the longer the pause is that a refusal costs.
"""

from __future__ import annotations

import math

_CAUTION = 0.03
"""How far below the known rate it starts again, and how far above it gets in the same time."""
_BOLDNESS = 0.1
"""How fast it grows once that time is over, in which nothing was refused."""
_PAUSES_BETWEEN = 30.0
"""A refusal may cost a thirtieth of the time."""
_REQUESTS_BETWEEN = 300.0
"""Requests, at the known rate, until more than that rate is tried."""
_LONGEST_APPROACH = 60.0
"""Seconds that those requests may take."""
_LONGEST_PAUSE = 60.0
"""Seconds of a pause that make the approach slower."""
_MOST_GROWTH = 10.0
_IDLE_SECONDS = 2.0
_FORGOTTEN_SECONDS = 600.0


class Pace:
    """Gives each request its turn. Unlimited until something is refused.

    All times are monotonic seconds.
    """

    def __init__(self) -> None:
        self._known: float | None = None
        """Requests a second that were answered between two refusals."""
        self._approach = 1.0
        """Seconds until the known rate is reached again."""
        self._since = float("-inf")
        """When the silence after the last refusal ended, or the first request was sent."""
        self._counted_from = float("-inf")
        self._answers = 0
        self._next = float("-inf")
        self._refused = float("-inf")

    def rate(self, now: float) -> float | None:
        """Requests a second at that time, None where any number is right."""
        if self._known is None:
            return None
        past = max(0.0, now - self._since) / self._approach
        growth = _CAUTION * (2 * past - 1) + _BOLDNESS * max(0.0, past - 1) ** 3
        return self._known * math.exp(min(growth, _MOST_GROWTH))

    def turn(self, now: float) -> float:
        """Takes a turn: the time at which the request may be sent."""
        last = self._next
        if now - last > _FORGOTTEN_SECONDS:
            self._known = None
        if now - last > _IDLE_SECONDS:
            # A time in which nothing was wanted says nothing about what may be had.
            self._since = self._counted_from = now
            self._answers = 0
        rate = self.rate(now)
        turn = now if rate is None else max(now, last)
        self._next = turn + (0.0 if rate is None else 1.0 / rate)
        return turn

    def answered(self) -> None:
        """A request was answered."""
        self._answers += 1

    def refused(self, started: float, now: float, pause: float) -> None:
        """A request that was sent at ``started`` was refused; silence follows for ``pause``.

        Those that were under way already at the last refusal belong to the same one.
        """
        if started < self._refused:
            return
        if self._answers:
            self._learn(now)
        self._begin_again(now, pause)

    def _learn(self, now: float) -> None:
        """The rate is between what was answered on the average and what was tried at last.

        Which of them it is depends on how much a bucket holds: on the tokens that it saved, and
        on those of the last silence.
        """
        before = self.rate(now)
        silence = max(0.0, self._since - self._counted_from)
        measured = self._answers / max(now - self._counted_from - silence / 2, 0.001)
        if before is None:
            self._known = measured
        else:
            self._known = min(before, max(before / 2, math.sqrt(measured * before)))

    def _begin_again(self, now: float, pause: float) -> None:
        if self._known is not None:
            requests = min(_REQUESTS_BETWEEN / self._known, _LONGEST_APPROACH)
            self._approach = max(_PAUSES_BETWEEN * min(pause, _LONGEST_PAUSE), requests)
        self._refused, self._counted_from, self._answers = now, now, 0
        self._since = self._next = now + pause
