"""One item of the small lists by its id: a status, a priority, an issue type and the like."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from sitekeep_simulator.answers import json_answer
from sitekeep_simulator.jira.beans import (
    CATEGORIES,
    category_bean,
    issue_type_bean,
    link_type_bean,
    priority_item,
    resolution_bean,
    status_bean,
)
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

_Bean = Callable[[Jira, JiraObject], Body]
_ITEMS: tuple[tuple[str, ObjectKind, _Bean], ...] = (
    ("issuetype", ObjectKind.ISSUE_TYPE, issue_type_bean),
    ("priority", ObjectKind.PRIORITY, priority_item),
    ("resolution", ObjectKind.RESOLUTION, resolution_bean),
    ("issueLinkType", ObjectKind.LINK_TYPE, link_type_bean),
    ("status", ObjectKind.STATUS, status_bean),
)
_BY_NAME = (ObjectKind.STATUS,)


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of single items."""
    items = ListItems(jira)
    ones = [
        web.get(f"{API}/{noun}/{{id:[^/]+}}", items.reader(kind, bean))
        for noun, kind, bean in _ITEMS
    ]
    return [
        *ones,
        web.get(f"{API}/statuscategory", items.categories),
        web.get(f"{API}/statuscategory/{{id}}", items.category),
    ]


class ListItems:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    def reader(
        self, kind: ObjectKind, bean: _Bean
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler that reads one item of a kind; a status is also known by its name."""

        async def read(request: web.Request) -> web.StreamResponse:
            wanted = request.match_info["id"]
            found = self._jira.objects.get(kind, wanted)
            if found is None and kind in _BY_NAME:
                found = self._jira.objects.named(kind, wanted)
            if found is None:
                raise Refused(404, f"There is no {kind.value} '{wanted}'.")
            return json_answer(self._jira.site, bean(self._jira, found))

        return read

    async def categories(self, _: web.Request) -> web.StreamResponse:
        """GET statuscategory: those of the product, nobody makes one."""
        return json_answer(self._jira.site, self._categories())

    async def category(self, request: web.Request) -> web.StreamResponse:
        """GET statuscategory/{idOrKey}."""
        wanted = request.match_info["id"]
        for bean in self._categories():
            if wanted in (str(bean["id"]), bean["key"]):
                return json_answer(self._jira.site, bean)
        raise Refused(404, f"There is no status category '{wanted}'.")

    def _categories(self) -> list[Body]:
        return [category_bean(self._jira, name) for name in CATEGORIES]
