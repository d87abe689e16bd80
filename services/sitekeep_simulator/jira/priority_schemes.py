"""Priority schemes: which priorities the issues of a project can have, and which by default."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from aiohttp import web

from sitekeep_simulator.answers import json_answer, list_in, object_in, query_list, read_object
from sitekeep_simulator.jira.beans import priority_item
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.priorities import DEFAULT_PRIORITIES, priority_ids, scheme_of
from sitekeep_simulator.jira.projects import ARCHIVED, LIVE, Project, Projects, brief_bean
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

_EMBEDDED = 50


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of priority schemes."""
    schemes = PrioritySchemes(jira)
    listed = f"{API}/priorityscheme"
    one = f"{listed}/{{schemeId}}"
    return [
        web.get(listed, schemes.all),
        web.post(listed, schemes.create),
        web.put(one, schemes.edit),
        web.get(f"{one}/priorities", schemes.priorities),
        web.get(f"{one}/projects", schemes.projects),
    ]


class PrioritySchemes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._projects = Projects(jira)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET priorityscheme, by name; priorities and projects where they are asked for."""
        wanted, expand = query_list(request, "schemeId"), query_list(request, "expand")
        found = sorted(
            self._jira.objects.all(ObjectKind.PRIORITY_SCHEME), key=lambda each: each.name
        )
        beans = [self._bean(each, expand) for each in found if not wanted or str(each.id) in wanted]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def priorities(self, request: web.Request) -> web.StreamResponse:
        """GET priorityscheme/{id}/priorities."""
        beans = self._priorities(self._scheme(request))
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def projects(self, request: web.Request) -> web.StreamResponse:
        """GET priorityscheme/{id}/projects."""
        beans = [brief_bean(self._jira, each) for each in self._using(self._scheme(request))]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST priorityscheme, with the projects that get it."""
        body = await read_object(request)
        ids = self._ids(list_in(body, "priorityIds"))
        kept: Body = {
            "description": str(body.get("description") or ""),
            "priorityIds": ids,
            "defaultPriorityId": self._default(body.get("defaultPriorityId"), ids),
        }
        name = self._name(body, 0)
        projects = self._found(list_in(body, "projectIds"))
        self._check_issues(projects, ids)
        with self._jira.store.transaction():
            created = self._jira.objects.add(ObjectKind.PRIORITY_SCHEME, name, kept)
            self._assign(projects, created.id)
        return json_answer(self._jira.site, {"id": str(created.id)}, 201)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT priorityscheme/{id}: details, priorities and projects; the work is done at once."""
        scheme = self._scheme(request)
        body = await read_object(request)
        ids = self._changed_ids(scheme, object_in(body, "priorities"))
        wanted = body.get("defaultPriorityId", scheme.body["defaultPriorityId"])
        kept: Body = {
            "description": str(body.get("description", scheme.body["description"]) or ""),
            "priorityIds": ids,
            "defaultPriorityId": self._default(wanted, ids),
        }
        changes = object_in(body, "projects")
        added = self._found(list_in(object_in(changes, "add"), "ids"))
        removed = self._found(list_in(object_in(changes, "remove"), "ids"))
        self._check_issues([*self._using(scheme), *added], ids)
        name = self._name(body, scheme.id) if "name" in body else scheme.name
        with self._jira.store.transaction():
            self._jira.objects.put(dataclasses.replace(scheme, name=name, body=kept))
            self._assign(added, scheme.id)
            self._assign(removed, None)
        answer = {"priorityScheme": self._bean(self._scheme(request), [])}
        return json_answer(self._jira.site, answer, 202)

    def _changed_ids(self, scheme: JiraObject, changes: Body) -> list[int]:
        added = self._ids(list_in(object_in(changes, "add"), "ids"), least=0)
        removed = self._ids(list_in(object_in(changes, "remove"), "ids"), least=0)
        present = priority_ids(self._jira, scheme)
        return self._ids([*(each for each in present if each not in removed), *added])

    def _ids(self, listed: Sequence[object], *, least: int = 1) -> list[int]:
        found = [self._jira.objects.get(ObjectKind.PRIORITY, str(each)) for each in listed]
        ids = [each.id for each in found if each is not None]
        if len(ids) < len(found) or len(ids) < least:
            raise Refused(400, "The priorities must exist, and there must be one of them.")
        return list(dict.fromkeys(ids))

    def _default(self, wanted: object, ids: list[int]) -> int:
        if str(wanted) not in map(str, ids):
            raise Refused(400, "The default priority must be one of the scheme.")
        return int(str(wanted))

    def _name(self, body: Body, own_id: int) -> str:
        name = str(body.get("name") or "").strip()
        taken = self._jira.objects.named(ObjectKind.PRIORITY_SCHEME, name)
        if not name or len(name) > 255 or (taken is not None and taken.id != own_id):
            raise Refused(400, f"The name '{name}' is missing, too long or in use.")
        return name

    def _check_issues(self, projects: Sequence[Project], ids: list[int]) -> None:
        """Issues that would lose their priority have to be mapped, which this site does not do."""
        for project in projects:
            rows = self._jira.store.rows(
                "SELECT DISTINCT json_extract(fields, '$.priority') AS priority FROM jira_issue "
                "WHERE project_id = ?",
                (project.id,),
            )
            lost = {row["priority"] for row in rows} - {*ids, None}
            if lost:
                text = f"The priorities with IDs {sorted(lost)} require mapping."
                raise Refused(400, text)

    def _assign(self, projects: Sequence[Project], scheme_id: int | None) -> None:
        for project in projects:
            body = project.body | {"priorityScheme": scheme_id}
            self._projects.change(project, body=body)

    def _found(self, listed: Sequence[object]) -> list[Project]:
        return [self._projects.visible(str(each)) for each in listed]

    def _using(self, scheme: JiraObject) -> list[Project]:
        return [
            project
            for project in self._projects.all((LIVE, ARCHIVED))
            if scheme_of(self._jira, project).id == scheme.id
        ]

    def _scheme(self, request: web.Request) -> JiraObject:
        wanted = request.match_info["schemeId"]
        found = self._jira.objects.get(ObjectKind.PRIORITY_SCHEME, wanted)
        if found is None:
            raise Refused(404, f"The priority scheme {wanted} is not found.")
        return found

    def _priorities(self, scheme: JiraObject) -> list[Body]:
        default = scheme.body["defaultPriorityId"]
        found = [
            self._jira.objects.get(ObjectKind.PRIORITY, each)
            for each in priority_ids(self._jira, scheme)
        ]
        return [
            priority_item(self._jira, each) | {"isDefault": each.id == default}
            for each in found
            if each is not None
        ]

    def _bean(self, scheme: JiraObject, expand: list[str]) -> Body:
        bean: Body = {
            "id": str(scheme.id),
            "self": self._jira.url(f"/priorityscheme/{scheme.id}"),
            "name": scheme.name,
            "description": scheme.body["description"],
            "isDefault": scheme.name == DEFAULT_PRIORITIES,
            "defaultPriorityId": str(scheme.body["defaultPriorityId"]),
        }
        if "priorities" in expand:
            bean["priorities"] = _embedded(self._priorities(scheme))
        if "projects" in expand:
            projects = [brief_bean(self._jira, each) for each in self._using(scheme)]
            bean["projects"] = _embedded(projects)
        return bean


def _embedded(values: list[Body]) -> Body:
    return {
        "startAt": 0,
        "maxResults": _EMBEDDED,
        "total": len(values),
        "isLast": len(values) <= _EMBEDDED,
        "values": values[:_EMBEDDED],
    }
