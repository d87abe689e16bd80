"""Field schemes, which are to follow field configurations; a site has them once it is told so.

Only reads: an experiment of Atlassian's (config/fieldschemes, Jira REST v3), off on most sites.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiohttp import web

from sitekeep_simulator.answers import json_answer, query_list
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused


def add_field_scheme(
    jira: Jira,
    name: str,
    fields: Mapping[str, Body],
    projects: Sequence[int] = (),
    description: str = "",
) -> JiraObject:
    """Creates a field scheme; from the first one on the site has field schemes."""
    body: Body = {
        "description": description,
        "fields": dict(fields),
        "projects": list(projects),
    }
    return jira.objects.add(ObjectKind.FIELD_SCHEME, name, body)


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of field schemes."""
    schemes = FieldSchemes(jira)
    listed = f"{API}/config/fieldschemes"
    one = f"{listed}/{{id:[0-9]+}}"
    return [
        web.get(listed, schemes.all),
        web.get(f"{one}/fields", schemes.fields),
        web.get(f"{one}/projects", schemes.projects),
    ]


class FieldSchemes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET config/fieldschemes: 404 where the site has none."""
        found = self._jira.objects.all(ObjectKind.FIELD_SCHEME)
        if not found:
            raise Refused(404, "The feature is disabled.")
        beans = [_bean(each, is_default=each == found[0]) for each in found]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def fields(self, request: web.Request) -> web.StreamResponse:
        """GET config/fieldschemes/{id}/fields."""
        ids = query_list(request, "fieldId")
        beans = [
            {"allowedOperations": ["REMOVE"], "fieldId": field, **said}
            for field, said in self._scheme(request).body["fields"].items()
            if not ids or field in ids
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def projects(self, request: web.Request) -> web.StreamResponse:
        """GET config/fieldschemes/{id}/projects."""
        projects = Projects(self._jira)
        found = (projects.find(str(each)) for each in self._scheme(request).body["projects"])
        beans = [
            {"id": str(each.id), "key": each.key, "name": each.name, "deleted": False}
            for each in found
            if each is not None
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    def _scheme(self, request: web.Request) -> JiraObject:
        found = self._jira.objects.get(ObjectKind.FIELD_SCHEME, request.match_info["id"])
        if found is None:
            raise Refused(404, "The field scheme was not found.")
        return found


def _bean(scheme: JiraObject, *, is_default: bool) -> Body:
    return {
        "id": scheme.id,
        "name": scheme.name,
        "description": scheme.body["description"],
        "isDefault": is_default,
        "fieldsCount": len(scheme.body["fields"]),
    }
