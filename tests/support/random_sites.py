"""Small random Jira sites: some of every kind, made over REST as people make them.

``PARTS`` is where a new kind comes in: a function that adds some of it to the site, with the
chance that it is given and nothing else, so that one number tells the whole site again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine
from typing import Any

from support import random_texts as texts
from support.jira_fakes import API
from support.random_addresses import addresses
from support.random_archives import (
    archived_issues,
    archived_projects,
    archived_versions,
    trashed_projects,
)
from support.random_assets import assets
from support.random_boards import boards, lost_boards, ranks
from support.random_configuration import permission_schemes, priority_schemes, type_schemes
from support.random_configured import (
    assignments,
    configured_issues,
    configured_projects,
    removals,
    team_managed,
)
from support.random_contexts import contexts
from support.random_details import ONE, details, links, mentions
from support.random_fields import disabled_options, fields, value_of
from support.random_filters import dashboards, filters, late_filters
from support.random_ideas import ideas
from support.random_plans import plans
from support.random_properties import properties
from support.random_screens import default_field_configuration, field_configurations, screens
from support.random_security import levels, security
from support.random_service_desks import desk_changes, organizations, requests, service_desks
from support.random_settings import columns, epics, features, votes
from support.random_site import Json, RandomSite
from support.random_workflows import statuses, workflow_schemes, workflows

PROJECT_TYPES = ("software", "business", "service_desk", "service_desk")
"""Desks more often than others: so much hangs on them."""
ESTIMATES = (
    {"originalEstimate": "1w 2d", "remainingEstimate": "3h"},
    {"originalEstimate": "1m"},
    {"remainingEstimate": "7m"},
)


async def people_and_groups(site: RandomSite) -> None:
    """Some hide their address; one is an app; one will be deactivated."""
    accounts = site.side.site.accounts
    for number in range(site.chance.randint(1, 4)):
        site.people.append(
            accounts.add(
                f"person{number}@example.com",
                texts.name(site.chance, number),
                email_hidden=site.chance.random() < 0.2,
            )
        )
    if site.chance.random() < 0.3:
        accounts.add("bot@example.com", texts.name(site.chance, 9), account_type="app")
    for number in site.some(2):
        name = texts.name(site.chance, number)
        group = await site.post("group", {"name": name})
        accounts.join(group["groupId"], [one.account_id for one in site.sample(site.people, 3)])
        site.groups.append(str(group["name"]))


async def lists(site: RandomSite) -> None:
    """Issue types, priorities, resolutions, link types, categories."""
    chance = site.chance
    for number in site.some(2):
        level = chance.choice((0, -1))
        body = {"name": texts.name(chance, number, 50), "description": texts.odd(chance)}
        await site.post("issuetype", {**body, "hierarchyLevel": level})
        body = {"name": texts.name(chance, number), "description": texts.odd(chance)}
        await site.post("priority", {**body, "statusColor": "#ff0000"})
        body = {"name": texts.name(chance, number), "description": texts.odd(chance)}
        await site.post("resolution", body)
        words = {"inward": texts.odd(chance), "outward": texts.odd(chance)}
        await site.post("issueLinkType", {"name": texts.name(chance, number), **words})
        body = {"name": texts.name(chance, number), "description": texts.odd(chance)}
        made = await site.post("projectCategory", body)
        site.categories.append(int(made["id"]))
    client = site.side.client
    site.types = {each["name"]: each["id"] for each in await client.get_json(f"{API}/issuetype")}
    found = await client.get_json(f"{API}/priority/search")
    site.priorities = [str(each["id"]) for each in found["values"]]
    found = await client.get_json(f"{API}/resolution/search")
    site.resolutions = [str(each["id"]) for each in found["values"]]
    found = await client.get_json(f"{API}/issueLinkType")
    site.link_types = [str(each["name"]) for each in found["issueLinkTypes"]]


async def roles(site: RandomSite) -> None:
    """Roles with default actors."""
    for number in site.some(2):
        name = texts.name(site.chance, number)
        made = await site.post("role", {"name": name, "description": texts.odd(site.chance)})
        site.roles.append(str(made["id"]))
        for person in site.sample(site.active, 1):
            body = {"user": [person.account_id]}
            await site.post("role/{role}/actors", body, role=site.roles[-1])
            site.actors.add((site.roles[-1], person.account_id))


async def schemes(site: RandomSite) -> None:
    """Who hears of issues."""
    for number in site.some(1):
        recipients: list[Json] = [{"notificationType": "CurrentAssignee"}]
        recipients += [{"notificationType": "Group", "parameter": one} for one in site.groups]
        recipients += [{"notificationType": "ProjectRole", "parameter": one} for one in site.roles]
        events = [{"event": {"id": "1"}, "notifications": recipients}]
        body = {"name": texts.name(site.chance, number), "notificationSchemeEvents": events}
        made = await site.post("notificationscheme", body)
        site.schemes["notificationScheme"] = int(made["id"])


async def projects(site: RandomSite) -> None:
    """Projects with versions, components and actors; one of them may hold nothing at all."""
    for number, key in enumerate(
        site.chance.sample(["A1", "ZZ", "KEY"], site.chance.choice((0, 1, 2, 2)))
    ):
        body: Json = {
            "key": key,
            "name": texts.name(site.chance, number),
            "projectTypeKey": site.chance.choice(PROJECT_TYPES),
            "leadAccountId": site.chance.choice(site.active).account_id,
            "description": site.chance.choice((texts.odd(site.chance), "/a/b", None)),
            "url": site.chance.choice((None, "https://example.com/?q=ü#y")),
            "assigneeType": site.chance.choice(("UNASSIGNED", "PROJECT_LEAD")),
            **site.schemes,
        }
        category = site.maybe(site.categories)
        made = await site.post("project", body | ({"categoryId": category} if category else {}))
        site.projects[key] = str(made["id"])
        if body["projectTypeKey"] == "service_desk":
            site.desk_projects.append(key)
        site.versions[key] = [await _version(site, key, each) for each in site.some(2)]
        site.components[key] = [await _component(site, key, each) for each in site.some(2)]
        for role in site.roles:
            people = [one.account_id for one in site.sample(site.outside(role))]
            if people:
                path = "project/{project}/role/{role}"
                await site.post(path, {"user": people}, project=key, role=role)


async def _version(site: RandomSite, key: str, number: int) -> str:
    body = {"name": texts.name(site.chance, number), "projectId": int(site.projects[key])}
    more: tuple[Json, ...] = (
        {"releaseDate": "2024-02-29", "released": True, "description": texts.odd(site.chance)},
        {"startDate": "2024-03-01", "releaseDate": "2023-01-01"},
        {"released": True, "description": ""},
        {},
    )
    made = await site.post("version", {**body, **site.chance.choice(more)})
    return str(made["id"])


async def _component(site: RandomSite, key: str, number: int) -> str:
    body = {"name": texts.name(site.chance, number), "project": key}
    lead = site.maybe(site.active)
    more: Json = {"leadAccountId": lead.account_id} if lead else {}
    more |= site.chance.choice(({}, {"description": texts.odd(site.chance)}))
    more["assigneeType"] = site.chance.choice(
        ("PROJECT_DEFAULT", "COMPONENT_LEAD", "PROJECT_LEAD", "UNASSIGNED")
    )
    return str((await site.post("component", {**body, **more}))["id"])


async def issues(site: RandomSite) -> None:
    """Issues with gaps between them, parents before and behind their children."""
    for key in site.projects:
        made = [await _issue(site, key) for _ in range(site.chance.choice((0, 3, 6)))]
        for gone in site.sample(made, 2):
            made.remove(gone)
            await site.side.client.delete(ONE, issue=gone)
        above = [await _issue(site, key, "Epic") for _ in made[:1]]
        for child in site.sample(made, 2):
            edit: Json = {"fields": {"parent": {"key": above[0]}}}
            await site.side.client.put_json(ONE, edit, issue=child)
        for parent in site.sample(made, 2):
            made.append(await _issue(site, key, "Sub-task", parent={"key": parent}))
            site.parents[made[-1]] = parent
        site.epics += above
        site.issues += [*made, *above]


async def _issue(site: RandomSite, key: str, kind: str = "", **more: Json) -> str:
    body: Json = {
        "project": {"key": key},
        "issuetype": {"id": site.types[kind or site.chance.choice(("Task", "Bug", "Story"))]},
        "summary": texts.line(site.chance),
        **more,
    }
    for name, value in _values(site, key).items():
        if value not in (None, []):
            body[name] = value
    return str((await site.post("issue", {"fields": body}))["key"])


def _values(site: RandomSite, key: str) -> Json:
    chance = site.chance
    assignee, reporter = site.maybe(site.active), site.maybe(site.active)
    priority = site.maybe(site.priorities)
    found: Json = {
        "description": texts.text(chance),
        "environment": texts.text(chance),
        "labels": [f"l-{each}" for each in site.sample(("ä", "世界", "x.y", "🙂"))],
        "duedate": site.maybe(("2024-02-29", "1999-12-31")),
        "priority": {"id": priority} if priority else None,
        "assignee": {"accountId": assignee.account_id} if assignee else None,
        "reporter": {"accountId": reporter.account_id} if reporter else None,
        "fixVersions": [{"id": each} for each in site.sample(site.versions[key])],
        "versions": [{"id": each} for each in site.sample(site.versions[key])],
        "components": [{"id": each} for each in site.sample(site.components[key])],
        "timetracking": site.maybe(ESTIMATES),
    }
    return found | {name: value_of(site, key, *field) for name, field in site.fields.items()}


async def late_parents(site: RandomSite) -> None:
    """A sub-task with a lower number than its parent, as moves leave them."""
    store = site.side.site.store
    for key in site.projects:
        mine = [each for each in site.issues if each.startswith(f"{key}-")]
        listed = ", ".join(f"'{site.types[each]}'" for each in ("Task", "Bug", "Story"))
        last = store.row(
            f"SELECT id, number FROM jira_issue WHERE project_id = ? AND type_id IN ({listed}) "
            "ORDER BY number DESC",
            (int(site.projects[key]),),
        )
        child = store.row(
            "SELECT id, number FROM jira_issue WHERE project_id = ? AND type_id = ? "
            "ORDER BY number",
            (int(site.projects[key]), int(site.types["Sub-task"])),
        )
        if mine and last and child and site.chance.random() < 0.5:
            # A sub-task has the level of its parent.
            level = "(SELECT json_extract(fields, '$.security') FROM jira_issue WHERE id = ?1)"
            store.execute(
                "UPDATE jira_issue SET parent_id = ?1, "
                f"fields = json_set(fields, '$.security', {level}) WHERE id = ?2",
                (last["id"], child["id"]),
            )
    store.execute("DELETE FROM jira_rendered")


async def deactivations(site: RandomSite) -> None:
    """Somebody leaves."""
    if len(site.people) > 1 and site.chance.random() < 0.4:
        one = site.chance.choice(site.people)
        site.side.site.accounts.set_active(one.account_id, False)


Part = Callable[[RandomSite], Coroutine[Any, Any, None]]
PARTS: list[Part] = [
    people_and_groups,
    lists,
    fields,
    roles,
    schemes,
    security,
    type_schemes,
    priority_schemes,
    permission_schemes,
    projects,
    statuses,
    workflows,
    workflow_schemes,
    configured_projects,
    contexts,
    screens,
    field_configurations,
    organizations,
    service_desks,
    issues,
    configured_issues,
    team_managed,
    requests,
    assets,
    levels,
    details,
    links,
    mentions,
    addresses,
    ideas,
    filters,
    boards,
    late_filters,
    dashboards,
    ranks,
    features,
    epics,
    votes,
    columns,
    plans,
    properties,
    late_parents,
    lost_boards,
    disabled_options,
    default_field_configuration,
    assignments,
    desk_changes,
    archived_versions,
    archived_issues,
    removals,
    archived_projects,
    trashed_projects,
    deactivations,
]
"""What a site is made of, in this order. A new kind adds its own function behind the issues."""


async def fill(site: RandomSite) -> None:
    """Everything; each part has a source of chance of its own, so that none changes another."""
    seed = site.chance.getrandbits(64)
    for part in PARTS:
        site.chance = random.Random(f"{seed}/{part.__name__}")
        await part(site)
