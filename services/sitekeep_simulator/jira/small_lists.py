"""Issue types, priorities, resolutions and link types."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import json_answer, query_list, read_object
from sitekeep_simulator.jira.beans import beans_of, issue_type_bean, link_type_bean, priority_item
from sitekeep_simulator.jira.defaults import DEFAULT_TYPE_SCHEME, add_issue_type
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of the small lists."""
    lists = SmallLists(jira)
    return [
        web.get(f"{API}/issuetype", lists.issue_types),
        web.post(f"{API}/issuetype", lists.create_issue_type),
        web.get(f"{API}/issuetype/project", lists.issue_types_of_project),
        web.get(f"{API}/priority", lists.priorities),
        web.post(f"{API}/priority", lists.create_priority),
        web.get(f"{API}/priority/search", lists.search_priorities),
        web.get(f"{API}/resolution", lists.resolutions),
        web.post(f"{API}/resolution", lists.create_resolution),
        web.get(f"{API}/resolution/search", lists.search_resolutions),
        web.get(f"{API}/issueLinkType", lists.link_types),
        web.post(f"{API}/issueLinkType", lists.create_link_type),
    ]


class SmallLists:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    async def issue_types(self, _: web.Request) -> web.StreamResponse:
        """GET issuetype."""
        return json_answer(self._jira.site, beans_of(self._jira, ObjectKind.ISSUE_TYPE))

    async def create_issue_type(self, request: web.Request) -> web.StreamResponse:
        """POST issuetype: the contract knows the levels 0 and -1 only."""
        body = await read_object(request)
        name = self._new_name(body, ObjectKind.ISSUE_TYPE, 409)
        level = body.get("hierarchyLevel", -1 if body.get("type") == "subtask" else 0)
        if level not in (0, -1):
            raise Refused(400, fields={"hierarchyLevel": "Only 0 and -1 can be created."})
        created = add_issue_type(self._jira, name, str(body.get("description") or ""), level)
        self._into_default_scheme(created)
        return json_answer(self._jira.site, issue_type_bean(self._jira, created), 201)

    async def issue_types_of_project(self, request: web.Request) -> web.StreamResponse:
        """GET issuetype/project."""
        projects = Projects(self._jira)
        project = projects.visible(request.query.get("projectId", ""))
        types = projects.issue_types(project)
        return json_answer(self._jira.site, [issue_type_bean(self._jira, t) for t in types])

    async def priorities(self, _: web.Request) -> web.StreamResponse:
        """GET priority."""
        return json_answer(self._jira.site, self._priorities())

    async def search_priorities(self, request: web.Request) -> web.StreamResponse:
        """GET priority/search."""
        ids = query_list(request, "id")
        found = [each for each in self._priorities() if not ids or each["id"] in ids]
        return json_answer(self._jira.site, page_of(self._jira, request, found))

    async def create_priority(self, request: web.Request) -> web.StreamResponse:
        """POST priority."""
        body = await read_object(request)
        name = self._new_name(body, ObjectKind.PRIORITY, 400)
        if "statusColor" not in body:
            raise Refused(400, fields={"statusColor": "The status color is required."})
        kept: Body = {key: body[key] for key in ("statusColor", "iconUrl") if key in body}
        kept |= {"description": str(body.get("description") or ""), "isDefault": False}
        created = self._jira.objects.add(ObjectKind.PRIORITY, name, kept)
        return json_answer(self._jira.site, {"id": str(created.id)}, 201)

    async def resolutions(self, _: web.Request) -> web.StreamResponse:
        """GET resolution."""
        return json_answer(self._jira.site, beans_of(self._jira, ObjectKind.RESOLUTION))

    async def search_resolutions(self, request: web.Request) -> web.StreamResponse:
        """GET resolution/search."""
        ids = query_list(request, "id")
        found = [
            {key: bean[key] for key in ("self", "id", "name", "description")} | {"default": False}
            for bean in beans_of(self._jira, ObjectKind.RESOLUTION)
            if not ids or bean["id"] in ids
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, found))

    async def create_resolution(self, request: web.Request) -> web.StreamResponse:
        """POST resolution."""
        body = await read_object(request)
        name = self._new_name(body, ObjectKind.RESOLUTION, 400)
        kept = {"description": str(body.get("description") or "")}
        created = self._jira.objects.add(ObjectKind.RESOLUTION, name, kept)
        return json_answer(self._jira.site, {"id": str(created.id)}, 201)

    async def link_types(self, _: web.Request) -> web.StreamResponse:
        """GET issueLinkType."""
        beans = beans_of(self._jira, ObjectKind.LINK_TYPE)
        return json_answer(self._jira.site, {"issueLinkTypes": beans})

    async def create_link_type(self, request: web.Request) -> web.StreamResponse:
        """POST issueLinkType."""
        body = await read_object(request)
        name = self._new_name(body, ObjectKind.LINK_TYPE, 404)
        if not body.get("inward") or not body.get("outward"):
            raise Refused(400, "You must provide both an inward and an outward description.")
        kept = {"inward": str(body["inward"]), "outward": str(body["outward"])}
        created = self._jira.objects.add(ObjectKind.LINK_TYPE, name, kept)
        return json_answer(self._jira.site, link_type_bean(self._jira, created), 201)

    def _priorities(self) -> list[Body]:
        found = self._jira.objects.all(ObjectKind.PRIORITY)
        return [priority_item(self._jira, each) for each in found]

    def _new_name(self, body: dict[str, Any], kind: ObjectKind, status: int) -> str:
        name = str(body.get("name") or "").strip()
        if not name or len(name) > 60:
            raise Refused(400, fields={"name": "The name must have 1 to 60 characters."})
        if self._jira.objects.named(kind, name) is not None:
            raise Refused(status, fields={"name": f"An object with the name '{name}' exists."})
        return name

    def _into_default_scheme(self, created: JiraObject) -> None:
        scheme = self._jira.objects.named(ObjectKind.TYPE_SCHEME, DEFAULT_TYPE_SCHEME)
        if scheme is not None:
            ids = [*scheme.body["issueTypeIds"], created.id]
            changed = JiraObject(
                scheme.kind, scheme.id, scheme.name, 0, scheme.body | {"issueTypeIds": ids}
            )
            self._jira.objects.put(changed)
