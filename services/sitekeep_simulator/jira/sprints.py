"""Sprints: their table, who is in them, their JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.state import AGILE, Jira

FUTURE, ACTIVE, CLOSED = "future", "active", "closed"
_DATES = ("startDate", "endDate", "completeDate")


class Sprints:
    """The table of the sprints."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    def all(self) -> list[JiraObject]:
        """Every sprint by id."""
        return self._jira.objects.all(ObjectKind.SPRINT)

    def get(self, wanted: int | str) -> JiraObject | None:
        """The sprint with that id, or None."""
        return self._jira.objects.get(ObjectKind.SPRINT, wanted)

    def add(self, name: str, board: int, body: Body) -> JiraObject:
        """Stores a sprint without any check; it is a future one unless the body says else."""
        begun = {"board": board, "state": FUTURE, "goal": "", "createdDate": self._jira.now()}
        return self._jira.objects.add(ObjectKind.SPRINT, name, begun | body)

    def change(self, sprint: JiraObject, name: str, body: Body) -> JiraObject:
        """Stores a changed sprint and has its issues rendered anew."""
        changed = dataclasses.replace(sprint, name=name, body=sprint.body | body)
        self._jira.objects.put(changed)
        self._stale(sprint.id)
        return changed

    def remove(self, sprint: JiraObject) -> None:
        """Removes a sprint; its issues stay."""
        self._stale(sprint.id)
        self._jira.store.execute("DELETE FROM jira_sprint_issue WHERE sprint_id = ?", (sprint.id,))
        self._jira.objects.remove(sprint)

    def take_in(self, sprint: JiraObject, issue_ids: Sequence[int]) -> None:
        """Puts issues into a sprint, out of any other one that is not closed."""
        self.take_out(issue_ids)
        self._jira.store.executemany(
            "INSERT OR IGNORE INTO jira_sprint_issue VALUES (?, ?)",
            [(issue_id, sprint.id) for issue_id in issue_ids],
        )
        self._stale(sprint.id)

    def take_out(self, issue_ids: Sequence[int]) -> None:
        """Takes issues out of the sprint that is not closed, into the backlog."""
        unfinished = [each for each in self.all() if each.body["state"] != CLOSED]
        for sprint in unfinished:
            self._stale(sprint.id)
            self._jira.store.executemany(
                "DELETE FROM jira_sprint_issue WHERE issue_id = ? AND sprint_id = ?",
                [(issue_id, sprint.id) for issue_id in issue_ids],
            )

    def count(self, sprint: JiraObject) -> int:
        """How many issues are in a sprint."""
        return int(
            self._jira.store.value(
                "SELECT count(*) FROM jira_sprint_issue WHERE sprint_id = ?", (sprint.id,)
            )
        )

    def _stale(self, sprint_id: int) -> None:
        inside = "SELECT issue_id FROM jira_sprint_issue WHERE sprint_id = ?1"
        self._jira.store.execute(
            f"DELETE FROM jira_rendered WHERE issue_id IN ({inside}) OR issue_id IN "
            f"(SELECT id FROM jira_issue WHERE parent_id IN ({inside}))",
            (sprint_id,),
        )


def sprint_bean(jira: Jira, sprint: JiraObject) -> Body:
    """A sprint, as the Agile API shows it."""
    body = sprint.body
    bean: Body = {
        "id": sprint.id,
        "self": f"{jira.site.placeholder}{AGILE}/sprint/{sprint.id}",
        "state": body["state"],
        "name": sprint.name,
        "createdDate": body["createdDate"],
        "originBoardId": body["board"],
        "goal": body["goal"],
    }
    return bean | {name: body[name] for name in _DATES if body.get(name)}


def sprint_value(sprint: JiraObject) -> Body:
    """A sprint, as the field of an issue shows it."""
    body = sprint.body
    value: Body = {
        "id": sprint.id,
        "name": sprint.name,
        "state": body["state"],
        "boardId": body["board"],
        "goal": body["goal"],
    }
    return value | {name: body[name] for name in _DATES if body.get(name)}
