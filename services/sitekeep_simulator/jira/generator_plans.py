"""Generated plans: of every state, with all that a plan can name, and with teams."""

from __future__ import annotations

import random
import uuid

from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.objects import Body, ObjectKind
from sitekeep_simulator.jira.plan_bodies import PlanBodies
from sitekeep_simulator.jira.plan_teams import ATLASSIAN, PLAN_ONLY
from sitekeep_simulator.jira.plans import ACTIVE, ARCHIVED, TRASHED
from sitekeep_simulator.jira.state import Jira

_NAMES = ("Roadmap", "„Größe“ & Überblick", "計画 2026", "Roadmap")
_STATES = (ACTIVE, ACTIVE, ARCHIVED, TRASHED)
_SAVED = "2025-10-03T10:15:30Z"
_TEAM = uuid.UUID("00000000-0000-4000-8000-000000000001")


def make_plans(jira: Jira, _chance: random.Random, setting: Setting) -> None:
    """Four plans, two of them of one name, from a source of chance of their own."""
    chance = random.Random("plans")
    jira.objects.add(ObjectKind.TEAM, "Plattform „A“", {"uuid": str(_TEAM)})
    people = [each for each in setting.people if each.active]
    bodies = PlanBodies(jira)
    for number, (name, state) in enumerate(zip(_NAMES, _STATES, strict=True)):
        wanted = _body(jira, setting, chance, number)
        _, kept = bodies.read(wanted | {"name": name}, people[number], by_id=True)
        if number == 1:
            kept["issueSources"].append(_source(jira, "Custom", 4711))
        teams = _teams(jira, chance, [each.account_id for each in people], kept, number)
        begun = {"status": state, "lastSaved": _SAVED, "teams": teams}
        jira.objects.add(ObjectKind.PLAN, name, kept | begun)


def _source(jira: Jira, kind: str, value: int) -> Body:
    return {"id": jira.store.next_id("jira.plan_source"), "type": kind, "value": value}


def _body(jira: Jira, setting: Setting, chance: random.Random, number: int) -> Body:
    """What a request would say of a plan; the first one names nothing beyond a project."""
    project = setting.projects[number % len(setting.projects)]
    body: Body = {
        "issueSources": [{"type": "Project", "value": project.id}],
        "scheduling": {"estimation": ("Days", "Hours", "StoryPoints")[number % 3]},
    }
    if number == 0:
        return body
    date = next(each for each in setting.fields if each.name == "Target date")
    board = chance.choice(jira.objects.all(ObjectKind.BOARD)[:2])
    filters = [each for each in jira.objects.all(ObjectKind.FILTER) if each.body["shares"]]
    body["issueSources"] += [
        {"type": "Board", "value": board.id},
        {"type": "Filter", "value": chance.choice(filters).id},
    ]
    body["scheduling"] |= {
        "dependencies": "Concurrent",
        "inferredDates": ("SprintDates", "ReleaseDates")[number % 2],
        "startDate": {"type": "DateCustomField", "dateCustomFieldId": date.id},
        "endDate": {"type": "DueDate"},
    }
    fields = [{"customFieldId": each.id, "filter": True} for each in setting.fields[:number]]
    return body | _named(jira, setting, project.id) | {"customFields": fields}


def _named(jira: Jira, setting: Setting, project: int) -> Body:
    versions = [each.id for each in jira.objects.all(ObjectKind.VERSION, project)]
    issues = jira.store.rows(
        "SELECT id FROM jira_issue WHERE project_id = ? ORDER BY number LIMIT 2", (project,)
    )
    groups = jira.accounts.groups()
    holders = [
        {"type": "Group", "value": groups[-1].group_id},
        {"type": "AccountId", "value": setting.people[0].account_id},
    ]
    return {
        "leadAccountId": setting.people[1].account_id,
        "exclusionRules": {
            "numberOfDaysToShowCompletedIssues": 50,
            "issueIds": [row["id"] for row in issues],
            "issueTypeIds": [jira.objects.all(ObjectKind.ISSUE_TYPE)[0].id],
            "releaseIds": versions[:1],
            "workStatusCategoryIds": [3],
            "workStatusIds": [jira.objects.all(ObjectKind.STATUS)[0].id],
        },
        "crossProjectReleases": [{"name": "Große „Nummer“", "releaseIds": versions[1:3]}],
        "permissions": [
            {"type": kind, "holder": holder}
            for kind, holder in zip(("View", "Edit"), holders, strict=True)
        ],
    }


def _teams(
    jira: Jira, chance: random.Random, people: list[str], plan: Body, number: int
) -> list[Body]:
    if number not in (1, 2):
        return []
    team: Body = {
        "id": str(jira.store.next_id("jira.plan_team")),
        "type": PLAN_ONLY,
        "name": "Nur „hier“",
        "memberAccountIds": chance.sample(people, 2),
        "planningStyle": "Scrum",
        "sprintLength": 14,
        "capacity": 40.5,
    }
    if number == 1:
        team["issueSourceId"] = plan["issueSources"][0]["id"]
    whole = {"id": str(_TEAM), "type": ATLASSIAN, "name": "Plattform „A“"}
    return [team, whole | {"planningStyle": "Kanban", "capacity": 10.0}]
