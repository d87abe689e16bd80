"""The limits of a site: bursts by endpoint, writes to one issue, requests of an hour.

Source: developer.atlassian.com/cloud/jira/platform/rate-limiting. A site has none until a test or
a demonstration sets them; the documented ones are 100 reads and 50 writes a second.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BURST = "jira-burst-based"
PER_ISSUE = "jira-per-issue-on-write"
QUOTA = "jira-quota-tenant-based"

_ISSUE_WRITES = ((20, 2.0), (100, 30.0))
"""Writes to one issue in so many seconds."""
_HOUR = 3600.0
_NEAR = 0.2
_WRITES = ("POST", "PUT", "DELETE")


@dataclass(frozen=True)
class BurstLimit:
    """A token bucket for each endpoint and method that it is about."""

    rate: float
    """Requests a second."""
    burst: float
    """Requests that a full bucket takes at once."""
    method: str = ""
    """An HTTP method; empty for all."""
    path: str = ""
    """A regular expression that is searched in the endpoint's template."""

    def concerns(self, method: str, template: str) -> bool:
        """Whether it is about that endpoint."""
        return self.method in ("", method) and re.search(self.path, template) is not None


@dataclass
class _Bucket:
    limit: BurstLimit
    tokens: float
    filled: float
    """When the tokens were counted."""

    def take(self, now: float) -> bool:
        self.tokens += (now - self.filled) * self.limit.rate
        self.tokens, self.filled = min(self.limit.burst, self.tokens), now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(frozen=True)
class Verdict:
    """What a limit says to one request."""

    allowed: bool
    reason: str = ""
    retry_after: int = 0
    """Whole seconds."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Those that an answer shows whether it is one of refusal or not."""


@dataclass
class Limits:
    """The limits of one site. Times are seconds of the site's clock."""

    bursts: list[BurstLimit] = field(default_factory=list[BurstLimit])
    """The first that concerns an endpoint is the one that counts."""
    issue_writes: bool = False
    hourly_quota: int = 0
    """Requests until the top of the hour; 0: as many as there are."""
    _buckets: dict[tuple[str, str], _Bucket] = field(
        default_factory=dict[tuple[str, str], _Bucket], init=False
    )
    _written: dict[str, deque[float]] = field(default_factory=dict[str, "deque[float]"], init=False)
    _hour: float = field(default=0.0, init=False)
    _used: int = field(default=0, init=False)

    def judge(self, method: str, template: str, issue: str, now: float) -> Verdict:
        """Counts a request; ``issue`` is the one that its path names, or empty."""
        wait = self._quota(now)
        if wait:
            return Verdict(False, QUOTA, wait)
        wait = self._issue(method, issue, now)
        if wait:
            return Verdict(False, PER_ISSUE, wait)
        return self._burst(method, template, now)

    def _quota(self, now: float) -> int:
        if not self.hourly_quota:
            return 0
        hour = now // _HOUR
        if hour != self._hour:
            self._hour, self._used = hour, 0
        self._used += 1
        over = self._used > self.hourly_quota
        return math.ceil((hour + 1) * _HOUR - now) if over else 0

    def _issue(self, method: str, issue: str, now: float) -> int:
        if not self.issue_writes or not issue or method not in _WRITES:
            return 0
        written = self._written.setdefault(issue, deque(maxlen=_ISSUE_WRITES[-1][0]))
        for count, seconds in _ISSUE_WRITES:
            if len(written) >= count and written[-count] > now - seconds:
                return math.ceil(written[-count] + seconds - now)
        written.append(now)
        return 0

    def _burst(self, method: str, template: str, now: float) -> Verdict:
        bucket = self._bucket(method, template, now)
        if bucket is None:
            return Verdict(True)
        allowed = bucket.take(now)
        limit = bucket.limit
        headers = {
            "X-RateLimit-Limit": str(int(limit.burst)),
            "X-RateLimit-Remaining": str(int(bucket.tokens)),
        }
        if bucket.tokens < limit.burst * _NEAR:
            headers["X-RateLimit-NearLimit"] = "true"
        wait = 0 if allowed else math.ceil((1 - bucket.tokens) / limit.rate)
        return Verdict(allowed, "" if allowed else BURST, wait, headers)

    def _bucket(self, method: str, template: str, now: float) -> _Bucket | None:
        known = self._buckets.get((method, template))
        if known is not None:
            return known
        limit = next((each for each in self.bursts if each.concerns(method, template)), None)
        if limit is None:
            return None
        return self._buckets.setdefault((method, template), _Bucket(limit, limit.burst, now))


def limits_from_json(body: Mapping[str, Any]) -> Limits:
    """Reads limits from the body of ``PUT /_simulator/limits``. Raises ValueError, TypeError."""
    known = {"bursts", "issueWrites", "hourlyQuota"}
    if set(body) - known:
        raise ValueError(f"limits have any of {sorted(known)}")
    bursts = [BurstLimit(**each) for each in body.get("bursts", [])]
    if any(each.rate <= 0 or each.burst < 1 for each in bursts):
        raise ValueError("a burst has a rate above 0 and takes at least one request")
    return Limits(bursts, bool(body.get("issueWrites")), int(body.get("hourlyQuota", 0)))
