"""Paging of Jira Service Management: start, limit and ``isLastPage``; nobody says a total."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from sitekeep_simulator.answers import json_answer, query_integer
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused

SERVICE_DESK_API = "/rest/servicedeskapi"
LARGEST_PAGE = 50


def service_url(jira: Jira, path: str) -> str:
    """An absolute URL below the API, with the site's placeholder as its origin."""
    return f"{jira.site.placeholder}{SERVICE_DESK_API}{path}"


def page_answer(jira: Jira, request: web.Request, items: Sequence[Any]) -> web.Response:
    """The page of a list that the request asks for; larger limits are cut to 50."""
    start = query_integer(request, "start", 0)
    limit = min(query_integer(request, "limit", LARGEST_PAGE), LARGEST_PAGE)
    if start < 0 or limit < 1:
        raise Refused(400, "start must not be negative, limit must be positive.")
    values = list(items[start : start + limit])
    is_last = start + len(values) >= len(items)
    links: Body = {"base": jira.site.placeholder, "context": ""}
    links["self"] = _link(jira, request, start, limit)
    if not is_last:
        links["next"] = _link(jira, request, start + limit, limit)
    page: Body = {
        "_expands": [],
        "size": len(values),
        "start": start,
        "limit": limit,
        "isLastPage": is_last,
        "_links": links,
        "values": values,
    }
    return json_answer(jira.site, page)


def _link(jira: Jira, request: web.Request, start: int, limit: int) -> str:
    query = [(n, v) for n, v in request.query.items() if n not in ("start", "limit")]
    query += [("start", str(start)), ("limit", str(limit))]
    return f"{jira.site.placeholder}{request.path}?{urlencode(query)}"
