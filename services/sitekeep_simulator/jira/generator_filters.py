"""Generated filters: with every kind of id in their queries, and shared with everyone's kind."""

from __future__ import annotations

import random
from collections.abc import Sequence

from sitekeep_simulator.accounts import ADMIN_EMAIL, Account
from sitekeep_simulator.jira.field_contexts import options_of
from sitekeep_simulator.jira.filters import add_filter
from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.state import Jira

_ISSUES_PER_FILTER = 200
_NAMES = (
    "Open bugs",
    "„Größe“ & Überblick",
    "未完了のチケット",
    "  Mine, 100 % ",
    "Open bugs",
    'Say "hello" \\ bye',
)


class FilterMaker:
    """Makes filters. Every draw comes from one source of chance, in one order."""

    def __init__(self, jira: Jira, chance: random.Random, setting: Setting) -> None:
        self._jira = jira
        self._chance = chance
        self._setting = setting
        self._people = [each for each in setting.people if each.active]
        self._fields = {each.name: each for each in setting.fields}

    def make_all(self) -> None:
        """As many as the issues call for, at least twelve."""
        count = max(12, self._setting.issues // _ISSUES_PER_FILTER)
        queries = self._queries()
        made: list[JiraObject] = []
        for number in range(count):
            query = queries[number % len(queries)]
            if number % 7 == 6:
                query = f"filter = {made[-1].id} AND ({query})"
            made.append(self._make(number, query))
        self._forward(made)

    def _forward(self, made: Sequence[JiraObject]) -> None:
        """The first filter names the last one: it can be complete only once that one is there."""
        first = made[0]
        query = f"filter in ({made[-1].id}, {made[1].id}) ORDER BY Rank"
        body = first.body | {"jql": query}
        self._jira.objects.put(JiraObject(first.kind, first.id, first.name, 0, body))

    def _make(self, number: int, query: str) -> JiraObject:
        name = _NAMES[number % len(_NAMES)].strip()
        if number >= len(_NAMES):
            name = f"{name} {number // len(_NAMES)}"
        owner = self._owner(number)
        body: Body = {
            "description": "Zeile 1\nline 2" if number % 3 == 0 else "",
            "shares": self._shares(number),
            "edits": [self._group(number)] if number % 4 == 1 else [],
        }
        if number % 5 == 2:
            body["subscriptions"] = [[number + 1, self._people[0].account_id]]
        return add_filter(self._jira, name, owner.account_id, query, body)

    def _owner(self, number: int) -> Account:
        admin = self._jira.accounts.by_email(ADMIN_EMAIL)
        if number % 3 == 0 and admin is not None:
            return admin
        return self._people[number % len(self._people)]

    def _group(self, number: int) -> Body:
        groups = self._jira.accounts.groups()
        return {"type": "group", "id": groups[number % len(groups)].group_id}

    def _role(self, number: int) -> int:
        roles = self._jira.objects.all(ObjectKind.ROLE)
        return roles[number % len(roles)].id

    def _shares(self, number: int) -> list[Body]:
        project = self._setting.projects[number % len(self._setting.projects)]
        person = self._people[(number * 3) % len(self._people)]
        choices: tuple[list[Body], ...] = (
            [],
            [{"type": "loggedin", "id": ""}],
            [self._group(number), {"type": "project", "id": str(project.id)}],
            [],
            [{"type": "user", "id": person.account_id}, self._group(number + 1)],
            [{"type": "global", "id": ""}],
            [{"type": "project", "id": str(project.id), "role": self._role(number)}],
        )
        # Private filters of others are never shown: only those of the administrator are private.
        return choices[number % 7] or ([] if number % 3 == 0 else [self._group(number)])

    def _queries(self) -> list[str]:
        project = self._setting.projects[0]
        versions = self._jira.objects.all(ObjectKind.VERSION, project.id)
        component = self._jira.objects.all(ObjectKind.COMPONENT, project.id)[1]
        types = {each.name: each for each in self._jira.objects.all(ObjectKind.ISSUE_TYPE)}
        status = self._jira.objects.all(ObjectKind.STATUS)[1]
        severity, points = self._fields["Severity"], self._fields["Story points"]
        options = options_of(self._jira, severity)
        person = self._people[1].account_id
        key = f"{project.key}-{self._first_number(project.id)}"
        issue = self._jira.store.value("SELECT max(id) FROM jira_issue")
        return [
            f'project = "{project.key}" AND resolution is EMPTY ORDER BY cf[{points.id}] DESC',
            f"project = {project.id} AND cf[{severity.id}] in ({options[0].id}, 'Major')",
            f"fixVersion in ({versions[1].id}, '2.0 „Größe“') OR component = {component.id}",
            f"fixVersion = {versions[2].id} AND fixVersion in releasedVersions({project.id})",
            f'"Story points" > 3 AND type = {types["Bug"].id} AND NOT status = {status.id}',
            f"status was not in ({status.id}) AND status changed to {status.id} by {person}",
            f'assignee = "{person}" OR (parent = {key} or issue = {issue}) and labels = "10001"',
            f"cf[{points.id}] = {versions[1].id} and Severity = {options[1].id} order by updated",
            *self._by_access(),
        ]

    def _by_access(self) -> list[str]:
        """Queries that name categories, levels and roles."""
        category = self._jira.objects.all(ObjectKind.CATEGORY)[1]
        level = self._jira.objects.all(ObjectKind.SECURITY_LEVEL)[1]
        role = self._jira.objects.all(ObjectKind.ROLE)[-1]
        return [
            f"category in ({category.id}, 'Kunden & Partner') OR category is EMPTY",
            f"level = {level.id} OR level in ('Intern') ORDER BY created",
            f'project in projectsWhereUserHasRole("{role.name}") AND category != {category.id}',
        ]

    def _first_number(self, project_id: int) -> int:
        number: int = self._jira.store.value(
            "SELECT min(number) FROM jira_issue WHERE project_id = ?", (project_id,)
        )
        return number
