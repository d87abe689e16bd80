"""The endpoints of projects, versions and components."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import (
    caller,
    json_answer,
    no_content,
    query_flag,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.access_schemes import ACCESS, FIELDS, access_schemes
from sitekeep_simulator.jira.beans import component_bean, status_bean, version_bean
from sitekeep_simulator.jira.defaults import DEFAULT_SCHEME, DEFAULT_TYPE_SCHEME
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_of
from sitekeep_simulator.jira.permissions import BROWSE, Permissions
from sitekeep_simulator.jira.projects import (
    ARCHIVED,
    DELETED,
    LIVE,
    Project,
    Projects,
    list_bean,
    whole_bean,
)
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.jira.workflows import Workflows
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.service_management.desks import PROJECT_TYPE, add_desk, remove_desk

_TYPE_KEYS = ("software", "service_desk", "business")
_SCHEME_KEYS = (
    "issueTypeScheme",
    "workflowScheme",
    "issueTypeScreenScheme",
    "fieldConfigurationScheme",
    "fieldScheme",
)
_TEAM_MANAGED = ("gh-simplified-agility", "next-gen")


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of projects."""
    projects = ProjectRoutes(jira)
    one = f"{API}/project/{{projectIdOrKey}}"
    return [
        web.get(f"{API}/project/search", projects.search),
        web.post(f"{API}/project", projects.create),
        web.get(one, projects.get),
        web.put(one, projects.edit),
        web.delete(one, projects.delete),
        web.post(f"{one}/archive", projects.archive),
        web.post(f"{one}/restore", projects.restore),
        web.get(f"{one}/version", projects.versions),
        web.get(f"{one}/versions", projects.all_versions),
        web.get(f"{one}/component", projects.components),
        web.get(f"{one}/components", projects.all_components),
        web.get(f"{one}/statuses", projects.statuses),
    ]


