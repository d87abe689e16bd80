"""Epics, as Jira Software sees them: their name, colour and whether they are done."""

from __future__ import annotations

import msgspec
from aiohttp import web

from sitekeep_simulator.answers import caller, json_answer, object_in, read_object
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body, ObjectKind
from sitekeep_simulator.jira.permissions import Permissions
from sitekeep_simulator.jira.sprint_access import SprintAccess
from sitekeep_simulator.jira.state import AGILE
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row

_EPIC_LEVEL = 1
_COLOURS = frozenset(f"color_{number}" for number in range(1, 15))
_FIRST_COLOUR = "color_1"


def routes(issues: Issues) -> list[web.RouteDef]:
    """The routes of epics."""
    epics = Epics(issues)
    one = f"{AGILE}/epic/{{epicIdOrKey}}"
    return [web.get(one, epics.get), web.post(one, epics.change)]


class Epics:
    """Handlers. Nobody has to say anything of an epic: it has a name and a colour all the same."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._jira = issues.jira
        self._permissions = Permissions(issues.jira)
        self._access = SprintAccess(issues)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET epic/{id}: not of team-managed projects."""
        return json_answer(self._jira.site, self._bean(self._epic(request)))

    async def change(self, request: web.Request) -> web.StreamResponse:
        """POST epic/{id}: what the body does not name stays."""
        epic, body = self._epic(request), await read_object(request)
        self._access.check_issues(caller(request), [epic["id"]], "EDIT_ISSUES")
        now = self._bean(epic)
        colour = object_in(body, "color").get("key", now["color"]["key"])
        if colour not in _COLOURS or not isinstance(body.get("done", False), bool):
            raise Refused(400, "The colour or the state of the epic is not valid.")
        name, done = str(body.get("name", now["name"])), bool(body.get("done", now["done"]))
        self._jira.store.execute(
            "INSERT OR REPLACE INTO jira_epic VALUES (?, ?, ?, ?)", (epic["id"], name, colour, done)
        )
        return json_answer(self._jira.site, self._bean(epic))

    def _epic(self, request: web.Request) -> Row:
        issue = self._issues.find(request.match_info["epicIdOrKey"])
        if issue is None or not self._permissions.may_see(caller(request), issue):
            raise Refused(404, "The requested epic does not exist or is not shown to you.")
        kind = self._jira.objects.get(ObjectKind.ISSUE_TYPE, issue["type_id"])
        project = self._issues.projects.visible(str(issue["project_id"]))
        is_epic = kind is not None and kind.body["hierarchyLevel"] == _EPIC_LEVEL
        if not is_epic or project.body["style"] == "next-gen":
            raise Refused(404, "The issue is no epic of a company-managed project.")
        return issue

    def _bean(self, epic: Row) -> Body:
        fields: Body = msgspec.json.decode(epic["fields"])
        said = self._jira.store.row("SELECT * FROM jira_epic WHERE issue_id = ?", (epic["id"],))
        summary = str(fields.get("summary") or "")
        return {
            "id": epic["id"],
            "key": epic["key"],
            "self": f"{self._jira.site.placeholder}{AGILE}/epic/{epic['id']}",
            "name": summary if said is None else said["name"],
            "summary": summary,
            "color": {"key": _FIRST_COLOUR if said is None else said["color"]},
            "done": bool(said is not None and said["done"]),
        }
