"""Moving issues in bulk: into another issue type or project, below a parent or not."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import caller, json_answer, read_object
from sitekeep_simulator.jira.changes import item, record
from sitekeep_simulator.jira.issue_creation import IssueCreation
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.state import API
from sitekeep_simulator.jira.tasks import Tasks
from sitekeep_simulator.jira.workflows import Workflows
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row

_MOVE_CAP = 1000
_OF_THE_PROJECT = ("components", "versions", "fixVersions", "security")
_MOVE_KEYS = {"targetToSourcesMapping", "sendBulkNotification"}
_FLAGS = (
    "inferClassificationDefaults",
    "inferFieldDefaults",
    "inferStatusDefaults",
    "inferSubtaskTypeDefault",
)


def routes(issues: Issues) -> list[web.RouteDef]:
    """The route of moves."""
    return [web.post(f"{API}/bulk/issues/move", Moves(issues).move)]


class Moves:
    """The handler. Issues with sub-tasks are refused in moves into other projects."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._jira = issues.jira
        self._creation = IssueCreation(issues)
        self._tasks = Tasks(issues)
        self._workflows = Workflows(issues.jira)

    async def move(self, request: web.Request) -> web.StreamResponse:
        """POST bulk/issues/move: ``project,type[,parent]`` → issues, one target a request."""
        body = await read_object(request)
        targets: dict[str, Body] = body.get("targetToSourcesMapping") or {}
        if set(body) - _MOVE_KEYS or len(targets) != 1:
            raise Refused(400, "Exactly one target must be given.")
        ((target, source),) = targets.items()
        if not all(isinstance(source.get(flag), bool) for flag in _FLAGS):
            raise Refused(400, f"All of {', '.join(_FLAGS)} must be given.")
        wanted: list[Any] = source.get("issueIdsOrKeys") or []
        if not 1 <= len(wanted) <= _MOVE_CAP:
            raise Refused(400, f"Between 1 and {_MOVE_CAP} issues must be given.")
        author = caller(request)
        with self._jira.store.transaction():
            rows = self._issues.find_many([str(each) for each in wanted])
            ids = [int(row["id"]) for row in rows]
            for each in ids:
                self._move(self._issues.require(str(each)), target.split(","), author)
            task_id = self._tasks.add(author.account_id, ids, len(wanted))
        return json_answer(self._jira.site, {"taskId": str(task_id)}, 201)

    def _move(self, issue: Row, target: list[str], author: Account) -> None:
        project = self._issues.projects.visible(target[0])
        kind = self._type(project, target[1] if len(target) > 1 else "")
        level: int = kind.body["hierarchyLevel"]
        parent = {"id": target[2]} if len(target) > 2 else None
        if (parent is None) != (level >= 0):
            raise Refused(400, "A parent must be given for a sub-task type and for no other.")
        parent_id = None if parent is None else self._creation.parent(project, level, parent)
        if project.id != issue["project_id"]:
            self._give_new_key(issue, project, kind, author)
        self._change(issue, kind, parent_id, author)

    def _give_new_key(
        self, issue: Row, project: Project, kind: JiraObject, author: Account
    ) -> None:
        """Into another project: its next number and first status; the old key leads there, too."""
        if self._issues.children(issue["id"]):
            raise Refused(400, "The simulated site does not move issues with sub-tasks.")
        store = self._jira.store
        number = self._issues.projects.take_numbers(project.id)
        status = self._workflows.initial_status(self._workflows.of(project, kind.id))
        fields: Body = msgspec.json.decode(self._issues.require(str(issue["id"]))["fields"])
        kept = {name: value for name, value in fields.items() if name not in _OF_THE_PROJECT}
        store.execute(
            "UPDATE jira_issue SET project_id = ?, number = ?, status_id = ?, fields = ? "
            "WHERE id = ?",
            (project.id, number, status, msgspec.json.encode(kept).decode(), issue["id"]),
        )
        moved = (issue["key"], issue["id"])
        store.execute("INSERT OR REPLACE INTO jira_moved_key VALUES (?, ?)", moved)
        key = item("Key", (None, issue["key"]), (None, f"{project.key}-{number}"))
        record(self._jira, issue["id"], author.account_id, [key])

    def _type(self, project: Project, wanted: str) -> JiraObject:
        for each in self._issues.projects.issue_types(project):
            if str(each.id) == wanted:
                return each
        raise Refused(400, f"The issue type '{wanted}' is not one of the project's.")

    def _change(self, issue: Row, kind: JiraObject, parent_id: int | None, author: Account) -> None:
        old = self._jira.objects.get(ObjectKind.ISSUE_TYPE, issue["type_id"])
        self._jira.store.execute(
            "UPDATE jira_issue SET type_id = ?, parent_id = ? WHERE id = ?",
            (kind.id, parent_id, issue["id"]),
        )
        if parent_id is not None:
            fields = self._issues.require(str(parent_id))["fields"]
            self._issues.inherit_level(issue["id"], msgspec.json.decode(fields).get("security"))
        for changed in (issue["id"], issue["parent_id"], parent_id):
            if changed is not None:
                self._issues.renderer.stale(changed)
        before = (str(issue["type_id"]), None if old is None else old.name)
        changes = [item("issuetype", before, (str(kind.id), kind.name), field_id="issuetype")]
        record(self._jira, issue["id"], author.account_id, changes)
        self._issues.touch(issue["id"])
