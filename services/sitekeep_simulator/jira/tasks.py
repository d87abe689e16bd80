"""Asynchronous tasks: deleting many issues, and asking how far it is."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import caller, json_answer, list_in, read_object
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.permissions import Permissions
from sitekeep_simulator.jira.state import API, milliseconds_of
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row

_DELETE_CAP = 1000
_DELETE_KEYS = {"selectedIssueIdsOrKeys", "sendBulkNotification"}


def routes(issues: Issues) -> list[web.RouteDef]:
    """The routes of tasks."""
    tasks = Tasks(issues)
    return [
        web.post(f"{API}/bulk/issues/delete", tasks.delete_issues),
        web.get(f"{API}/bulk/queue/{{taskId}}", tasks.bulk_progress),
        web.get(f"{API}/task/{{taskId}}", tasks.task),
    ]


class Tasks:
    """Handlers. The work is done at once; the first polls say that it runs all the same."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._site = issues.jira.site
        self._store = issues.jira.store

    async def delete_issues(self, request: web.Request) -> web.StreamResponse:
        """POST bulk/issues/delete: at most 1000 issues; unknown ones are only counted."""
        body = await read_object(request)
        wanted: list[Any] = list_in(body, "selectedIssueIdsOrKeys")
        if set(body) - _DELETE_KEYS or not 1 <= len(wanted) <= _DELETE_CAP:
            raise Refused(400, f"Between 1 and {_DELETE_CAP} issues must be selected.")
        with self._store.transaction():
            rows = self._issues.find_many([str(each) for each in wanted])
            rows = [row for row in rows if self._may_delete(caller(request), row)]
            ids = [row["id"] for row in rows]
            self._issues.delete(ids)
            task_id = self.add(caller(request).account_id, ids, len(wanted))
        return json_answer(self._site, {"taskId": str(task_id)}, 201)

    def _may_delete(self, account: Account, issue: Row) -> bool:
        project = self._issues.projects.visible(str(issue["project_id"]))
        return Permissions(self._issues.jira).allowed(account, "DELETE_ISSUES", project)

    async def bulk_progress(self, request: web.Request) -> web.StreamResponse:
        """GET bulk/queue/{id}."""
        task_id, body, done = self._poll(request)
        time = milliseconds_of(body["created"])
        bean: Body = {
            "taskId": str(task_id),
            "status": "COMPLETE" if done else "RUNNING",
            "progressPercent": 100 if done else 0,
            "submittedBy": {"accountId": body["author"]},
            "created": time,
            "started": time,
            "updated": time,
            "totalIssueCount": body["total"],
            "invalidOrInaccessibleIssueCount": body["total"] - len(body["processed"]),
            "processedAccessibleIssues": body["processed"] if done else [],
            "failedAccessibleIssues": {},
        }
        return json_answer(self._site, bean)

    async def task(self, request: web.Request) -> web.StreamResponse:
        """GET task/{id}."""
        task_id, body, done = self._poll(request)
        return json_answer(self._site, self._bean(task_id, body, done=done))

    def bean(self, task_id: int) -> Body:
        """A task, as it stands."""
        row = self._store.row("SELECT * FROM jira_task WHERE id = ?", (task_id,))
        if row is None:
            raise Refused(404, f"The task {task_id} does not exist.")
        return self._bean(task_id, msgspec.json.decode(row["body"]), done=row["polls"] == 0)

    def running(self, subject: str) -> int:
        """The id of a task about that which still runs, or 0."""
        return int(
            self._store.value(
                "SELECT max(id) FROM jira_task "
                "WHERE polls > 0 AND json_extract(body, '$.subject') = ?",
                (subject,),
            )
            or 0
        )

    def _bean(self, task_id: int, body: Body, *, done: bool) -> Body:
        time = milliseconds_of(body["created"])
        bean: Body = {
            "self": self._issues.jira.url(f"/task/{task_id}"),
            "id": str(task_id),
            "description": body["description"],
            "status": "COMPLETE" if done else "RUNNING",
            "progress": 100 if done else 0,
            "elapsedRuntime": 1,
            "submittedBy": 10_000,
            "submitted": time,
            "started": time,
            "lastUpdate": time,
        }
        if done:
            bean |= {"finished": time, "result": {"processed": body["processed"]}}
        return bean

    def add(
        self,
        author: str,
        processed: list[int],
        total: int,
        description: str = "Bulk delete",
        subject: str = "",
    ) -> int:
        """Keeps a task that has been done, and about what it was; returns its id."""
        task_id = self._store.next_id("jira.task")
        body = {
            "author": author,
            "created": self._issues.jira.now(),
            "processed": processed,
            "total": total,
            "description": description,
            "subject": subject,
        }
        self._store.execute(
            "INSERT INTO jira_task VALUES (?, ?, ?)",
            (task_id, self._issues.jira.task_polls, msgspec.json.encode(body).decode()),
        )
        return task_id

    def _poll(self, request: web.Request) -> tuple[int, Body, bool]:
        task_id = request.match_info["taskId"]
        row = self._store.row("SELECT * FROM jira_task WHERE id = ?", (task_id,))
        if row is None:
            raise Refused(404, f"The task {task_id} does not exist.")
        self._store.execute(
            "UPDATE jira_task SET polls = max(polls - 1, 0) WHERE id = ?", (task_id,)
        )
        body: Body = msgspec.json.decode(row["body"])
        return row["id"], body, row["polls"] == 0
