"""One request as it is to be sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp.payload import Payload
from yarl import URL

from sitekeep_shared.atlassian.limiter import Endpoint

Body = bytes | Callable[[], Payload]
"""A body, or what makes it anew for each attempt."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request to the site or to the media host."""

    endpoint: Endpoint
    url: URL
    label: str
    """Method, template and path values for errors and logs; no query, no secret."""
    repeatable: bool
    """It only reads: it may be sent again whatever happened."""
    subject: str = ""
    """The issue that a write changes."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Body | None = None
    resendable: bool = True
    """The body can be made again. Where not, nothing is retried once it was read."""
    foreign: bool = False
    """It goes to another host than the site's: without credentials."""
    lasting: bool = False
    """It moves a file: without a bound on the total time."""


def label_of(method: str, template: str, path: Mapping[str, str]) -> str:
    """The name of a request in errors and logs."""
    values = ", ".join(f"{name}={value}" for name, value in path.items())
    return f"{method} {template}" + (f" ({values})" if values else "")
