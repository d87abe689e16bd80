"""Workflow schemes and issue type schemes, and which project uses which."""

from __future__ import annotations

from aiohttp import web

from sitekeep_simulator.answers import (
    json_answer,
    list_in,
    no_content,
    object_in,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.defaults import DEFAULT_TYPE_SCHEME, add_type_scheme
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
        web.get(f"{API}/issuetypescheme", schemes.type_schemes),
        web.post(f"{API}/issuetypescheme", schemes.create_type_scheme),
        web.get(f"{API}/issuetypescheme/mapping", schemes.type_scheme_items),
        web.get(f"{API}/issuetypescheme/project", schemes.type_schemes_by_project),
        web.put(f"{API}/issuetypescheme/project", schemes.assign_type_scheme),
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
        grouped = self._grouped(request, "workflow_scheme")
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

    async def type_schemes(self, request: web.Request) -> web.StreamResponse:
        """GET issuetypescheme."""
        found = [_type_scheme_bean(s) for s in self._jira.objects.all(ObjectKind.TYPE_SCHEME)]
        ids = query_list(request, "id")
        kept = [each for each in found if not ids or each["id"] in ids]
        return json_answer(self._jira.site, page_of(self._jira, request, kept))

    async def create_type_scheme(self, request: web.Request) -> web.StreamResponse:
        """POST issuetypescheme."""
        body = await read_object(request)
        name = self._new_name(body, ObjectKind.TYPE_SCHEME)
        ids = [str(each) for each in list_in(body, "issueTypeIds")]
        types = [self._jira.objects.get(ObjectKind.ISSUE_TYPE, each) for each in ids]
        if None in types or not any(t is not None and t.body["hierarchyLevel"] >= 0 for t in types):
            raise Refused(400, "The issue types must exist and one of them must be standard.")
        text = str(body.get("description") or "")
        created = add_type_scheme(self._jira, name, [int(each) for each in ids], text)
        return json_answer(self._jira.site, {"issueTypeSchemeId": str(created.id)}, 201)

    async def type_scheme_items(self, request: web.Request) -> web.StreamResponse:
        """GET issuetypescheme/mapping."""
        wanted = query_list(request, "issueTypeSchemeId")
        items = [
            {"issueTypeSchemeId": str(scheme.id), "issueTypeId": str(type_id)}
            for scheme in self._jira.objects.all(ObjectKind.TYPE_SCHEME)
            if not wanted or str(scheme.id) in wanted
            for type_id in scheme.body["issueTypeIds"]
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, items))

    async def type_schemes_by_project(self, request: web.Request) -> web.StreamResponse:
        """GET issuetypescheme/project."""
        values = [
            {"projectIds": ids, "issueTypeScheme": _type_scheme_bean(scheme)}
            for scheme, ids in self._grouped(request, "type_scheme")
        ]
        return json_answer(self._jira.site, page_of(self._jira, request, values))

    async def assign_type_scheme(self, request: web.Request) -> web.StreamResponse:
        """PUT issuetypescheme/project: refused when issues would lose their type."""
        body = await read_object(request)
        project = self._projects.visible(str(body.get("projectId") or ""))
        scheme = self._scheme(ObjectKind.TYPE_SCHEME, body.get("issueTypeSchemeId"))
        used = self._jira.store.rows(
            "SELECT DISTINCT type_id FROM jira_issue WHERE project_id = ?", (project.id,)
        )
        if {row["type_id"] for row in used} - set(scheme.body["issueTypeIds"]):
            raise Refused(400, "The project has issues of types that are not in the scheme.")
        self._projects.change(project, type_scheme=scheme.id)
        return no_content()

    def _grouped(self, request: web.Request, column: str) -> list[tuple[JiraObject, list[str]]]:
        wanted = query_list(request, "projectId")
        if not wanted:
            raise Refused(400, "At least one projectId must be given.")
        kinds = {
            "workflow_scheme": ObjectKind.WORKFLOW_SCHEME,
            "type_scheme": ObjectKind.TYPE_SCHEME,
        }
        grouped: dict[int, list[str]] = {}
        for project in self._projects.all((LIVE, ARCHIVED)):
            if str(project.id) in wanted:
                scheme_id: int = getattr(project, column)
                grouped.setdefault(scheme_id, []).append(str(project.id))
        return [(self._scheme(kinds[column], each), ids) for each, ids in grouped.items()]

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


def _type_scheme_bean(scheme: JiraObject) -> Body:
    bean: Body = {
        "id": str(scheme.id),
        "name": scheme.name,
        "description": scheme.body["description"],
    }
    if scheme.name == DEFAULT_TYPE_SCHEME:
        bean["isDefault"] = True
    return bean
