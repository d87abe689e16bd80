"""What a 429 or 503 answer says about when and where to slow down.

Source: developer.atlassian.com/cloud/jira/platform/rate-limiting.
"""

from __future__ import annotations

import datetime
import email.utils
import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sitekeep_shared.clock import Clock

_SECONDS_TO_RESET = re.compile(r";\s*t=(\d+)")


class Scope(enum.Enum):
    """How far a limit reaches."""

    SITE = enum.auto()
    """A quota of the whole account or tenant: everything pauses."""
    ENDPOINT = enum.auto()
    """One endpoint and method."""
    SUBJECT = enum.auto()
    """Writes to one issue."""


@dataclass(frozen=True, slots=True)
class Throttle:
    """A site's word to slow down."""

    scope: Scope
    delay: float | None
    """Seconds from now, None where the answer names no time."""
    reason: str
    """``RateLimit-Reason`` as sent, empty where there is none."""


def read_throttle(headers: Mapping[str, str], clock: Clock) -> Throttle:
    """Reads ``Retry-After``, ``X-RateLimit-Reset``, ``RateLimit`` and ``RateLimit-Reason``."""
    reason = headers.get("RateLimit-Reason", "")
    return Throttle(_scope(reason), read_delay(headers, clock), reason)


def read_delay(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Seconds to wait as the headers say, None where they say nothing usable."""
    for text in (headers.get("Retry-After"), headers.get("X-RateLimit-Reset")):
        delay = _delay(text, clock) if text else None
        if delay is not None:
            return delay
    structured = headers.get("RateLimit") or headers.get("Beta-RateLimit") or ""
    match = _SECONDS_TO_RESET.search(structured)
    return float(match[1]) if match else None


def _scope(reason: str) -> Scope:
    if "per-issue-on-write" in reason:
        return Scope.SUBJECT
    if "quota" in reason or "cost-based" in reason:
        return Scope.SITE
    return Scope.ENDPOINT


def _delay(text: str, clock: Clock) -> float | None:
    try:
        return max(0.0, float(text))
    except ValueError:
        instant = _instant(text)
    if instant is None:
        return None
    seconds = (instant - clock.now()).total_seconds()
    # A time that is over says nothing: the clocks differ or the answer is stale.
    return seconds if seconds > 0 else None


def _instant(text: str) -> datetime.datetime | None:
    """An HTTP date, or ISO 8601 with minutes or seconds precision."""
    for parse in (datetime.datetime.fromisoformat, email.utils.parsedate_to_datetime):
        try:
            instant = parse(text.strip())
        except ValueError:
            continue
        return instant if instant.tzinfo else instant.replace(tzinfo=datetime.UTC)
    return None
