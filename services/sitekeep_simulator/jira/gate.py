"""What every request about one issue passes: who may send it, and the mail that it sends."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sitekeep_simulator.answers import caller
from sitekeep_simulator.jira.archive import is_archived
from sitekeep_simulator.jira.issue_table import MISSING, Issues
from sitekeep_simulator.jira.notifications import (
    ASSIGNED,
    COMMENT_EDITED,
    COMMENTED,
    DELETED,
    GENERIC,
    UPDATED,
    WORK_LOGGED,
    send,
)
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.permissions import Permissions
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.state import API
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row

_ISSUE = f"{API}/issue/{{issueIdOrKey}}"
_EVENTS: Mapping[tuple[str, str], int] = {
    ("PUT", _ISSUE): UPDATED,
    ("PUT", f"{_ISSUE}/assignee"): ASSIGNED,
    ("PUT", f"{_ISSUE}/comment/{{id}}"): COMMENT_EDITED,
    ("DELETE", _ISSUE): DELETED,
    ("POST", f"{_ISSUE}/comment"): COMMENTED,
    ("POST", f"{_ISSUE}/worklog"): WORK_LOGGED,
    ("POST", f"{_ISSUE}/transitions"): GENERIC,
    ("POST", f"{_ISSUE}/attachments"): UPDATED,
}
"""Writes of which people are told; an issue that is created tells of itself."""
_PERMISSIONS: Mapping[tuple[str, str], str] = {
    ("PUT", _ISSUE): "EDIT_ISSUES",
    ("PUT", f"{_ISSUE}/assignee"): "ASSIGN_ISSUES",
    ("DELETE", _ISSUE): "DELETE_ISSUES",
    ("POST", f"{_ISSUE}/comment"): "ADD_COMMENTS",
    ("POST", f"{_ISSUE}/worklog"): "WORK_ON_ISSUES",
    ("POST", f"{_ISSUE}/transitions"): "TRANSITION_ISSUES",
    ("POST", f"{_ISSUE}/attachments"): "CREATE_ATTACHMENTS",
    ("POST", f"{_ISSUE}/remotelink"): "LINK_ISSUES",
    ("POST", f"{_ISSUE}/watchers"): "MANAGE_WATCHERS",
    ("DELETE", f"{_ISSUE}/watchers"): "MANAGE_WATCHERS",
}
"""What a write needs beyond seeing the issue."""


def gate(issues: Issues) -> Middleware:
    """The middleware of the gate."""
    permissions = Permissions(issues.jira)

    @web.middleware
    async def pass_through(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        template = "" if resource is None else resource.canonical
        issue = _issue(issues, request) if template.startswith(_ISSUE) else None
        if issue is None:
            return await handler(request)
        project = issues.projects.visible(str(issue["project_id"]))
        if request.method != "GET" and is_archived(issues.jira, issue):
            raise Refused(400, f"The issue {issue['key']} is archived: it is read-only.")
        operation = (request.method, template)
        _check(permissions, request, project, issue, _PERMISSIONS.get(operation))
        event = _EVENTS.get(operation)
        answer = await handler(request)
        is_told = answer.status < 300 and request.query.get("notifyUsers") != "false"
        if event is not None and is_told:
            send(issues.jira, project, event)
        return answer

    return pass_through


def _check(
    permissions: Permissions,
    request: web.Request,
    project: Project,
    issue: Row,
    permission: str | None,
) -> None:
    account = caller(request)
    if not permissions.may_see(account, issue):
        raise Refused(404, MISSING)
    fields: Body = msgspec.json.decode(issue["fields"]) if permission else {}
    if permission and not permissions.allowed(account, permission, project, fields):
        text = f"You do not have the permission {permission} in the project {project.key}."
        raise Refused(403, text)


def _issue(issues: Issues, request: web.Request) -> Row | None:
    return issues.find(request.match_info["issueIdOrKey"])
