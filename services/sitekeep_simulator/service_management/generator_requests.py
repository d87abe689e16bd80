"""Generated requests: issues of desks, with what only requests have."""

from __future__ import annotations

import dataclasses
import datetime
import random
from collections.abc import Sequence
from typing import Any

import msgspec

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.bulk_rows import BulkRows
from sitekeep_simulator.jira.generator_issues import IssueMaker, Setting
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.rendering import INTERNAL
from sitekeep_simulator.jira.state import Jira, instant_of
from sitekeep_simulator.service_management.beans import date_bean, person_bean
from sitekeep_simulator.service_management.fields import (
    APPROVALS,
    ORGANIZATIONS,
    PARTICIPANTS,
    REQUEST_TYPE,
    SATISFACTION,
    SATISFACTION_DATE,
    SLA,
    TO_RESOLUTION,
    TO_RESPONSE,
    service_field,
)
from sitekeep_simulator.store import Row

_FEWEST = 9
_ONE_IN = 40
"""So many issues of the whole site to one request."""
_FIRST = 12
"""The first of the numbers: those below it stand for issues with hundreds of comments."""
_HOUR = 3_600_000


class RequestMaker:
    """Makes requests. Every draw comes from one source of chance, in one order."""

    def __init__(self, jira: Jira, chance: random.Random, setting: Setting) -> None:
        self._jira = jira
        self._chance = chance
        self._setting = setting
        self._people = [each for each in setting.people if each.active]

    def make_all(
        self, desks: Sequence[tuple[Project, JiraObject]], customers: Sequence[Account]
    ) -> None:
        """Issues in the projects of the desks; most of them are requests."""
        count = max(_FEWEST, self._setting.issues // _ONE_IN)
        projects = [project for project, _ in desks]
        setting = dataclasses.replace(
            self._setting, people=self._people, projects=projects, issues=count + _FIRST
        )
        rows = BulkRows(self._jira.store)
        maker = IssueMaker(self._jira, self._chance, setting, rows)
        for number in range(_FIRST, _FIRST + count):
            maker.make(number)
        rows.flush()
        maker.finish()
        rows.flush()
        for project, desk in desks:
            self._bind_all(project, desk, customers)

    def _bind_all(self, project: Project, desk: JiraObject, customers: Sequence[Account]) -> None:
        types = self._jira.objects.all(ObjectKind.REQUEST_TYPE, desk.id)
        by_issue_type = {each.body["issueTypeId"]: each for each in types}
        rows = self._jira.store.rows(
            "SELECT * FROM jira_issue WHERE project_id = ? ORDER BY number", (project.id,)
        )
        for place, row in enumerate(rows):
            kind = by_issue_type.get(row["type_id"])
            if kind is not None and place % 5 != 4:
                self._bind(row, kind, desk, customers, project)
        self._hide_comments(project)

    def _bind(
        self,
        row: Row,
        kind: JiraObject,
        desk: JiraObject,
        customers: Sequence[Account],
        project: Project,
    ) -> None:
        chance = self._chance
        people = [*self._people[:6], *customers]
        organizations: list[int] = desk.body["organizations"]
        fields: Body = msgspec.json.decode(row["fields"])
        values: Body = {
            self._key(REQUEST_TYPE): kind.id,
            self._key(PARTICIPANTS): [
                each.account_id for each in chance.sample(people, chance.randrange(4))
            ]
            or None,
            self._key(ORGANIZATIONS): sorted(chance.sample(organizations, chance.randrange(3)))
            or None,
        }
        values |= self._measured(row, f"{project.key}-{row['number']}")
        if chance.random() < 0.5:
            fields["reporter"] = chance.choice(customers).account_id
        self._jira.store.execute(
            "UPDATE jira_issue SET fields = ? WHERE id = ?",
            (msgspec.json.encode(fields | values).decode(), row["id"]),
        )

    def _measured(self, row: Row, key: str) -> Body:
        """What nobody can write: goals, approvals, how content the customer was."""
        chance = self._chance
        values: Body = {
            self._key(SLA, name): self._agreement(number, name, row)
            for number, name in enumerate((TO_RESOLUTION, TO_RESPONSE), 1)
        }
        if chance.random() < 0.5:
            values[self._key(APPROVALS)] = [self._approval(row, key)]
        if chance.random() < 0.5:
            values[self._key(SATISFACTION)] = {"rating": chance.randint(1, 5)}
            values[self._key(SATISFACTION_DATE)] = row["created"]
        return values

    def _agreement(self, number: int, name: str, row: Row) -> Body:
        began = instant_of(row["created"])
        spent = self._chance.randint(1, 9) * _HOUR
        goal = 4 * _HOUR
        cycle: Body = {
            "startTime": date_bean(began.isoformat()),
            "breachTime": date_bean((began + datetime.timedelta(milliseconds=goal)).isoformat()),
            "breached": spent > goal,
            "goalDuration": _duration(goal),
            "elapsedTime": _duration(spent),
            "remainingTime": _duration(goal - spent),
        }
        ended = began + datetime.timedelta(milliseconds=spent)
        agreement: Body = {
            "id": str(number),
            "name": name,
            "_links": {"self": self._jira.url(f"/sla/{row['id']}/{number}")},
            "completedCycles": [],
        }
        if self._chance.random() < 0.6:
            cycle["stopTime"] = date_bean(ended.isoformat())
            return agreement | {"completedCycles": [cycle]}
        return agreement | {"ongoingCycle": cycle | {"paused": False, "withinCalendarHours": True}}

    def _approval(self, row: Row, key: str) -> Body:
        decision = self._chance.choice(("approved", "declined", "pending"))
        approvers = [
            {"approver": person_bean(self._jira, each), "approverDecision": decision}
            for each in self._chance.sample(self._people, 2)
        ]
        began = instant_of(row["created"]).isoformat()
        return {
            "id": str(row["id"] % 10_000),
            "name": f"Freigabe für {key}",
            "finalDecision": decision,
            "canAnswerApproval": False,
            "approvers": approvers,
            "createdDate": date_bean(began),
        }

    def _hide_comments(self, project: Project) -> None:
        """Makes every third comment an internal one."""
        properties: list[Any] = [{"key": INTERNAL, "value": {"internal": True}}]
        self._jira.store.execute(
            "UPDATE jira_comment SET properties = ? WHERE id % 3 = 0 AND issue_id IN "
            "(SELECT id FROM jira_issue WHERE project_id = ?)",
            (msgspec.json.encode(properties).decode(), project.id),
        )

    def _key(self, full_type: str, name: str = "") -> str:
        field = service_field(self._jira, full_type, name)
        return f"customfield_{field.id}" if field else ""


def _duration(milliseconds: int) -> Body:
    hours = milliseconds // _HOUR
    return {"millis": milliseconds, "friendly": f"{hours}h"}
