"""What every request to Jira Service Management passes: is the app there, is the API open?

Experimental operations ask for a header, and the list of customers takes few requests a second.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sitekeep_simulator.answers import json_answer
from sitekeep_simulator.refusals import Refused, refusal_body
from sitekeep_simulator.service_management.paging import SERVICE_DESK_API
from sitekeep_simulator.site import SimulatedSite

_DESK = f"{SERVICE_DESK_API}/servicedesk/{{serviceDeskId}}"
_TYPE = f"{_DESK}/requesttype/{{requestTypeId}}"
_EXPERIMENTAL = frozenset(
    {
        ("POST", f"{_DESK}/requesttype"),
        ("GET", f"{_DESK}/customer"),
        ("GET", f"{_TYPE}/property"),
        ("GET", f"{_TYPE}/property/{{propertyKey}}"),
        ("PUT", f"{_TYPE}/property/{{propertyKey}}"),
    }
)
"""As Atlassian's document marks them (x-experimental)."""
CUSTOMER = f"{_DESK}/customer"
CUSTOMERS_A_SECOND = 5
"""The burst of the customers of a desk (Atlassian, rate limiting, August 2026)."""


class _Bucket:
    """As many tokens as there are customers' requests a second."""

    def __init__(self) -> None:
        self._tokens = float(CUSTOMERS_A_SECOND)
        self._filled = 0.0

    def take(self, now: float) -> bool:
        """Whether there was a token; ``now`` in seconds."""
        gained = (now - self._filled) * CUSTOMERS_A_SECOND
        self._tokens = min(CUSTOMERS_A_SECOND, self._tokens + gained)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def gate(site: SimulatedSite) -> Middleware:
    """The middleware of the gate."""
    buckets: dict[str, _Bucket] = defaultdict(_Bucket)

    @web.middleware
    async def pass_through(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(SERVICE_DESK_API):
            return await handler(request)
        if not site.service_management:
            raise Refused(404, "Jira Service Management is not installed.")
        resource = request.match_info.route.resource
        template = "" if resource is None else resource.canonical
        opted_in = request.headers.get("X-ExperimentalApi") == "opt-in"
        if (request.method, template) in _EXPERIMENTAL and not opted_in:
            raise Refused(412, "This API is experimental. Send X-ExperimentalApi: opt-in.")
        now = asyncio.get_running_loop().time()
        if template == CUSTOMER and not buckets[request.method].take(now):
            return _too_many(site, request)
        return await handler(request)

    return pass_through


def _too_many(site: SimulatedSite, request: web.Request) -> web.Response:
    body = refusal_body(request.path, Refused(429, "Rate limit exceeded."))
    answer = json_answer(site, body, 429)
    answer.headers["Retry-After"] = "1"
    answer.headers["RateLimit-Reason"] = "jira-burst-based"
    return answer
