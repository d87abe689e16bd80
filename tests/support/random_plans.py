"""Random plans: of every state, over whatever a site has, with teams."""

from __future__ import annotations

import uuid

from sitekeep_simulator.jira.objects import ObjectKind
from sitekeep_simulator.jira.state import Jira
from support import random_texts as texts
from support.jira_fakes import API
from support.random_site import Json, RandomSite

PLANS = f"{API}/plans/plan"
ONE = PLANS + "/{plan}"
LONGEST_NAME = 255
_DATES = ("DueDate", "TargetStartDate", "TargetEndDate")


async def plans(site: RandomSite) -> None:
    """Some have one name; some of their sources are gone; in the archive, in the trash."""
    if site.chance.random() < 0.6 or not _staying(site):
        return
    for number in site.some(2):
        name = site.chance.choice((texts.name(site.chance, number), "Same", "x" * LONGEST_NAME))
        body = _body(site) | {"name": name}
        if not body["issueSources"]:
            # No site takes a plan over nothing.
            continue
        plan = str(await site.side.client.post_json(PLANS, body, [("useGroupId", "true")]))
        for _ in site.some(2):
            await _team(site, plan)
        end = site.maybe(("archive", "trash"))
        if end is not None:
            await site.side.client.put_json(f"{ONE}/{end}", None, plan=plan)


def _body(site: RandomSite) -> Json:
    """Only the scheduling is asked for; each other part is there or not."""
    chance = site.chance
    sources: list[Json] = [
        {"type": kind, "value": int(each)}
        for kind, ids in (
            ("Project", list(site.projects.values())),
            ("Board", [board for board, _ in site.boards]),
            ("Filter", site.filters),
        )
        for each in site.sample(ids)
    ]
    first: Json = {"type": "Project", "value": int(chance.choice(_staying(site)))}
    parts: Json = {
        "exclusionRules": _exclusions(site),
        "customFields": [
            {"customFieldId": _number(each), "filter": chance.random() < 0.5}
            for each in site.sample(list(site.fields), 3)
        ],
        "crossProjectReleases": [
            {"name": texts.name(chance, number), "releaseIds": site.sample(_versions(site), 3)}
            for number in site.some(2)
        ],
        "permissions": _permissions(site),
    }
    lead = site.maybe(site.people)
    parts |= {} if lead is None else {"leadAccountId": lead.account_id}
    kept = {key: parts[key] for key in site.sample(list(parts), 5)}
    sources = [first, *(each for each in sources if each != first)]
    return {"issueSources": sources, "scheduling": _scheduling(site), **kept}


def _scheduling(site: RandomSite) -> Json:
    chance = site.chance
    dates = [each for each, (kind, _) in site.fields.items() if kind in ("datepicker", "datetime")]
    kinds: list[Json] = [{"type": each} for each in _DATES]
    kinds += [{"type": "DateCustomField", "dateCustomFieldId": _number(each)} for each in dates]
    whole: Json = {
        "dependencies": chance.choice(("Sequential", "Concurrent")),
        "inferredDates": chance.choice(("None", "SprintDates", "ReleaseDates")),
        "startDate": chance.choice(kinds),
        "endDate": chance.choice(kinds),
    }
    kept = {key: whole[key] for key in site.sample(list(whole), 4)}
    return {"estimation": chance.choice(("StoryPoints", "Days", "Hours")), **kept}


def _exclusions(site: RandomSite) -> Json:
    store = site.side.site.store
    issues = [int(row["id"]) for row in store.rows("SELECT id FROM jira_issue ORDER BY id")]
    statuses = [each.id for each in Jira(site.side.site).objects.all(ObjectKind.STATUS)]
    whole: Json = {
        "numberOfDaysToShowCompletedIssues": site.chance.choice((0, 1, 365)),
        "issueIds": site.sample(issues, 3),
        "issueTypeIds": [int(each) for each in site.sample(list(site.types.values()))],
        "releaseIds": site.sample(_versions(site)),
        "workStatusCategoryIds": site.sample((2, 3, 4), 3),
        "workStatusIds": site.sample(statuses),
    }
    return {key: whole[key] for key in site.sample(list(whole), 6)}


def _permissions(site: RandomSite) -> list[Json]:
    groups = site.side.site.accounts.groups()
    holders: list[Json] = [{"type": "Group", "value": each.group_id} for each in groups]
    holders += [{"type": "AccountId", "value": each.account_id} for each in site.people]
    return [
        {"type": site.chance.choice(("View", "Edit")), "holder": each}
        for each in site.sample(holders, 3)
    ]


async def _team(site: RandomSite, plan: str) -> None:
    """A team of the plan alone, or one of the organization, which both sites know."""
    chance = site.chance
    body: Json = {"planningStyle": chance.choice(("Scrum", "Kanban"))}
    body |= chance.choice(({}, {"sprintLength": 14, "capacity": 37.5}))
    if chance.random() < 0.3:
        name, team = texts.odd(chance), str(uuid.UUID(int=chance.getrandbits(64)))
        Jira(site.side.site).objects.add(ObjectKind.TEAM, name, {"uuid": team})
        await site.post(f"{ONE}/team/atlassian", body | {"id": team}, plan=plan)
        return
    members = [each.account_id for each in site.sample(site.people, 3)]
    body |= {"name": chance.choice((texts.odd(chance), "Same")), "memberAccountIds": members}
    await site.post(f"{ONE}/team/planonly", body, plan=plan)


def _staying(site: RandomSite) -> list[str]:
    """The projects that nobody removes: a site takes no plan without any source."""
    listed = list(site.projects.items())
    # Of several the first one may go into the trash.
    rest = listed[1:] or listed
    return [each for key, each in rest if key != site.configuration.leaving]


def _versions(site: RandomSite) -> list[int]:
    return [int(each) for ids in site.versions.values() for each in ids]


def _number(field: str) -> int:
    return int(field.removeprefix("customfield_"))
