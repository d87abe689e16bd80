"""Counters of what went over the wire."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sitekeep_shared.atlassian.limiter import Endpoint


@dataclass(slots=True)
class Traffic:
    """What a client sent and received so far."""

    request_count: int = 0
    """Requests sent, repeats and hops to the media host included."""
    retry_count: int = 0
    """Requests that repeated a failed one."""
    bytes_received: int = 0
    """Bytes of bodies after decompression."""
    bytes_sent: int = 0
    """Bytes of bodies."""
    trouble: str = ""
    """Why a request has to wait, in a sentence; empty once the site has answered one since."""
    by_endpoint: Counter[Endpoint] = field(default_factory=Counter[Endpoint])
    """Requests by method and endpoint template."""
