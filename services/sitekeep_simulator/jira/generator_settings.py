"""Generated odds and ends that people set: features, columns, epics, the administrator's votes."""

from __future__ import annotations

import dataclasses
import random

from sitekeep_simulator.accounts import ADMIN_EMAIL
from sitekeep_simulator.jira.features import DISABLED, ENABLED
from sitekeep_simulator.jira.filter_columns import COLUMNS
from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.objects import ObjectKind
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.state import Jira

_NAMES = ("Große Sache", "エピック & mehr", "  Spaces  ", "An epic's short name")
_LIST = ("issuekey", "summary", "status", "assignee")
_MOST_VOTES = 3


def make_settings(jira: Jira, _: random.Random, setting: Setting) -> None:
    """Everything, from a source of chance of its own."""
    chance = random.Random("settings")
    for number, project in enumerate(setting.projects):
        found = Projects(jira).visible(str(project.id))
        states = {"jsw.classic.deployments": ENABLED}
        states |= {"jsw.classic.pages": ENABLED, "jsw.classic.roadmap": DISABLED}
        some = dict(list(states.items())[: 1 + number % 3])
        Projects(jira).change(found, body=found.body | {"features": some})
    _columns(jira, setting)
    _epics(jira, chance)
    _votes(jira)


def _columns(jira: Jira, setting: Setting) -> None:
    """Every third filter has columns, some of them fields of the site's own."""
    fields = [f"customfield_{each.id}" for each in setting.fields]
    for number, found in enumerate(jira.objects.all(ObjectKind.FILTER)[::3]):
        columns = [*_LIST[: 1 + number % 4], *fields[number % 3 : number % 5]]
        jira.objects.put(dataclasses.replace(found, body=found.body | {COLUMNS: columns}))


def _epics(jira: Jira, chance: random.Random) -> None:
    """Two epics of three have been given a name, a colour or an end."""
    rows = jira.store.rows(
        "SELECT i.id FROM jira_issue i JOIN jira_object t ON t.kind = 'issue_type' AND "
        "t.id = i.type_id WHERE json_extract(t.body, '$.hierarchyLevel') = 1 ORDER BY i.id"
    )
    for row in rows:
        if chance.random() < 0.67:
            colour = f"color_{chance.randrange(1, 15)}"
            values = (row["id"], chance.choice(_NAMES), colour, chance.random() < 0.4)
            jira.store.execute("INSERT INTO jira_epic VALUES (?, ?, ?, ?)", values)


def _votes(jira: Jira) -> None:
    """The administrator has voted for a few open issues of others."""
    admin = jira.accounts.by_email(ADMIN_EMAIL)
    if admin is not None:
        jira.store.execute(
            "INSERT OR IGNORE INTO jira_vote SELECT id, ?1 FROM jira_issue "
            "WHERE json_extract(fields, '$.resolution') IS NULL "
            "AND json_extract(fields, '$.reporter') IS NOT ?1 ORDER BY id LIMIT ?2",
            (admin.account_id, _MOST_VOTES),
        )
