"""The teams of plans: those of the plan alone and those of the organization."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import json_answer, list_in, no_content, read_object
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.plans import PLANS, Plans, cursor_page
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.refusals import Refused

PLAN_ONLY, ATLASSIAN = "PlanOnly", "Atlassian"
_STYLES = ("Scrum", "Kanban")
_SETTINGS = ("planningStyle", "issueSourceId", "sprintLength", "capacity")


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of teams."""
    teams = PlanTeams(jira)
    listed = f"{PLANS}/{{planId}}/team"
    return [
        web.get(listed, teams.all),
        web.post(f"{listed}/planonly", teams.create),
        web.get(f"{listed}/planonly/{{teamId}}", teams.get_plan_only),
        web.post(f"{listed}/atlassian", teams.add),
        web.get(f"{listed}/atlassian/{{teamId}}", teams.get_atlassian),
    ]


class PlanTeams:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._plans = Plans(jira)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET plans/plan/{id}/team."""
        teams: list[Body] = self._plans.found(request).body["teams"]
        beans = [{key: each[key] for key in ("id", "name", "type")} for each in teams]
        return json_answer(self._jira.site, cursor_page(request, beans))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST plans/plan/{id}/team/planonly."""
        plan, body = self._plans.active(request), await read_object(request)
        name = str(body.get("name") or "")
        members: list[Any] = list_in(body, "memberAccountIds")
        unknown = [each for each in members if self._jira.accounts.get(str(each)) is None]
        if not 1 <= len(name) <= 255 or unknown:
            raise Refused(400, f"The name is not valid, or there is nobody such as {unknown}.")
        number = self._jira.store.next_id("jira.plan_team")
        team = {"id": str(number), "type": PLAN_ONLY, "name": name, "memberAccountIds": members}
        self._add(plan, team, body)
        return json_answer(self._jira.site, number, 201)

    async def add(self, request: web.Request) -> web.StreamResponse:
        """POST plans/plan/{id}/team/atlassian: 404 for a team that the organization has not."""
        plan, body = self._plans.active(request), await read_object(request)
        teams = {each.body["uuid"]: each.name for each in self._jira.objects.all(ObjectKind.TEAM)}
        wanted = str(body.get("id"))
        if wanted not in teams:
            raise Refused(404, "The plan or the Atlassian team is not found.")
        self._add(plan, {"id": wanted, "type": ATLASSIAN, "name": teams[wanted]}, body)
        return no_content()

    async def get_plan_only(self, request: web.Request) -> web.StreamResponse:
        """GET plans/plan/{id}/team/planonly/{id}."""
        team = self._team(request, PLAN_ONLY)
        shown = {key: value for key, value in team.items() if key != "type"}
        return json_answer(self._jira.site, shown | {"id": int(team["id"])})

    async def get_atlassian(self, request: web.Request) -> web.StreamResponse:
        """GET plans/plan/{id}/team/atlassian/{id}."""
        team = self._team(request, ATLASSIAN)
        shown = {key: value for key, value in team.items() if key not in ("type", "name")}
        return json_answer(self._jira.site, shown)

    def _add(self, plan: JiraObject, team: Body, body: Body) -> None:
        settings = {key: body[key] for key in _SETTINGS if body.get(key) is not None}
        sources = [each["id"] for each in plan.body["issueSources"]]
        if settings.get("planningStyle") not in _STYLES:
            raise Refused(400, "The planning style is not valid.")
        if settings.get("issueSourceId", *sources[:1]) not in sources:
            raise Refused(400, "The plan has no such issue source.")
        teams: list[Body] = plan.body["teams"]
        if any(each["id"] == team["id"] for each in teams):
            raise Refused(400, "The team is part of the plan already.")
        self._plans.change(plan, teams=[*teams, team | settings])

    def _team(self, request: web.Request, kind: str) -> Body:
        teams: list[Body] = self._plans.found(request).body["teams"]
        wanted = (kind, request.match_info["teamId"])
        found = next((each for each in teams if (each["type"], each["id"]) == wanted), None)
        if found is None:
            raise Refused(404, "The plan or the team is not found.")
        return found
