"""Creating and changing versions and components."""

from __future__ import annotations

import dataclasses
import re

from aiohttp import web

from sitekeep_simulator.answers import json_answer, read_object
from sitekeep_simulator.jira.beans import component_bean, version_bean
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project, Projects
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}$")
_VERSION_KEYS = ("description", "archived", "released", "startDate", "releaseDate")


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of versions and components by id."""
    versions = Versions(jira)
    return [
        web.post(f"{API}/version", versions.create),
        web.get(f"{API}/version/{{id}}", versions.get),
        web.put(f"{API}/version/{{id}}", versions.edit),
        web.post(f"{API}/component", versions.create_component),
        web.get(f"{API}/component/{{id}}", versions.get_component),
    ]


class Versions:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._projects = Projects(jira)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST version, in a project by its id or key."""
        body = await read_object(request)
        project = self._project(body.get("projectId") or body.get("project"))
        name = self._name(body, ObjectKind.VERSION, project)
        kept = {"archived": False, "released": False} | self._kept(body)
        created = self._jira.objects.add(ObjectKind.VERSION, name, kept, project_id=project.id)
        return json_answer(self._jira.site, version_bean(self._jira, created, whole=True), 201)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET version/{id}."""
        version = self._object(request, ObjectKind.VERSION)
        return json_answer(self._jira.site, version_bean(self._jira, version, whole=True))

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT version/{id}: what the body names is changed."""
        version = self._object(request, ObjectKind.VERSION)
        body = await read_object(request)
        changed = dataclasses.replace(
            version,
            name=str(body.get("name", version.name)),
            body=version.body | self._kept(body),
        )
        with self._jira.store.transaction():
            self._jira.objects.put(changed)
            self._projects.change(self._project(version.project_id), state="live")
        return json_answer(self._jira.site, version_bean(self._jira, changed, whole=True))

    async def create_component(self, request: web.Request) -> web.StreamResponse:
        """POST component, in a project by its key."""
        body = await read_object(request)
        project = self._project(body.get("project"))
        name = self._name(body, ObjectKind.COMPONENT, project)
        kept = {
            "project": project.key,
            "description": str(body.get("description") or ""),
            "assigneeType": body.get("assigneeType") or "PROJECT_DEFAULT",
            "leadAccountId": body.get("leadAccountId"),
        }
        created = self._jira.objects.add(ObjectKind.COMPONENT, name, kept, project_id=project.id)
        return json_answer(self._jira.site, component_bean(self._jira, created, whole=True), 201)

    async def get_component(self, request: web.Request) -> web.StreamResponse:
        """GET component/{id}."""
        component = self._object(request, ObjectKind.COMPONENT)
        return json_answer(self._jira.site, component_bean(self._jira, component, whole=True))

    def _project(self, id_or_key: object) -> Project:
        if not id_or_key:
            raise Refused(400, fields={"project": "You must specify a project."})
        return self._projects.visible(str(id_or_key))

    def _object(self, request: web.Request, kind: ObjectKind) -> JiraObject:
        found = self._jira.objects.get(kind, request.match_info["id"])
        if found is None:
            raise Refused(404, f"Could not find {kind.value} for id.")
        return found

    def _name(self, body: Body, kind: ObjectKind, project: Project) -> str:
        name = str(body.get("name") or "").strip()
        if not name or len(name) > 255:
            raise Refused(400, fields={"name": f"You must specify a valid {kind.value} name."})
        if self._jira.objects.named(kind, name, project.id) is not None:
            text = f"A {kind.value} with this name already exists in this project."
            raise Refused(400, fields={"name": text})
        return name

    @staticmethod
    def _kept(body: Body) -> Body:
        for key in ("startDate", "releaseDate"):
            if body.get(key) is not None and not _DATE.match(str(body[key])):
                raise Refused(400, fields={key: "Please enter the date as yyyy-MM-dd."})
        return {key: body[key] for key in _VERSION_KEYS if key in body}