class ProjectRoutes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._projects = Projects(jira)

    async def search(self, request: web.Request) -> web.StreamResponse:
        """GET project/search: live ones unless other states are asked for."""
        states = query_list(request, "status") or [LIVE]
        if set(states) - {LIVE, ARCHIVED, DELETED}:
            raise Refused(400, "The status is not one of live, archived, deleted.")
        ids, keys = query_list(request, "id"), query_list(request, "keys")
        found = [
            each
            for each in self._projects.all(tuple(states))
            if (not ids or str(each.id) in ids) and (not keys or each.key in keys)
        ]
        page = page_of(self._jira, request, found, default=50, cap=100)
        expand = request.query.get("expand", "")
        page["values"] = [list_bean(self._jira, each, expand) for each in page["values"]]
        return json_answer(self._jira.site, page)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET project/{id}: not there for those who may not browse it."""
        project = self._project(request)
        if not Permissions(self._jira).allowed(caller(request), BROWSE, project):
            raise Refused(404, f"No project could be found with key '{project.key}'.")
        return json_answer(self._jira.site, whole_bean(self._jira, project))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST project: explicit schemes or a template, never both."""
        body = await read_object(request)
        errors = self._errors(body)
        if errors:
            raise Refused(400, fields=errors)
        template = str(body.get("projectTemplateKey") or "")
        with self._jira.store.transaction():
            project = self._projects.add(
                body["key"],
                body["name"],
                self._scheme(body, "issueTypeScheme", ObjectKind.TYPE_SCHEME, DEFAULT_TYPE_SCHEME),
                self._scheme(body, "workflowScheme", ObjectKind.WORKFLOW_SCHEME, DEFAULT_SCHEME),
                self._body(body, template),
            )
            if project.body["projectTypeKey"] == PROJECT_TYPE:
                add_desk(self._jira, project.id)
        answer = {
            "self": self._jira.url(f"/project/{project.id}"),
            "id": project.id,
            "key": project.key,
        }
        return json_answer(self._jira.site, answer, 201)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT project/{id}: name, key, lead, description, url, assignee type."""
        project = self._project(request)
        if project.state == ARCHIVED:
            raise Refused(400, f"The project {project.key} is archived: it is read-only.")
        body = await read_object(request)
        columns: dict[str, Any] = {}
        if "key" in body:
            wrong = self._projects.check_key(str(body["key"]), project.id)
            if wrong:
                raise Refused(400, fields={"projectKey": wrong})
            columns["key"] = body["key"]
        if "name" in body:
            columns["name"] = str(body["name"])
        kept = ("description", "url", "leadAccountId", "assigneeType", "categoryId", *ACCESS)
        errors = self._category_errors(body) | self._access_errors(body)
        if errors:
            raise Refused(400, fields=errors)
        columns["body"] = project.body | {key: body[key] for key in kept if key in body}
        with self._jira.store.transaction():
            self._projects.change(project, **columns)
        changed = self._projects.visible(str(project.id))
        return json_answer(self._jira.site, whole_bean(self._jira, changed))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE project/{id}: into the recycle bin, or for good with enableUndo=false."""
        project = self._projects.find(request.match_info["projectIdOrKey"])
        undo = query_flag(request, "enableUndo", True)
        if project is None or (project.state == DELETED and undo):
            raise Refused(404, "No project could be found.")
        with self._jira.store.transaction():
            if undo:
                body = project.body | {"deletedDate": self._jira.now()}
                self._projects.change(project, state=DELETED, body=body)
            else:
                remove_desk(self._jira, project.id)
                self._projects.erase(project)
        return no_content()

    async def archive(self, request: web.Request) -> web.StreamResponse:
        """POST project/{id}/archive: its issues leave the search."""
        self._projects.change(self._project(request), state=ARCHIVED)
        return no_content()

    async def restore(self, request: web.Request) -> web.StreamResponse:
        """POST project/{id}/restore: out of the recycle bin or the archive."""
        project = self._projects.find(request.match_info["projectIdOrKey"])
        if project is None:
            raise Refused(404, "No project could be found.")
        self._projects.change(project, state=LIVE)
        return json_answer(self._jira.site, whole_bean(self._jira, self._project(request)))

    async def versions(self, request: web.Request) -> web.StreamResponse:
        """GET project/{id}/version."""
        return json_answer(
            self._jira.site, page_of(self._jira, request, self._versions(self._project(request)))
        )

    async def all_versions(self, request: web.Request) -> web.StreamResponse:
        """GET project/{id}/versions, unpaged."""
        return json_answer(self._jira.site, self._versions(self._project(request)))

    async def components(self, request: web.Request) -> web.StreamResponse:
        """GET project/{id}/component."""
        return json_answer(
            self._jira.site, page_of(self._jira, request, self._components(self._project(request)))
        )

    async def all_components(self, request: web.Request) -> web.StreamResponse:
        """GET project/{id}/components, unpaged."""
        return json_answer(self._jira.site, self._components(self._project(request)))

    async def statuses(self, request: web.Request) -> web.StreamResponse:
        """GET project/{id}/statuses: by issue type."""
        project = self._project(request)
        workflows = Workflows(self._jira)
        answer = [
            {
                "self": self._jira.url(f"/issuetype/{issue_type.id}"),
                "id": str(issue_type.id),
                "name": issue_type.name,
                "subtask": issue_type.body["hierarchyLevel"] < 0,
                "statuses": [
                    status_bean(self._jira, status)
                    for status in workflows.statuses(workflows.of(project, issue_type.id))
                ],
            }
            for issue_type in self._projects.issue_types(project)
        ]
        return json_answer(self._jira.site, answer)

    def _project(self, request: web.Request) -> Project:
        return self._projects.visible(request.match_info["projectIdOrKey"])

    def _versions(self, project: Project) -> list[Body]:
        found = self._jira.objects.all(ObjectKind.VERSION, project.id)
        return [version_bean(self._jira, each, whole=True) for each in found]

    def _components(self, project: Project) -> list[Body]:
        found = self._jira.objects.all(ObjectKind.COMPONENT, project.id)
        return [component_bean(self._jira, each, whole=True) for each in found]

    def _errors(self, body: Body) -> dict[str, str]:
        errors: dict[str, str] = {}
        name = str(body.get("name") or "")
        wrong_key = self._projects.check_key(str(body.get("key") or ""))
        if wrong_key:
            errors["projectKey"] = wrong_key
        if len(name) < 2 or len(name) > 80:
            errors["projectName"] = "The project name must have 2 to 80 characters."
        elif any(each.name.lower() == name.lower() for each in self._projects.all((LIVE, DELETED))):
            errors["projectName"] = "A project with that name already exists."
        lead = self._jira.accounts.get(str(body.get("leadAccountId") or ""))
        if lead is None or not lead.active:
            errors["projectLead"] = "You must specify a valid project lead."
        template = body.get("projectTemplateKey")
        if template and any(key in body for key in _SCHEME_KEYS):
            errors["projectTemplateKey"] = "A template and explicit schemes exclude each other."
        if not template and body.get("projectTypeKey") not in _TYPE_KEYS:
            errors["projectType"] = "An invalid project type was specified."
        if self._lacks_app(body):
            errors["projectType"] = "Jira Service Management is not installed."
        named = self._access_errors(body, ACCESS | FIELDS)
        return errors | self._category_errors(body) | named

    def _lacks_app(self, body: Body) -> bool:
        wanted = body.get("projectTypeKey") == PROJECT_TYPE
        return wanted and not self._jira.site.service_management

    def _category_errors(self, body: Body) -> dict[str, str]:
        """-1 takes the category away."""
        wanted = body.get("categoryId")
        if wanted in (None, -1) or self._jira.objects.get(ObjectKind.CATEGORY, wanted):
            return {}
        return {"categoryId": f"The project category {wanted} does not exist."}

    def _access_errors(
        self, body: Body, named: Mapping[str, tuple[ObjectKind, str]] = ACCESS
    ) -> dict[str, str]:
        return {
            key: f"The scheme {body[key]} does not exist."
            for key, (kind, _) in named.items()
            if key in body and self._jira.objects.get(kind, body[key]) is None
        }

    def _scheme(self, body: Body, key: str, kind: ObjectKind, default: str) -> int:
        found: JiraObject | None
        if body.get(key) is None:
            found = self._jira.objects.named(kind, default)
        else:
            found = self._jira.objects.get(kind, body[key])
        if found is None:
            raise Refused(400, fields={key: f"The scheme {body.get(key)} does not exist."})
        return found.id

    def _body(self, body: Body, template: str) -> Body:
        team_managed = any(part in template for part in _TEAM_MANAGED)
        return {
            "projectTypeKey": body.get("projectTypeKey") or "software",
            "style": "next-gen" if team_managed else "classic",
            "leadAccountId": body["leadAccountId"],
            "assigneeType": body.get("assigneeType") or "UNASSIGNED",
            "description": body.get("description"),
            "url": body.get("url"),
            "categoryId": body.get("categoryId"),
            **access_schemes(self._jira, body),
            "entityId": str(uuid.uuid5(uuid.UUID(self._jira.site.cloud_id), body["key"])),
        }
