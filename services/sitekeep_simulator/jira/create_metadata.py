"""What a create of an issue can set: issue/createmeta, with the values that lists allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import caller, json_answer
from sitekeep_simulator.jira.beans import (
    component_bean,
    issue_type_bean,
    option_bean,
    priority_bean,
    version_bean,
)
from sitekeep_simulator.jira.field_contexts import context_for, options_in
from sitekeep_simulator.jira.field_defaults import default_values
from sitekeep_simulator.jira.field_rules import is_hidden, lacking
from sitekeep_simulator.jira.fields import (
    SELECT_TYPES,
    custom_fields,
    field_bean,
    field_type,
    is_locked,
    system_beans,
)
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.paging import page_bounds
from sitekeep_simulator.jira.permissions import Permissions
from sitekeep_simulator.jira.priorities import priority_ids, scheme_of
from sitekeep_simulator.jira.projects import Project, Projects, brief_bean
from sitekeep_simulator.jira.screens import CREATE, can_be_set
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

CREATE_ISSUES = "CREATE_ISSUES"
LARGEST_PAGE = 200
"""The largest page of either list (Jira REST v3)."""
_SET = frozenset(
    {
        "assignee",
        "components",
        "description",
        "duedate",
        "environment",
        "fixVersions",
        "issuetype",
        "labels",
        "parent",
        "priority",
        "project",
        "reporter",
        "security",
        "summary",
        "timetracking",
        "versions",
    }
)
"""Jira's own fields that a create can set."""


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of both lists."""
    lists = CreateMetadata(jira)
    types = f"{API}/issue/createmeta/{{projectIdOrKey}}/issuetypes"
    return [web.get(types, lists.types), web.get(f"{types}/{{issueTypeId}}", lists.fields)]


class CreateMetadata:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._projects = Projects(jira)

    async def types(self, request: web.Request) -> web.StreamResponse:
        """GET issue/createmeta/{project}/issuetypes."""
        types = self._projects.issue_types(self._project(request))
        beans = [issue_type_bean(self._jira, each) for each in types]
        return self._page(request, "issueTypes", beans)

    async def fields(self, request: web.Request) -> web.StreamResponse:
        """GET issue/createmeta/{project}/issuetypes/{type}: what its create screen has."""
        project, wanted = self._project(request), request.match_info["issueTypeId"]
        types = self._projects.issue_types(project)
        issue_type = next((each for each in types if str(each.id) == wanted), None)
        if issue_type is None:
            raise Refused(400, "The issue type is not one of the project.")
        shown = [
            each
            for each in self._all(project, issue_type.id)
            if can_be_set(self._jira, project, issue_type.id, CREATE, str(each["id"]))
            and not is_hidden(self._jira, project, issue_type.id, str(each["id"]))
        ]
        names = [str(each["id"]) for each in shown]
        required = lacking(self._jira, project, issue_type.id, {}, names)
        defaults = default_values(self._jira, project, issue_type.id, {})
        beans = [
            self._bean(each, project, issue_type, str(each["id"]) in required, defaults)
            for each in shown
        ]
        return self._page(request, "fields", beans)

    def _all(self, project: Project, type_id: int) -> list[Body]:
        own = [each for each in system_beans() if each["id"] in _SET]
        custom = [
            field_bean(each)
            for each in custom_fields(self._jira)
            if not is_locked(each)
            and each.project_id in (0, project.id)
            and (each.project_id or context_for(self._jira, each, project.id, type_id))
        ]
        return own + custom

    def _bean(
        self,
        field: Body,
        project: Project,
        issue_type: JiraObject,
        required: bool,
        defaults: Mapping[str, Any],
    ) -> Body:
        name = str(field["id"])
        bean: Body = {
            "required": required or name in ("summary", "issuetype", "project"),
            "schema": field["schema"],
            "name": field["name"],
            "key": name,
            "fieldId": name,
            "hasDefaultValue": name in defaults,
            "operations": ["set"],
        }
        allowed = self._allowed(field, project, issue_type)
        return bean if allowed is None else bean | {"allowedValues": allowed}

    def _allowed(self, field: Body, project: Project, issue_type: JiraObject) -> list[Body] | None:
        """The values of a list; None: the field is none."""
        if field["custom"]:
            return self._options(field, project, issue_type.id)
        objects, jira = self._jira.objects, self._jira
        lists: Mapping[str, Callable[[], list[Body]]] = {
            "issuetype": lambda: [issue_type_bean(jira, issue_type)],
            "project": lambda: [brief_bean(jira, project)],
            "priority": lambda: [
                priority_bean(jira, found)
                for each in priority_ids(jira, scheme_of(jira, project))
                if (found := objects.get(ObjectKind.PRIORITY, each)) is not None
            ],
            "components": lambda: [
                component_bean(jira, each) for each in objects.all(ObjectKind.COMPONENT, project.id)
            ],
        }
        for name in ("versions", "fixVersions"):
            lists = {**lists, name: lambda: self._versions(project)}
        found = lists.get(str(field["id"]))
        return None if found is None else found()

    def _versions(self, project: Project) -> list[Body]:
        found = self._jira.objects.all(ObjectKind.VERSION, project.id)
        return [version_bean(self._jira, each) for each in found if not each.body.get("archived")]

    def _options(self, bean: Body, project: Project, type_id: int) -> list[Body] | None:
        """The options that can still be chosen, each with those below it."""
        field = self._jira.objects.get(ObjectKind.FIELD, bean["schema"]["customId"])
        if field is None or field_type(field) not in SELECT_TYPES:
            return None
        context = context_for(self._jira, field, project.id, type_id)
        listed = [] if context is None else options_in(self._jira, context)
        open_ones = [each for each in listed if not each.body["disabled"]]
        found: list[Body] = []
        for option in (each for each in open_ones if not each.body["parent"]):
            below = [each for each in open_ones if each.body["parent"] == option.id]
            children = [option_bean(self._jira, each) for each in below]
            found.append(
                option_bean(self._jira, option) | ({"children": children} if children else {})
            )
        return found

    def _project(self, request: web.Request) -> Project:
        found = self._projects.find(request.match_info["projectIdOrKey"])
        permissions = Permissions(self._jira)
        if found is None or not permissions.allowed(caller(request), CREATE_ISSUES, found):
            raise Refused(400, "The project is not there, or no issue can be created in it.")
        return found

    def _page(self, request: web.Request, noun: str, values: list[Body]) -> web.StreamResponse:
        start, size = page_bounds(request, 50, LARGEST_PAGE)
        bounds = {"startAt": start, "maxResults": size, "total": len(values)}
        return json_answer(self._jira.site, {**bounds, noun: values[start : start + size]})
