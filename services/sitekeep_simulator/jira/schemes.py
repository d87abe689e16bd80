"""Workflow schemes, and which project uses which."""

from __future__ import annotations

from aiohttp import web

from sitekeep_simulator.answers import (
    json_answer,
    no_content,
    object_in,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.projects import ARCHIVED, LIVE, Projects
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of schemes."""
    schemes = Schemes(jira)
    return [
        web.get(f"{API}/workflowscheme", schemes.workflow_schemes),
        web.post(f"{API}/workflowscheme", schemes.create_workflow_scheme),
        web.get(f"{API}/workflowscheme/project", schemes.workflow_schemes_by_project),
        web.put(f"{API}/workflowscheme/project", schemes.assign_workflow_scheme),
    ]


class Schemes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._projects = Projects(jira)

    async def workflow_schemes(self, request: web.Request) -> web.StreamResponse:
        """GET workflowscheme."""
        found = self._jira.objects.all(ObjectKind.WORKFLOW_SCHEME)
        beans = [self._workflow_scheme_bean(each) for each in found]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def create_workflow_scheme(self, request: web.Request) -> web.StreamResponse:
        """POST workflowscheme: the workflows are named."""
        body = await read_object(request)
        name = self._new_name(body, ObjectKind.WORKFLOW_SCHEME)
        mappings = {str(k): str(v) for k, v in object_in(body, "issueTypeMappings").items()}
        default = str(body.get("defaultWorkflow") or "jira")
        for workflow in (default, *mappings.values()):
            if self._jira.objects.named(ObjectKind.WORKFLOW, workflow) is None:
                raise Refused(400, f"The workflow '{workflow}' does not exist.")
        for type_id in mappings:
            if self._jira.objects.get(ObjectKind.ISSUE_TYPE, type_id) is None:
                raise Refused(400, f"The issue type '{type_id}' does not exist.")
        kept = {
            "description": str(body.get("description") or ""),
            "defaultWorkflow": default,
            "issueTypeMappings": mappings,
        }
        created = self._jira.objects.add(ObjectKind.WORKFLOW_SCHEME, name, kept)
        return json_answer(self._jira.site, self._workflow_scheme_bean(created), 201)

    async def workflow_schemes_by_project(self, request: web.Request) -> web.StreamResponse:
        """GET workflowscheme/project."""
        grouped = self._grouped(request)
        values = [
            {"projectIds": ids, "workflowScheme": self._workflow_scheme_bean(scheme)}
            for scheme, ids in grouped
        ]
        return json_answer(self._jira.site, {"values": values})

    async def assign_workflow_scheme(self, request: web.Request) -> web.StreamResponse:
        """PUT workflowscheme/project: refused once the project has issues."""
        body = await read_object(request)
        project = self._projects.visible(str(body.get("projectId") or ""))
        scheme = self._scheme(ObjectKind.WORKFLOW_SCHEME, body.get("workflowSchemeId"))
        if self._projects.has_issues(project):
            raise Refused(400, "Only a project without issues can be assigned a workflow scheme.")
        self._projects.change(project, workflow_scheme=scheme.id)
        return no_content()

    def _grouped(self, request: web.Request) -> list[tuple[JiraObject, list[str]]]:
        wanted = query_list(request, "projectId")
        if not wanted:
            raise Refused(400, "At least one projectId must be given.")
        grouped: dict[int, list[str]] = {}
        for project in self._projects.all((LIVE, ARCHIVED)):
            if str(project.id) in wanted:
                grouped.setdefault(project.workflow_scheme, []).append(str(project.id))
        kind = ObjectKind.WORKFLOW_SCHEME
        return [(self._scheme(kind, each), ids) for each, ids in grouped.items()]

    def _scheme(self, kind: ObjectKind, wanted: int | str | None) -> JiraObject:
        found = self._jira.objects.get(kind, wanted)
        if found is None:
            raise Refused(404, f"The scheme {wanted} does not exist.")
        return found

    def _new_name(self, body: Body, kind: ObjectKind) -> str:
        name = str(body.get("name") or "").strip()
        if not name or len(name) > 255:
            raise Refused(400, "The scheme name must have 1 to 255 characters.")
        if self._jira.objects.named(kind, name) is not None:
            raise Refused(400, f"The scheme name '{name}' is already in use.")
        return name

    def _workflow_scheme_bean(self, scheme: JiraObject) -> Body:
        return {
            "id": scheme.id,
            "name": scheme.name,
            **scheme.body,
            "draft": False,
            "self": self._jira.url(f"/workflowscheme/{scheme.id}"),
        }
