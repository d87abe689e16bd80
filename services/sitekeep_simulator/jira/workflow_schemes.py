"""Workflow schemes: which workflow the issues of which type have, and in which projects."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from aiohttp import web

from sitekeep_simulator.answers import (
    caller,
    json_answer,
    no_content,
    object_in,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.defaults import DEFAULT_SCHEME, DEFAULT_WORKFLOW
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.projects import ARCHIVED, DELETED, LIVE, Project
from sitekeep_simulator.jira.scheme_names import known_scheme, scheme_name
from sitekeep_simulator.jira.scheme_switches import SchemeSwitches
from sitekeep_simulator.jira.state import API
from sitekeep_simulator.jira.tasks import Tasks
from sitekeep_simulator.refusals import Refused

_PROJECTS_CAP = 100


def routes(issues: Issues) -> list[web.RouteDef]:
    """The routes of workflow schemes."""
    schemes = WorkflowSchemes(issues)
    listed = f"{API}/workflowscheme"
    one = f"{listed}/{{id}}"
    return [
        web.get(listed, schemes.all),
        web.post(listed, schemes.create),
        web.get(f"{listed}/project", schemes.by_project),
        web.put(f"{listed}/project", schemes.assign),
        web.post(f"{listed}/project/switch", schemes.switch),
        web.get(one, schemes.get),
        web.put(one, schemes.edit),
        web.delete(one, schemes.delete),
        web.post(f"{one}/createdraft", schemes.create_draft),
        web.get(f"{one}/draft", schemes.draft),
    ]


class WorkflowSchemes:
    """Handlers. The default scheme has no id that anybody sees, and stands in no list."""

    def __init__(self, issues: Issues) -> None:
        self._jira = issues.jira
        self._projects = issues.projects
        self._tasks = Tasks(issues)
        self._switches = SchemeSwitches(issues)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET workflowscheme."""
        found = self._jira.objects.all(ObjectKind.WORKFLOW_SCHEME)
        listed = [each for each in found if each.name != DEFAULT_SCHEME and not each.project_id]
        beans = [self._bean(each) for each in listed]
        return json_answer(self._jira.site, page_of(self._jira, request, beans))

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET workflowscheme/{id}."""
        return json_answer(self._jira.site, self._bean(self._scheme(request)))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST workflowscheme: the workflows are named."""
        body = await read_object(request)
        name = self._new_name(body)
        created = self._jira.objects.add(ObjectKind.WORKFLOW_SCHEME, name, self._kept(body, {}))
        return json_answer(self._jira.site, self._bean(created), 201)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT workflowscheme/{id}: only of one that no project has."""
        scheme, body = self._scheme(request), await read_object(request)
        if self._using(scheme):
            raise Refused(400, "The workflow scheme is active: it can only be changed by a draft.")
        name = self._new_name(body, scheme.id) if "name" in body else scheme.name
        changed = dataclasses.replace(scheme, name=name, body=self._kept(body, scheme.body))
        self._jira.objects.put(changed)
        return json_answer(self._jira.site, self._bean(changed))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE workflowscheme/{id}: refused as long as a project has it."""
        scheme = self._scheme(request)
        if self._using(scheme):
            raise Refused(400, "The workflow scheme is active and cannot be deleted.")
        self._jira.objects.remove(scheme)
        return no_content()

    async def by_project(self, request: web.Request) -> web.StreamResponse:
        """GET workflowscheme/project: those of classic projects; the default one has no id."""
        wanted = query_list(request, "projectId")
        if not 1 <= len(wanted) <= _PROJECTS_CAP:
            raise Refused(400, f"Between 1 and {_PROJECTS_CAP} projectIds must be given.")
        grouped: dict[int, list[str]] = {}
        for project in self._projects.all((LIVE, ARCHIVED)):
            if str(project.id) in wanted and project.body["style"] == "classic":
                grouped.setdefault(project.workflow_scheme, []).append(str(project.id))
        values = [
            {"projectIds": ids, "workflowScheme": self._bean(self._known(scheme))}
            for scheme, ids in grouped.items()
        ]
        return json_answer(self._jira.site, {"values": values})

    async def assign(self, request: web.Request) -> web.StreamResponse:
        """PUT workflowscheme/project: refused once the project has issues."""
        body = await read_object(request)
        project = self._classic(body)
        if body.get("workflowSchemeId") is None:
            default = self._jira.objects.named(ObjectKind.WORKFLOW_SCHEME, DEFAULT_SCHEME)
            wanted = None if default is None else default.id
        else:
            wanted = self._known(body["workflowSchemeId"]).id
        if self._projects.has_issues(project):
            raise Refused(400, "Only a project without issues can be assigned a workflow scheme.")
        self._projects.change(project, workflow_scheme=wanted)
        return no_content()

    async def switch(self, request: web.Request) -> web.StreamResponse:
        """POST workflowscheme/project/switch: a task, to which the answer leads (303)."""
        body = await read_object(request)
        project = self._classic(body)
        running = self._tasks.running(f"workflowscheme/{project.id}")
        if running:
            text = "Another task is currently running, please try again later."
            raise Refused(409, text, fields={"conflictingTaskId": str(running)})
        scheme = self._known(body.get("targetSchemeId"))
        author = caller(request)
        with self._jira.store.transaction():
            self._switches.switch(project, scheme, body, author)
            subject = f"workflowscheme/{project.id}"
            task = self._tasks.add(author.account_id, [], 0, "Switch workflow scheme", subject)
        bean = self._tasks.bean(task)
        answer = json_answer(self._jira.site, bean, 303)
        address = str(bean["self"]).replace(self._jira.site.placeholder, self._jira.site.base_url)
        answer.headers["Location"] = address
        return answer

    async def create_draft(self, request: web.Request) -> web.StreamResponse:
        """POST workflowscheme/{id}/createdraft: of an active one that has none."""
        scheme = self._scheme(request)
        if not self._using(scheme) or scheme.body.get("draft"):
            raise Refused(400, "The scheme is not active or has a draft already.")
        kept = ("defaultWorkflow", "issueTypeMappings")
        draft = {name: scheme.body[name] for name in kept} | {"lastModified": self._jira.now()}
        changed = dataclasses.replace(scheme, body=scheme.body | {"draft": draft})
        self._jira.objects.put(changed)
        return json_answer(self._jira.site, self._draft_bean(changed), 201)

    async def draft(self, request: web.Request) -> web.StreamResponse:
        """GET workflowscheme/{id}/draft."""
        scheme = self._scheme(request)
        if not scheme.body.get("draft"):
            raise Refused(404, "The workflow scheme has no draft.")
        return json_answer(self._jira.site, self._draft_bean(scheme))

    def _kept(self, body: Body, before: Body) -> Body:
        """What is stored of a body. Raises Refused (400) where it names what is not there."""
        listed: Body = body.get("issueTypeMappings", before.get("issueTypeMappings")) or {}
        mappings = {str(kind): str(workflow) for kind, workflow in listed.items()}
        default = str(
            body.get("defaultWorkflow") or before.get("defaultWorkflow") or DEFAULT_WORKFLOW
        )
        self._check(default, mappings)
        text = body.get("description", before.get("description")) or ""
        names = {"defaultWorkflow": default, "issueTypeMappings": mappings}
        return {"description": str(text), **names}

    def _check(self, default: str, mappings: Mapping[str, str]) -> None:
        for workflow in (default, *mappings.values()):
            if self._jira.objects.named(ObjectKind.WORKFLOW, workflow) is None:
                raise Refused(400, f"The workflow '{workflow}' does not exist.")
        for type_id in mappings:
            if self._jira.objects.get(ObjectKind.ISSUE_TYPE, type_id) is None:
                raise Refused(400, f"The issue type '{type_id}' does not exist.")

    def _using(self, scheme: JiraObject) -> list[Project]:
        projects = self._projects.all((LIVE, ARCHIVED, DELETED))
        return [each for each in projects if each.workflow_scheme == scheme.id]

    def _classic(self, body: Body) -> Project:
        project = self._projects.visible(str(body.get("projectId") or ""))
        if project.body["style"] != "classic":
            raise Refused(400, "Only classic projects can have workflow schemes assigned.")
        return project

    def _scheme(self, request: web.Request) -> JiraObject:
        return self._known(request.match_info["id"])

    def _known(self, wanted: int | str | None) -> JiraObject:
        return known_scheme(self._jira, ObjectKind.WORKFLOW_SCHEME, wanted)

    def _new_name(self, body: Body, own_id: int = 0) -> str:
        kind = ObjectKind.WORKFLOW_SCHEME
        return scheme_name(self._jira, kind, body, own_id=own_id)

    def _bean(self, scheme: JiraObject) -> Body:
        bean: Body = {"name": scheme.name, **_mappings(scheme), "draft": False}
        if scheme.name == DEFAULT_SCHEME:
            return bean
        address = self._jira.url(f"/workflowscheme/{scheme.id}")
        return {"id": scheme.id, **bean, "self": address}

    def _draft_bean(self, scheme: JiraObject) -> Body:
        original = {
            "originalDefaultWorkflow": scheme.body["defaultWorkflow"],
            "originalIssueTypeMappings": object_in(scheme.body, "issueTypeMappings"),
        }
        draft: Body = scheme.body["draft"]
        return self._bean(scheme) | draft | original | {"draft": True}


def _mappings(scheme: JiraObject) -> Body:
    return {
        name: scheme.body[name] for name in ("description", "defaultWorkflow", "issueTypeMappings")
    }
