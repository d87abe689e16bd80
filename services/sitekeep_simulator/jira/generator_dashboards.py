"""Generated dashboards: with gadgets that name filters, projects, boards, sprints and fields."""

from __future__ import annotations

import random
from typing import Any

from sitekeep_simulator.accounts import ADMIN_EMAIL
from sitekeep_simulator.jira.dashboards import add_dashboard
from sitekeep_simulator.jira.defaults import ADMINISTRATORS
from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.objects import Body, ObjectKind
from sitekeep_simulator.jira.state import Jira

_GADGETS = "rest/gadgets/1.0/g/com.atlassian.jira.gadgets:"
_NAMES = ("Team wall", "概要 „Größe“", "Team wall", "Numbers & charts", "My own", "Old times")
_COLOURS = ("blue", "red", "cyan", "gray")


class DashboardMaker:
    """Makes dashboards. Every draw comes from one source of chance, in one order."""

    def __init__(self, jira: Jira, chance: random.Random, setting: Setting) -> None:
        self._jira = jira
        self._chance = chance
        self._setting = setting
        self._people = [each.account_id for each in setting.people if each.active]
        admin = jira.accounts.by_email(ADMIN_EMAIL)
        self._admin = admin.account_id if admin is not None else ""

    def make_all(self) -> None:
        """Some for people and some for the administrator, one of them archived."""
        for number, name in enumerate(_NAMES):
            owner = self._admin if number in (0, 4) else self._people[number]
            body: Body = {
                "description": "Was?\nWozu?" if number % 2 else "",
                "shares": self._shares(number),
                "edits": [{"type": "user", "id": self._people[0]}] if number == 3 else [],
                "state": "archived" if number == 5 else "active",
                "gadgets": [self._gadget(number, place) for place in range(1 + number)],
            }
            add_dashboard(self._jira, name, owner, body)

    def _shares(self, number: int) -> list[Body]:
        project = str(self._setting.projects[0].id)
        role = self._jira.objects.named(ObjectKind.ROLE, ADMINISTRATORS)
        if number == 2 and role is not None:
            return [{"type": "project", "id": project, "role": role.id}]
        return [] if number == 4 else [{"type": "loggedin", "id": ""}]

    def _gadget(self, number: int, place: int) -> Body:
        key, settings = self._kinds()[(number + place) % 5]
        module = {"moduleKey": key} if "/" not in key else {"uri": key}
        return {
            "id": self._jira.store.next_id("jira.gadget"),
            **module,
            "title": f"Gadget {place} — „{number}“",
            "color": self._chance.choice(_COLOURS),
            "position": {"column": place % 2, "row": place // 2},
            "properties": settings,
        }

    def _kinds(self) -> list[tuple[str, Any]]:
        objects = self._jira.objects
        project = self._setting.projects[0].id
        found = objects.all(ObjectKind.FILTER)[-1].id
        board = objects.all(ObjectKind.BOARD)[0].id
        sprint = objects.all(ObjectKind.SPRINT)[0].id
        field = f"customfield_{self._setting.fields[2].id}"
        columns = f"issuetype|{field}|summary"
        chart = {"projectOrFilterId": f"filter-{found}", "statType": field, "showTotals": True}
        return [
            (f"{_GADGETS}filter-results-gadget", {"filterId": str(found), "columnNames": columns}),
            ("com.atlassian.jira.gadgets:pie-chart", {"config": chart}),
            (
                "com.pyxis.greenhopper.jira:sprint-burndown",
                {"config": {"rapidViewId": board, "sprintId": str(sprint), "refresh": 15}},
            ),
            (
                f"{_GADGETS}created-vs-resolved",
                {"projectOrFilterId": f"project-{project}", "daysprevious": "30"},
            ),
            (
                "com.example.app:widget",
                {"settings": {"jql": f"project = {project}", "text": "10000 Größen", "n": [1, 2]}},
            ),
        ]
