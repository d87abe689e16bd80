"""The endpoints of issues, one by one and in bulk."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import (
    caller,
    json_answer,
    list_in,
    no_content,
    object_in,
    query_flag,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.issue_answers import Wish, issue_beans
from sitekeep_simulator.jira.issue_creation import IssueCreation, NewIssue
from sitekeep_simulator.jira.issue_edits import IssueEdits
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.permissions import Permissions
from sitekeep_simulator.jira.state import API
from sitekeep_simulator.jira.transitions import open_transitions, take_transition
from sitekeep_simulator.jira.workflows import Workflows
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row

_FETCH_CAP = 100
_CREATE_CAP = 50
_BULK_CHANGELOG_CAP = 40
_FETCH_KEYS = {"issueIdsOrKeys", "fields", "fieldsByKeys", "expand", "properties"}


def routes(issues: Issues) -> list[web.RouteDef]:
    """The routes of issues."""
    handlers = IssueRoutes(issues)
    one = f"{API}/issue/{{issueIdOrKey}}"
    return [
        web.post(f"{API}/issue", handlers.create),
        web.post(f"{API}/issue/bulk", handlers.create_many),
        web.post(f"{API}/issue/bulkfetch", handlers.fetch_many),
        web.get(one, handlers.get),
        web.put(one, handlers.edit),
        web.delete(one, handlers.delete),
        web.put(f"{one}/assignee", handlers.assign),
        web.get(f"{one}/transitions", handlers.transitions),
        web.post(f"{one}/transitions", handlers.transition),
    ]


class IssueRoutes:
    """Handlers."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._site = issues.jira.site
        self._store = issues.jira.store
        self._creation = IssueCreation(issues)
        self._edits = IssueEdits(issues)
        self._permissions = Permissions(issues.jira)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET issue/{id}: all fields unless some are named."""
        wish = Wish(
            fields=query_list(request, "fields") or ["*all"],
            properties=query_list(request, "properties"),
            expand=query_list(request, "expand"),
        )
        return json_answer(self._site, issue_beans(self._issues, [self._issue(request)], wish)[0])

    async def fetch_many(self, request: web.Request) -> web.StreamResponse:
        """POST issue/bulkfetch: at most 100; what cannot be seen is silently absent.

        An unknown key of the body is refused. The answer is sorted by id and shows issues
        that were moved under their new key.
        """
        body = await read_object(request)
        wanted: list[Any] = list_in(body, "issueIdsOrKeys")
        if set(body) - _FETCH_KEYS:
            raise Refused(400, "Invalid request payload. Refer to the REST API documentation.")
        if not 1 <= len(wanted) <= _FETCH_CAP:
            raise Refused(400, f"Between 1 and {_FETCH_CAP} issues must be given.")
        wish = Wish(
            fields=body.get("fields") or ["*navigable"],
            properties=list_in(body, "properties"),
            expand=list_in(body, "expand"),
            changelog_cap=_BULK_CHANGELOG_CAP,
        )
        wish.check_properties()
        rows = self._issues.find_many([str(each) for each in wanted])
        seen = self._permissions.seen(caller(request), rows)
        beans = issue_beans(self._issues, seen, wish)
        return json_answer(self._site, {"issues": beans, "issueErrors": []})

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST issue."""
        body = await read_object(request)
        with self._store.transaction():
            created = self._creation.attempt(caller(request), body)
        if isinstance(created, Refused):
            raise created
        return json_answer(self._site, self._created_bean(created), 201)

    async def create_many(self, request: web.Request) -> web.StreamResponse:
        """POST issue/bulk: at most 50, keys in order; each element fails for itself."""
        listed: list[Body] = list_in(await read_object(request), "issueUpdates")
        if not 1 <= len(listed) <= _CREATE_CAP:
            raise Refused(400, f"Between 1 and {_CREATE_CAP} issues must be given.")
        with self._store.transaction():
            outcomes = [self._creation.attempt(caller(request), each) for each in listed]
        created = [self._created_bean(each) for each in outcomes if isinstance(each, NewIssue)]
        errors = [
            {
                "status": each.status,
                "elementErrors": {
                    "errorMessages": list(each.messages),
                    "errors": dict(each.fields),
                    "status": each.status,
                },
                "failedElementNumber": number,
            }
            for number, each in enumerate(outcomes)
            if isinstance(each, Refused)
        ]
        answer = {"issues": created, "errors": errors}
        return json_answer(self._site, answer, 201 if created else 400)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT issue/{id}."""
        issue = self._issue(request)
        body = await read_object(request)
        with self._store.transaction():
            self._edits.edit(issue, caller(request), body)
        return no_content()

    async def assign(self, request: web.Request) -> web.StreamResponse:
        """PUT issue/{id}/assignee: null for nobody."""
        issue, body = self._issue(request), await read_object(request)
        wanted = body.get("accountId")
        edit: Body = {"fields": {"assignee": wanted and {"accountId": wanted}}}
        with self._store.transaction():
            self._edits.edit(issue, caller(request), edit)
        return no_content()

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE issue/{id}: one with sub-tasks only with deleteSubtasks=true."""
        issue = self._issue(request)
        if self._issues.children(issue["id"]) and not query_flag(request, "deleteSubtasks"):
            text = (
                f"The issue '{issue['key']}' has subtasks. You must specify the 'deleteSubtasks' "
                "parameter to delete this issue and all its subtasks."
            )
            raise Refused(400, text)
        with self._store.transaction():
            self._issues.delete([issue["id"]])
        return no_content()

    async def transitions(self, request: web.Request) -> web.StreamResponse:
        """GET issue/{id}/transitions."""
        workflows = Workflows(self._issues.jira)
        wanted, issue = request.query.get("transitionId"), self._issue(request)
        listed = [
            workflows.transition_bean(each, issue["status_id"])
            for each in open_transitions(self._issues, issue, caller(request))
            if wanted is None or each["id"] == wanted
        ]
        return json_answer(self._site, {"expand": "transitions", "transitions": listed})

    async def transition(self, request: web.Request) -> web.StreamResponse:
        """POST issue/{id}/transitions."""
        issue = self._issue(request)
        body = await read_object(request)
        transition_id = str(object_in(body, "transition").get("id") or "")
        if not transition_id:
            raise Refused(400, "Missing 'transition' identifier")
        rest = {key: body[key] for key in ("fields", "update") if body.get(key)}
        with self._store.transaction():
            given = [*object_in(body, "fields"), *object_in(body, "update")]
            take_transition(self._issues, issue["id"], caller(request), transition_id, given)
            if rest:
                self._edits.edit(self._issue(request), caller(request), rest)
        return no_content()

    def _issue(self, request: web.Request) -> Row:
        return self._issues.require(request.match_info["issueIdOrKey"])

    def _created_bean(self, created: NewIssue) -> Body:
        bean: Body = {
            "id": str(created.id),
            "key": created.key,
            "self": self._issues.jira.url(f"/issue/{created.id}"),
        }
        if created.transition is not None:
            bean["transition"] = {
                "status": created.transition.status,
                "errorCollection": {
                    "errorMessages": list(created.transition.messages),
                    "errors": dict(created.transition.fields),
                },
            }
        return bean
