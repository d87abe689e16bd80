"""Offset paging, as most lists of Jira have it: startAt, maxResults, total, isLast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from sitekeep_simulator.answers import query_integer
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused


def page_bounds(request: web.Request, default: int, cap: int) -> tuple[int, int]:
    """The offset and the size of the page asked for; larger sizes are cut to the cap."""
    start = query_integer(request, "startAt", 0)
    size = query_integer(request, "maxResults", default)
    if start < 0 or size < 0:
        raise Refused(400, "startAt and maxResults must not be negative.")
    return start, min(size, cap)


def page_bean(
    jira: Jira, request: web.Request, values: Sequence[Any], start: int, size: int, total: int
) -> dict[str, Any]:
    """One page with its place in the whole."""
    bean: dict[str, Any] = {
        "self": _link(jira, request, start, size),
        "maxResults": size,
        "startAt": start,
        "total": total,
        "isLast": start + len(values) >= total,
        "values": list(values),
    }
    if not bean["isLast"] and size > 0:
        bean["nextPage"] = _link(jira, request, start + size, size)
    return bean


def page_of(
    jira: Jira, request: web.Request, values: Sequence[Any], *, default: int = 50, cap: int = 100
) -> dict[str, Any]:
    """The page of a list that the request asks for."""
    start, size = page_bounds(request, default, cap)
    return page_bean(jira, request, values[start : start + size], start, size, len(values))


def _link(jira: Jira, request: web.Request, start: int, size: int) -> str:
    query = [(n, v) for n, v in request.query.items() if n not in ("startAt", "maxResults")]
    query += [("startAt", str(start)), ("maxResults", str(size))]
    return f"{jira.site.placeholder}{request.path}?{urlencode(query)}"
