"""Faults on request, and the log of the requests that a site answered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class FaultKind(Enum):
    """What goes wrong."""

    RATE_LIMITED = "rate_limited"
    """429; ``retry_after``, ``reason`` and ``html`` shape it."""
    UNAVAILABLE = "unavailable"
    """503, with Retry-After when ``retry_after`` is given."""
    ERROR = "error"
    """500, nothing was done."""
    MISSING = "missing"
    """404."""
    REFUSED = "refused"
    """400, nothing was done."""
    FORBIDDEN = "forbidden"
    """403, nothing was done."""
    CUT = "cut"
    """Half of the body comes, then the connection closes; Content-Length announced all of it."""
    TRUNCATED = "truncated"
    """Half of the body comes and pretends to be all of it."""
    HALVED = "halved"
    """Of every character beyond U+FFFF only one half comes, as cutting a text leaves it."""
    LOST = "lost"
    """The request takes effect, then the connection closes without an answer."""
    DELAY = "delay"
    """The answer comes after ``delay`` seconds."""
    OMITTED = "omitted"
    """The lists of the answer lack ``items``, and nothing says so. It happens to every answer
    that would hold one of them, ``times`` or not."""
    UNRETURNED = "unreturned"
    """The same, but issue/bulkfetch names what it lacks among its ``issueErrors``."""


@dataclass
class Fault:
    """Something that happens to the next ``times`` requests of that method and path."""

    kind: FaultKind
    path: str = ""
    """A regular expression that is searched in the path."""
    method: str = ""
    """An HTTP method; empty for all."""
    times: int = 1
    skip: int = 0
    """How many matching requests pass unharmed first."""
    retry_after: int | None = None
    """Seconds."""
    reason: str = ""
    """The value of the header RateLimit-Reason."""
    html: bool = False
    """Whether the body is a gateway's HTML page rather than JSON."""
    delay: float = 0.0
    """Seconds."""
    items: tuple[str, ...] = ()
    """Ids or keys."""
    fired: int = 0
    """How often it happened."""

    @property
    def omits(self) -> bool:
        """Whether it takes items out of answers."""
        return self.kind in (FaultKind.OMITTED, FaultKind.UNRETURNED)

    def matches(self, method: str, path: str) -> bool:
        """Whether it concerns that request."""
        if self.method and self.method.upper() != method.upper():
            return False
        return re.search(self.path, path) is not None

    def to_json(self) -> dict[str, Any]:
        """The fault as the endpoint ``/_simulator/faults`` shows it."""
        return {
            "kind": self.kind.value,
            "path": self.path,
            "method": self.method,
            "times": self.times,
            "skip": self.skip,
            "retryAfter": self.retry_after,
            "reason": self.reason,
            "html": self.html,
            "delay": self.delay,
            "items": list(self.items),
            "fired": self.fired,
        }


_KNOWN = frozenset(
    {"kind", "path", "method", "times", "skip", "retryAfter", "reason", "html", "delay", "items"}
)


def fault_from_json(body: Mapping[str, Any]) -> Fault:
    """Reads a fault from the body of ``POST /_simulator/faults``. Raises ValueError."""
    unknown = set(body) - _KNOWN
    if unknown or "kind" not in body:
        raise ValueError(f"a fault has a kind and any of {sorted(_KNOWN)}")
    values: dict[str, Any] = {**body, "kind": FaultKind(body["kind"])}
    values["items"] = tuple(values.get("items", ()))
    values["retry_after"] = values.pop("retryAfter", None)
    return Fault(**values)


@dataclass
class Faults:
    """The faults of a site, in the order in which they were asked for."""

    planned: list[Fault] = field(default_factory=list[Fault])

    def add(self, fault: Fault) -> Fault:
        """Plans a fault; the returned object counts how often it fired."""
        self.planned.append(fault)
        return fault

    def plan(self, kind: FaultKind, path: str = "", **details: Any) -> Fault:
        """Plans a fault from its parts."""
        return self.add(Fault(kind, path, **details))

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that hits this request, if one does; it is used up by that."""
        for fault in self.planned:
            if fault.omits or fault.fired >= fault.times or not fault.matches(method, path):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.fired += 1
            return fault
        return None

    def omitting(self, method: str, path: str) -> list[Fault]:
        """The faults that take items out of the answers to this request."""
        return [each for each in self.planned if each.omits and each.matches(method, path)]

    def clear(self) -> None:
        """Forgets all faults."""
        self.planned.clear()


class RequestLog:
    """How many requests each operation of a site got, and with which outcome."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._statuses: Counter[int] = Counter()

    def note(self, method: str, template: str, status: int) -> None:
        """Counts one request; status 0 stands for a connection that was closed."""
        self._counts[method, template] += 1
        self._statuses[status] += 1

    def count(self, method: str, template: str) -> int:
        """How many requests that operation got."""
        return self._counts[method, template]

    def total(self) -> int:
        """How many requests the site got."""
        return self._counts.total()

    def clear(self) -> None:
        """Starts over."""
        self._counts.clear()
        self._statuses.clear()

    def to_json(self) -> dict[str, Any]:
        """The log as ``GET /_simulator/requests`` shows it."""
        return {
            "total": self.total(),
            "statuses": {str(status): n for status, n in sorted(self._statuses.items())},
            "requests": [
                {"method": method, "template": template, "count": count}
                for (method, template), count in sorted(self._counts.items())
            ],
        }
