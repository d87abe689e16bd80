"""Generated ideas: with ratings, intervals, votes, comments and the issues that deliver them."""

from __future__ import annotations

import datetime
import random
from typing import Any

import msgspec

from sitekeep_simulator.jira import generator_texts as texts
from sitekeep_simulator.jira.field_contexts import options_of
from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.state import Jira, jira_time
from sitekeep_simulator.product_discovery.projects import (
    DiscoveryProject,
    add_delivery_link,
    add_discovery_project,
)

IDEAS = ("Dunkler Modus — „endlich“", "音声で検索する", "Export\tas <CSV> & more", "🚀 Faster")
_KEY = "IDEA"


def make_ideas(jira: Jira, chance: random.Random, setting: Setting) -> None:
    """A project of ideas; every draw comes from a source of chance of its own."""
    own = random.Random(f"ideas/{chance.random()}")
    made = add_discovery_project(jira, _KEY, "Ideen & Wünsche", setting.people[0].account_id)
    for number, summary in enumerate(IDEAS, 1):
        issue = _idea(jira, own, setting, made, number, summary)
        _surroundings(jira, own, setting, issue)
    jira.store.execute(
        "UPDATE jira_project SET counter = ? WHERE id = ?", (len(IDEAS), made.project.id)
    )


def _idea(
    jira: Jira,
    chance: random.Random,
    setting: Setting,
    made: DiscoveryProject,
    number: int,
    summary: str,
) -> int:
    issue = jira.store.next_id("jira.issue")
    moment = jira_time(setting.start + datetime.timedelta(days=number))
    status = chance.choice(made.statuses)
    fields: Body = {"summary": summary, "creator": setting.people[number].account_id, "labels": []}
    fields |= {"reporter": setting.people[number].account_id, "priority": None}
    fields |= {"description": texts.document(texts.paragraph(texts.text(texts.sentence(chance))))}
    jira.store.execute(
        "INSERT INTO jira_issue VALUES (?, ?, ?, ?, ?, NULL, ?, ?, ?)",
        (
            *(issue, made.project.id, number, made.idea.id, status.id, moment, moment),
            msgspec.json.encode(fields | _values(jira, chance, made, number)).decode(),
        ),
    )
    return issue


def _values(
    jira: Jira, chance: random.Random, made: DiscoveryProject, number: int
) -> dict[str, Any]:
    """Impact, interval, score, insights, goal and themes, in the order of the project's fields."""
    interval = {"start": f"2025-0{number}-01", "end": f"2025-0{number}-28"}
    goals, themes = ([each.id for each in options_of(jira, field)] for field in made.fields[4:])
    numbers = (chance.randint(1, 5), msgspec.json.encode(interval).decode(), 7.5, number)
    values = (*numbers, goals[number % len(goals)], themes[: number % 3] or None)
    return {
        f"customfield_{field.id}": value for field, value in zip(made.fields, values, strict=True)
    }


def _surroundings(jira: Jira, chance: random.Random, setting: Setting, issue: int) -> None:
    """A vote, a comment, and an issue of another project that delivers the idea."""
    person = chance.choice(setting.people).account_id
    jira.store.execute("INSERT INTO jira_vote VALUES (?, ?)", (issue, person))
    body = texts.document(texts.paragraph(texts.text(texts.sentence(chance))))
    text, moment = msgspec.json.encode(body).decode(), jira_time(setting.end)
    comment = jira.store.next_id("jira.comment")
    jira.store.execute(
        "INSERT INTO jira_comment VALUES (?, ?, ?, ?, ?, ?, ?, NULL, '[]')",
        (comment, issue, person, person, moment, moment, text),
    )
    delivery = jira.store.value(
        "SELECT id FROM jira_issue WHERE project_id = ? ORDER BY id", (setting.projects[0].id,)
    )
    if delivery is not None:
        link = jira.store.next_id("jira.link")
        values = (link, add_delivery_link(jira).id, delivery, issue)
        jira.store.execute("INSERT INTO jira_link VALUES (?, ?, ?, ?)", values)
