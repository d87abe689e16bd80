"""The endpoints of sprints, of the backlog and of the order of issues."""

from __future__ import annotations

import datetime
from typing import Any

from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import (
    caller,
    json_answer,
    list_in,
    no_content,
    query_list,
    read_object,
)
from sitekeep_simulator.jira.boards import page
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.ranks import Ranks
from sitekeep_simulator.jira.sprint_access import SprintAccess
from sitekeep_simulator.jira.sprints import ACTIVE, CLOSED, FUTURE, Sprints, sprint_bean
from sitekeep_simulator.jira.state import AGILE
from sitekeep_simulator.refusals import Refused

_MOST_ISSUES = 50
_LONGEST_NAME = 30
_DATES = ("startDate", "endDate")
_STEPS = {(FUTURE, ACTIVE), (ACTIVE, CLOSED)}


def routes(issues: Issues) -> list[web.RouteDef]:
    """The routes of sprints."""
    sprints = SprintRoutes(issues)
    one = f"{AGILE}/sprint/{{sprintId}}"
    return [
        web.get(f"{AGILE}/board/{{boardId}}/sprint", sprints.of_board),
        web.post(f"{AGILE}/sprint", sprints.create),
        web.get(one, sprints.get),
        web.post(one, sprints.change),
        web.put(one, sprints.replace),
        web.delete(one, sprints.delete),
        web.post(f"{one}/issue", sprints.take_in),
        web.post(f"{AGILE}/backlog/issue", sprints.take_out),
        web.put(f"{AGILE}/issue/rank", sprints.rank),
    ]


