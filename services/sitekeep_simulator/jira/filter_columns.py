"""The columns of the lists of what filters find."""

from __future__ import annotations

import dataclasses
from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import caller, json_answer, list_in, no_content, read_object
from sitekeep_simulator.jira.fields import column_names
from sitekeep_simulator.jira.filter_access import FilterAccess
from sitekeep_simulator.jira.objects import JiraObject, ObjectKind
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

COLUMNS = "columns"


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of columns."""
    columns = FilterColumns(jira)
    listed = f"{API}/filter/{{id}}/columns"
    return [
        web.get(listed, columns.get),
        web.put(listed, columns.set),
        web.delete(listed, columns.reset),
    ]


class FilterColumns:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._access = FilterAccess(jira)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET filter/{id}/columns: 404 where nobody has set any."""
        found = self._filter(request)
        if found.body.get(COLUMNS) is None:
            raise Refused(404, "No columns are set for the filter.")
        names = column_names(self._jira)
        beans = [{"label": names.get(each, each), "value": each} for each in found.body[COLUMNS]]
        return json_answer(self._jira.site, beans)

    async def set(self, request: web.Request) -> web.StreamResponse:
        """PUT filter/{id}/columns: its owner only; every column is a field of the site."""
        found, body = self._filter(request), await read_object(request)
        if found.body["owner"] != caller(request).account_id:
            raise Refused(403, "Only the owner of a filter sets its columns.")
        columns: list[Any] = list_in(body, COLUMNS)
        unknown = [str(each) for each in columns if each not in column_names(self._jira)]
        if unknown:
            raise Refused(400, f"These are no navigable fields: {', '.join(unknown)}.")
        self._keep(found, columns)
        return json_answer(self._jira.site, {})

    async def reset(self, request: web.Request) -> web.StreamResponse:
        """DELETE filter/{id}/columns."""
        self._keep(self._filter(request), None)
        return no_content()

    def _keep(self, found: JiraObject, columns: list[Any] | None) -> None:
        changed = found.body | {COLUMNS: columns}
        self._jira.objects.put(dataclasses.replace(found, body=changed))

    def _filter(self, request: web.Request) -> JiraObject:
        found = self._jira.objects.get(ObjectKind.FILTER, request.match_info["id"])
        who = caller(request)
        if found is None or not (self._access.sees(who, found) or self._access.is_admin(who)):
            raise Refused(400, "The selected filter is not available to you.")
        return found
