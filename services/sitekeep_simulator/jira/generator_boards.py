"""Generated boards: of every type, in projects and of people, with columns of their own."""

from __future__ import annotations

import random

from sitekeep_simulator.accounts import ADMIN_EMAIL
from sitekeep_simulator.jira.boards import add_board
from sitekeep_simulator.jira.filters import add_filter
from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.state import Jira


class BoardMaker:
    """Makes boards. Every draw comes from one source of chance, in one order."""

    def __init__(self, jira: Jira, chance: random.Random, setting: Setting) -> None:
        self._jira = jira
        self._chance = chance
        self._setting = setting
        admin = jira.accounts.by_email(ADMIN_EMAIL)
        self._admin = admin.account_id if admin is not None else ""
        self._people = [each.account_id for each in setting.people if each.active]

    def make_all(self) -> list[JiraObject]:
        """Two boards a project with a filter of their own, and some odd ones."""
        made: list[JiraObject] = []
        for project in self._setting.projects:
            found = self._filter(project)
            made.append(self._board(f"{project.key} board", "scrum", found, project))
            made.append(self._board(f"{project.key} „Wartung“ & mehr", "kanban", found, project))
        return [*made, *self._odd_ones()]

    def _odd_ones(self) -> list[JiraObject]:
        project = self._setting.projects[-1]
        found = self._filter(project, " (again)")
        person, owner = self._people[0], self._people[1]
        return [
            self._board("看板", "kanban", found, None, user=self._admin),
            self._board("Somebody's", "kanban", found, None, user=person),
            # Two boards of one name on one filter: nothing but their ids tells them apart.
            self._board("Twice", "scrum", found, project, admins=[owner]),
            self._board("Twice", "scrum", found, project, admins=[owner]),
            self._board("Team's own", "simple", found, project, sprints=True),
        ]

    def _filter(self, project: Project, more: str = "") -> JiraObject:
        share: Body = {"type": "project", "id": str(project.id)}
        query = f"project = {project.id} ORDER BY Rank ASC"
        name = f"Filter for {project.key} board{more}"
        return add_filter(self._jira, name, self._admin, query, {"shares": [share]})

    def _board(
        self, name: str, kind: str, found: JiraObject, project: Project | None, **body: object
    ) -> JiraObject:
        place: Body = {"project": project.id if project is not None else None}
        admins = {"admins": [self._chance.choice(self._people)]}
        return add_board(
            self._jira, name, kind, found.id, place | admins | self._own_columns() | body
        )

    def _own_columns(self) -> Body:
        if self._chance.random() < 0.4:
            return {}
        columns = [
            {"name": f"→ {each.name}", "statuses": [each.id], "max": number + 3}
            for number, each in enumerate(self._jira.objects.all(ObjectKind.STATUS))
        ]
        mine = {"name": "Mine", "jql": "assignee = currentUser()", "description": "d"}
        return {"columns": columns, "quick_filters": [mine]}