class SprintRoutes:
    """Handlers."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._jira = issues.jira
        self._sprints = Sprints(issues.jira)
        self._ranks = Ranks(issues.jira)
        self._access = SprintAccess(issues)

    async def of_board(self, request: web.Request) -> web.StreamResponse:
        """GET board/{id}/sprint: those made on the board; a kanban board has none."""
        board = self._board(request.match_info["boardId"])
        states = query_list(request, "state")
        found = [
            sprint_bean(self._jira, each)
            for each in self._sprints.all()
            if each.body["board"] == board.id and (not states or each.body["state"] in states)
        ]
        return json_answer(self._jira.site, page(request, found))

    def _board(self, wanted: str) -> JiraObject:
        board = self._jira.objects.get(ObjectKind.BOARD, wanted)
        if board is None:
            raise Refused(404, "The requested board does not exist or is not shown to you.")
        if board.body["type"] == "kanban":
            raise Refused(400, "The board does not support sprints")
        return board

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST sprint: a future one on a board."""
        body = await read_object(request)
        board = self._board(str(body.get("originBoardId") or ""))
        self._access.check_board(caller(request), board.id)
        name = _name(body)
        values = {"goal": str(body.get("goal") or "")} | _dates(body)
        sprint = self._sprints.add(name, board.id, values)
        return json_answer(self._jira.site, sprint_bean(self._jira, sprint), 201)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET sprint/{id}."""
        return json_answer(self._jira.site, sprint_bean(self._jira, self._sprint(request)))

    async def change(self, request: web.Request) -> web.StreamResponse:
        """POST sprint/{id}: of a closed one the name and the goal only."""
        sprint, body = self._sprint(request), await read_object(request)
        return self._changed(request, sprint, body)

    async def replace(self, request: web.Request) -> web.StreamResponse:
        """PUT sprint/{id}: what the body leaves out is emptied; an open one needs a name."""
        sprint, body = self._sprint(request), await read_object(request)
        left_out: Body = {"goal": ""}
        if sprint.body["state"] != CLOSED:
            left_out |= {"name": "", "startDate": None, "endDate": None}
        return self._changed(request, sprint, left_out | body)

    def _changed(self, request: web.Request, sprint: JiraObject, body: Body) -> web.Response:
        self._access.check_board(caller(request), sprint.body["board"])
        name = _name(body) if "name" in body else sprint.name
        values: Body = {"goal": str(body["goal"] or "")} if "goal" in body else {}
        with self._jira.store.transaction():
            if sprint.body["state"] != CLOSED:
                values |= _dates(body)
                values |= self._step(sprint, values, str(body.get("state") or ""))
            changed = self._sprints.change(sprint, name, values)
        return json_answer(self._jira.site, sprint_bean(self._jira, changed))

    def _step(self, sprint: JiraObject, values: Body, state: str) -> Body:
        """What a new state brings with it. One sprint of a board is active at a time."""
        current = sprint.body["state"]
        if not state or state == current:
            self._check_dates(current, sprint.body | values)
            return {}
        if (current, state) not in _STEPS:
            raise Refused(400, fields={"state": f"A {current} sprint cannot become {state}."})
        if state == CLOSED:
            return {"state": state, "completeDate": self._jira.now()}
        self._check_dates(state, sprint.body | values)
        others = (each for each in self._sprints.all() if each.body["state"] == ACTIVE)
        if any(each.body["board"] == sprint.body["board"] for each in others):
            raise Refused(400, fields={"state": "The board has an active sprint already."})
        return {"state": state}

    @staticmethod
    def _check_dates(state: str, dates: Body) -> None:
        if state == ACTIVE and not all(dates.get(name) for name in _DATES):
            raise Refused(400, fields={"startDate": "A sprint needs both dates to be started."})

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE sprint/{id}."""
        sprint = self._sprint(request)
        self._access.check_board(caller(request), sprint.body["board"])
        self._sprints.remove(sprint)
        return no_content()

    async def take_in(self, request: web.Request) -> web.StreamResponse:
        """POST sprint/{id}/issue: at most 50, none of them a sub-task."""
        sprint, body = self._sprint(request), await read_object(request)
        if sprint.body["state"] == CLOSED:
            raise Refused(400, "Issues can only be moved to open or active sprints.")
        found = self._listed(body, caller(request))
        with self._jira.store.transaction():
            self._sprints.take_in(sprint, found)
        self._access.tell(found)
        return no_content()

    async def take_out(self, request: web.Request) -> web.StreamResponse:
        """POST backlog/issue: at most 50."""
        found = self._listed(await read_object(request), caller(request))
        with self._jira.store.transaction():
            self._sprints.take_out(found)
        self._access.tell(found)
        return no_content()

    async def rank(self, request: web.Request) -> web.StreamResponse:
        """PUT issue/rank: at most 50, before or after another one."""
        body, who = await read_object(request), caller(request)
        after = body.get("rankAfterIssue")
        other = after or body.get("rankBeforeIssue")
        if not other:
            raise Refused(400, "One of rankBeforeIssue and rankAfterIssue is required.")
        found = self._ids(body)
        edge = self._issue(other)
        self._access.check_issues(who, found, "SCHEDULE_ISSUES")
        with self._jira.store.transaction():
            self._ranks.move(found, edge, after=bool(after))
        return no_content()

    def _listed(self, body: Body, who: Account) -> list[int]:
        """The issues of a body; one that is a sub-task fails the whole request."""
        found = self._ids(body)
        self._access.check_issues(who, found, "SCHEDULE_ISSUES", "EDIT_ISSUES")
        children = [each for each in found if self._is_subtask(each)]
        if children:
            raise Refused(400, "Sub-tasks go with their parents and cannot be moved.")
        return found

    def _ids(self, body: Body) -> list[int]:
        listed = list_in(body, "issues")
        if not 1 <= len(listed) <= _MOST_ISSUES:
            raise Refused(400, f"Between 1 and {_MOST_ISSUES} issues must be given.")
        return [self._issue(each) for each in listed]

    def _issue(self, id_or_key: Any) -> int:
        found = self._issues.find(str(id_or_key))
        if found is None:
            raise Refused(400, f"The issue '{id_or_key}' does not exist.")
        return int(found["id"])

    def _is_subtask(self, issue_id: int) -> bool:
        row = self._issues.require(str(issue_id))
        kind = self._jira.objects.get(ObjectKind.ISSUE_TYPE, row["type_id"])
        return kind is not None and kind.body["hierarchyLevel"] < 0

    def _sprint(self, request: web.Request) -> JiraObject:
        found = self._sprints.get(request.match_info["sprintId"])
        if found is None:
            raise Refused(404, "Sprint does not exist.")
        return found


def _name(body: Body) -> str:
    name = str(body.get("name") or "").strip()
    if not name or len(name) > _LONGEST_NAME:
        raise Refused(400, fields={"name": f"The name must have 1 to {_LONGEST_NAME} characters."})
    return name


def _dates(body: Body) -> Body:
    found: Body = {}
    for name in _DATES:
        if body.get(name):
            try:
                moment = datetime.datetime.fromisoformat(str(body[name]))
            except ValueError as error:
                raise Refused(400, fields={name: "The date is not valid."}) from error
            utc = moment.astimezone(datetime.UTC)
            found[name] = utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z"
        elif name in body:
            found[name] = None
    return found
