"""The lists of the first days, which a site still answers beside their searches."""

from __future__ import annotations

from aiohttp import web

from sitekeep_simulator.answers import caller, json_answer
from sitekeep_simulator.jira.dashboards import DashboardRoutes
from sitekeep_simulator.jira.paging import page_bounds
from sitekeep_simulator.jira.permissions import Permissions
from sitekeep_simulator.jira.projects import Projects, list_bean
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

_DASHBOARD_FILTERS = ("", "my", "favourite")


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of the old lists."""
    lists = OldLists(jira)
    return [
        web.get(f"{API}/project", lists.projects),
        web.get(f"{API}/dashboard", lists.dashboards),
    ]


class OldLists:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._dashboards = DashboardRoutes(jira)

    async def projects(self, request: web.Request) -> web.StreamResponse:
        """GET project: every live one that the caller may see, unpaged."""
        hidden = Permissions(self._jira).hidden_projects(caller(request))
        expand = request.query.get("expand", "")
        found = [
            list_bean(self._jira, each, expand)
            for each in Projects(self._jira).all()
            if each.id not in hidden
        ]
        return json_answer(self._jira.site, found)

    async def dashboards(self, request: web.Request) -> web.StreamResponse:
        """GET dashboard: the active ones; nobody has favourites here."""
        chosen = request.query.get("filter", "")
        if chosen not in _DASHBOARD_FILTERS:
            raise Refused(400, f"The filter '{chosen}' is not valid.")
        own = caller(request).account_id
        found = [
            bean
            for bean in self._dashboards.active(request)
            if not chosen or (chosen == "my" and bean.get("owner", {}).get("accountId") == own)
        ]
        start, size = page_bounds(request, 20, 1000)
        page = {"startAt": start, "maxResults": size, "total": len(found)}
        shown = found[start : start + size]
        return json_answer(self._jira.site, page | {"dashboards": shown})
