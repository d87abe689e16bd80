"""What every write to an issue passes: the mail that it sends."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.notifications import (
    COMMENTED,
    DELETED,
    GENERIC,
    UPDATED,
    WORK_LOGGED,
    send,
)
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.state import API

_ISSUE = f"{API}/issue/{{issueIdOrKey}}"
_EVENTS: Mapping[tuple[str, str], int] = {
    ("PUT", _ISSUE): UPDATED,
    ("DELETE", _ISSUE): DELETED,
    ("POST", f"{_ISSUE}/comment"): COMMENTED,
    ("POST", f"{_ISSUE}/worklog"): WORK_LOGGED,
    ("POST", f"{_ISSUE}/transitions"): GENERIC,
    ("POST", f"{_ISSUE}/attachments"): UPDATED,
}
"""Writes of which people are told; an issue that is created tells of itself."""


def gate(issues: Issues) -> Middleware:
    """The middleware of the gate."""

    @web.middleware
    async def pass_through(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        operation = (request.method, "" if resource is None else resource.canonical)
        event = _EVENTS.get(operation)
        if event is None or request.query.get("notifyUsers") == "false":
            return await handler(request)
        project = _project(issues, request)
        answer = await handler(request)
        if project is not None and answer.status < 300:
            send(issues.jira, project, event)
        return answer

    return pass_through


def _project(issues: Issues, request: web.Request) -> Project | None:
    issue = issues.find(request.match_info["issueIdOrKey"])
    return None if issue is None else issues.projects.find(str(issue["project_id"]))
