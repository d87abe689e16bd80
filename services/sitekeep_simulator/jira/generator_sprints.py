"""Generated sprints: closed, active and future ones, on boards and left over from deleted ones."""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence

from sitekeep_simulator.jira.fields import SPRINT_TYPE, product_field
from sitekeep_simulator.jira.filters import add_filter
from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.objects import JiraObject, ObjectKind
from sitekeep_simulator.jira.ranks import Ranks
from sitekeep_simulator.jira.sprints import ACTIVE, CLOSED, FUTURE, Sprints
from sitekeep_simulator.jira.state import Jira

_LENGTH = datetime.timedelta(days=14)
_MOST_PER_SPRINT = 120
_MOST_RANKED = 200
_NAMES = ("Sprint {}", "Größe {} – „neu“", "スプリント {}", "A name of thirty characters {:>2}")


class SprintMaker:
    """Makes sprints and moves issues about. Every draw comes from one source of chance."""

    def __init__(self, jira: Jira, chance: random.Random, setting: Setting) -> None:
        self._jira = jira
        self._chance = chance
        self._setting = setting
        self._sprints = Sprints(jira)
        self._ranks = Ranks(jira)

    def make_all(self, boards: Sequence[JiraObject]) -> None:
        """Some sprints on every board that has any, and one of a board that is gone."""
        scrum = [each for each in boards if each.body["type"] != "kanban"]
        for number, board in enumerate(scrum):
            self._on_board(board.id, board.body["project"], number)
        gone = self._jira.store.next_id("jira.board")
        orphan = self._sprint("Left over", gone, CLOSED, 40)
        issues = self._issues(self._setting.projects[0].id)
        self._sprints.take_in(orphan, issues[:2])
        self._filters(scrum[0], orphan)
        for project in self._setting.projects:
            self._rank(project.id)

    def _filters(self, board: JiraObject, orphan: JiraObject) -> None:
        """Filters that name sprints, which are restored after all filters."""
        owner = self._setting.people[0].account_id
        everyone = {"shares": [{"type": "loggedin", "id": ""}]}
        own = [each for each in self._sprints.all() if each.body["board"] == board.id]
        field = product_field(self._jira, SPRINT_TYPE).id
        for name, query in (
            ("In the sprint", f"sprint in ({own[-1].id}, openSprints()) ORDER BY Rank"),
            ("In the old sprint", f"cf[{field}] = {orphan.id} AND resolution is not EMPTY"),
        ):
            add_filter(self._jira, name, owner, query, everyone)

    def _on_board(self, board: int, project: int | None, number: int) -> None:
        states = [CLOSED, CLOSED, CLOSED, ACTIVE, FUTURE][-3 - 2 * (number % 2) :]
        issues = self._issues(project) if project else []
        for place, state in enumerate(states):
            name = _NAMES[(number + place) % len(_NAMES)].format(place + 1)
            sprint = self._sprint(name, board, state, len(states) - place)
            count = min(len(issues), self._chance.randrange(1, _MOST_PER_SPRINT))
            taken = sorted(self._chance.sample(issues, count // 2 + 1)) if issues else []
            self._take_in(sprint, taken)

    def _take_in(self, sprint: JiraObject, issues: Sequence[int]) -> None:
        """As over the time: an issue stays in the closed ones it was in, and in one open one."""
        if sprint.body["state"] == CLOSED:
            self._jira.store.executemany(
                "INSERT OR IGNORE INTO jira_sprint_issue VALUES (?, ?)",
                [(issue, sprint.id) for issue in issues],
            )
        else:
            self._sprints.take_in(sprint, issues)

    def _sprint(self, name: str, board: int, state: str, age: int) -> JiraObject:
        start = self._setting.end - _LENGTH * age
        body = {"state": state, "goal": "Ship it — 出荷" if age % 2 else ""}
        if state != FUTURE:
            body |= {"startDate": _time(start), "endDate": _time(start + _LENGTH)}
        if state == CLOSED:
            body["completeDate"] = _time(start + _LENGTH + datetime.timedelta(hours=5))
        return self._sprints.add(name, board, body)

    def _issues(self, project: int) -> list[int]:
        """The issues of a project that are no sub-tasks."""
        subtasks = [
            each.id
            for each in self._jira.objects.all(ObjectKind.ISSUE_TYPE)
            if each.body["hierarchyLevel"] < 0
        ]
        rows = self._jira.store.rows(
            "SELECT id, type_id FROM jira_issue WHERE project_id = ? ORDER BY id", (project,)
        )
        return [row["id"] for row in rows if row["type_id"] not in subtasks]

    def _rank(self, project: int) -> None:
        """Somebody has put every tenth issue somewhere else."""
        issues = self._issues(project)
        for issue in issues[: _MOST_RANKED * 10 : 10]:
            other = self._chance.choice(issues)
            if other != issue:
                self._ranks.move([issue], other, after=self._chance.random() < 0.5)


def _time(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
