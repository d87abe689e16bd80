"""The endpoints of field schemes (config/fieldschemes, Jira REST v3)."""

from __future__ import annotations

import dataclasses
from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import (
    json_answer,
    list_in,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.field_configuration_routes import (
    LONGEST_NAME,
    LONGEST_SCHEME_TEXT,
)
from sitekeep_simulator.jira.field_schemes import (
    KIND,
    add_field_scheme,
    assign,
    associations,
    default_scheme,
    projects_of,
    scheme_of,
)
from sitekeep_simulator.jira.objects import Body, JiraObject
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.projects import ARCHIVED, LIVE, Projects
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

PATH = f"{API}/config/fieldschemes"
ONE = f"{PATH}/{{id:[0-9]+}}"
Result = dict[str, Any]


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of schemes and of their projects."""
    schemes = FieldSchemes(jira)
    return [
        web.get(PATH, schemes.all),
        web.post(PATH, schemes.create),
        web.get(f"{PATH}/projects", schemes.of_projects),
        web.put(f"{PATH}/projects", schemes.assign),
        web.get(ONE, schemes.get),
        web.put(ONE, schemes.edit),
        web.delete(ONE, schemes.delete),
        web.post(f"{ONE}/clone", schemes.clone),
        web.get(f"{ONE}/projects", schemes.projects),
    ]


class OfNewerGeneration:
    """What answers only on a site that keeps field schemes."""

    def __init__(self, jira: Jira) -> None:
        self.jira = jira

    def check_generation(self) -> None:
        """Raises Refused (404) on a site of the older generation."""
        if default_scheme(self.jira) is None:
            raise Refused(404, "The feature is disabled.")

    def found(self, request: web.Request) -> JiraObject:
        """The scheme in the path. Raises Refused (404)."""
        found = self.jira.objects.get(KIND, request.match_info["id"])
        if found is None:
            raise Refused(404, "The field scheme was not found.")
        return found

    def scheme(self, wanted: object) -> JiraObject:
        """The scheme with that id. Raises ValueError with Jira's words."""
        found = self.jira.objects.get(KIND, str(wanted))
        if found is None:
            raise ValueError(f"Scheme {wanted} doesn't exist")
        return found

    def answer(self, results: list[Result]) -> web.StreamResponse:
        """200 where all is done, 207 where a part is, 400 where nothing is."""
        done = sum(each["success"] for each in results)
        status = 200 if done == len(results) else 207 if done else 400
        return json_answer(self.jira.site, {"results": results}, status)


class FieldSchemes(OfNewerGeneration):
    """Handlers of schemes and their projects."""

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET config/fieldschemes: 404 on a site of the older generation."""
        self.check_generation()
        projects, text = query_list(request, "projectId"), request.query.get("query", "")
        beans: list[Body] = []
        for scheme in self.jira.objects.all(KIND):
            own = [str(each.id) for each in projects_of(self.jira, scheme)] if projects else []
            matched = [int(each) for each in projects if each in own]
            is_named = text.casefold() in f"{scheme.name}\n{scheme.body['description']}".casefold()
            if (projects and not matched) or not is_named:
                continue
            filters = {"matchedFilters": {"projectIds": matched, "query": text}}
            beans.append(self._bean(scheme) | (filters if projects or text else {}))
        return json_answer(self.jira.site, page_of(self.jira, request, beans))

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET config/fieldschemes/{id}: its id is a text here."""
        bean = self._bean(self.found(request))
        return json_answer(self.jira.site, bean | {"id": str(bean["id"])})

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST config/fieldschemes: it has the fields that no scheme can be without."""
        self.check_generation()
        name, text = self._texts(await read_object(request))
        return self._changed(add_field_scheme(self.jira, name, {}, (), text))

    async def clone(self, request: web.Request) -> web.StreamResponse:
        """POST config/fieldschemes/{id}/clone: with the same fields."""
        fields = associations(self.jira, self.found(request))
        name, text = self._texts(await read_object(request))
        return self._changed(add_field_scheme(self.jira, name, fields, (), text))

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT config/fieldschemes/{id}: what is not given stays."""
        found = self.found(request)
        given = {"name": found.name, "description": found.body["description"]}
        name, text = self._texts(given | await read_object(request), found)
        changed = dataclasses.replace(found, name=name, body=found.body | {"description": text})
        self.jira.objects.put(changed)
        return self._changed(changed)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE config/fieldschemes/{id}: neither the default one nor one that is in use."""
        found = self.found(request)
        if found.body.get("isDefault"):
            raise Refused(400, "The default field scheme cannot be deleted.")
        if projects_of(self.jira, found):
            raise Refused(409, "The field scheme is used by a project.")
        self.jira.objects.remove(found)
        return json_answer(self.jira.site, {"deleted": True, "id": str(found.id)})

    async def projects(self, request: web.Request) -> web.StreamResponse:
        """GET config/fieldschemes/{id}/projects."""
        wanted = query_list(request, "projectId")
        beans = [
            {
                "id": str(each.id),
                "key": each.key,
                "name": each.name,
                "deleted": each.state not in (LIVE, ARCHIVED),
            }
            for each in projects_of(self.jira, self.found(request))
            if not wanted or str(each.id) in wanted
        ]
        return json_answer(self.jira.site, page_of(self.jira, request, beans))

    async def of_projects(self, request: web.Request) -> web.StreamResponse:
        """GET config/fieldschemes/projects: the scheme of each project that is named."""
        self.check_generation()
        wanted = query_list(request, "projectId")
        if not wanted:
            raise Refused(400, "At least one projectId must be given.")
        found = (Projects(self.jira).find(each) for each in wanted)
        beans = [
            {"projectId": each.id, "schemeId": scheme.id}
            for each in found
            if each is not None and (scheme := scheme_of(self.jira, each)) is not None
        ]
        return json_answer(self.jira.site, page_of(self.jira, request, beans))

    async def assign(self, request: web.Request) -> web.StreamResponse:
        """PUT config/fieldschemes/projects."""
        self.check_generation()
        results: list[Result] = []
        for scheme, listed in (await read_object(request)).items():
            for project in list_in(listed, "projectIds"):
                result: Result = {"schemeId": int(scheme), "projectId": int(project)}
                try:
                    self._assign(scheme, str(project))
                    results.append(result | {"success": True})
                except ValueError as error:
                    results.append(result | {"success": False, "error": str(error)})
        return self.answer(results)

    def _assign(self, scheme: str, project: str) -> None:
        found = Projects(self.jira).find(project)
        if found is None or found.body["style"] == "next-gen":
            raise ValueError(f"Project #{project} doesn't exist")
        assign(self.jira, found, self.scheme(scheme))

    def _texts(self, body: Body, own: JiraObject | None = None) -> tuple[str, str]:
        name, text = str(body.get("name") or ""), str(body.get("description") or "")
        if not name.strip() or len(name) > LONGEST_NAME or len(text) > LONGEST_SCHEME_TEXT:
            raise Refused(400, "The name or the description is empty or too long.")
        known = self.jira.objects.named(KIND, name)
        if known is not None and (own is None or known.id != own.id):
            raise Refused(400, f"The name '{name}' is already in use.")
        return name, text

    def _bean(self, scheme: JiraObject) -> Body:
        return {
            **self._named(scheme),
            "isDefault": bool(scheme.body.get("isDefault")),
            "fieldsCount": len(associations(self.jira, scheme)),
        }

    def _changed(self, scheme: JiraObject) -> web.StreamResponse:
        return json_answer(self.jira.site, self._named(scheme))

    def _named(self, scheme: JiraObject) -> Body:
        path = self.jira.url(f"/config/fieldschemes/{scheme.id}")
        return {
            "id": scheme.id,
            "name": scheme.name,
            "description": scheme.body["description"],
            "links": {"associations": f"{path}/fields", "projects": f"{path}/projects"},
        }
