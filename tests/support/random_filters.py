"""Random filters and dashboards: of every owner, shared with everyone's kind, or with nobody."""

from __future__ import annotations

import msgspec

from sitekeep_shared.atlassian.errors import SiteError
from support import random_texts as texts
from support.jira_fakes import API
from support.random_site import GONE, Json, RandomSite

LONGEST_NAME = 255
_GADGET = "dashboard/{dashboard}/gadget"
_SETTING = f"{API}/dashboard/{{dashboard}}/items/{{gadget}}/properties/{{key}}"


async def filters(site: RandomSite) -> None:
    """Queries with ids and with characters that the query language has a meaning for."""
    for number in site.some(3):
        name = texts.name(site.chance, number)
        name = name.ljust(LONGEST_NAME, "x") if site.chance.random() < 0.1 else name
        body: Json = {"name": name, "jql": _query(site), "description": texts.odd(site.chance)}
        made = await site.post("filter", body | {"sharePermissions": shares(site)})
        site.filters.append(str(made["id"]))


async def late_filters(site: RandomSite) -> None:
    """Filters that name what boards and filters behind them bring, and filters of others."""
    for number in site.some(2):
        terms = [f"sprint = {each}" for each in site.sprints]
        terms += [f'"Sprint" in ({each}, openSprints())' for each in site.sprints]
        query = " OR ".join(site.sample(terms)) or _query(site)
        body: Json = {"name": f"same {number % 2}", "jql": query, "description": ""}
        made = await site.post("filter", body | {"sharePermissions": shares(site)})
        site.filters.append(str(made["id"]))
        await _edit_and_give_away(site, site.filters[-1], body)


async def _edit_and_give_away(site: RandomSite, one: str, body: Json) -> None:
    """A private one that is given away is never seen again; an owner can be gone."""
    client, store = site.side.client, site.side.site.store
    if site.chance.random() < 0.5:
        permissions = {"sharePermissions": shares(site), "editPermissions": shares(site)}
        await client.put_json(f"{API}/filter/{{filter}}", body | permissions, filter=one)
    owner = site.maybe(site.people)
    if owner is not None:
        new = {"accountId": owner.account_id}
        try:
            await client.put_json(f"{API}/filter/{{filter}}/owner", new, filter=one)
        except SiteError:
            # The person has one of that name.
            return
        if site.chance.random() < 0.2:
            store.execute(
                "UPDATE jira_object SET body = json_set(body, '$.owner', ?) "
                "WHERE kind = 'filter' AND id = ?",
                (GONE, int(one)),
            )


def shares(site: RandomSite) -> list[Json]:
    """With everyone, with groups, projects, roles in projects, people; often with nobody."""
    groups: list[Json] = [{"type": "group", "group": {"name": each}} for each in site.groups]
    people: list[Json] = [
        {"type": "user", "user": {"accountId": each.account_id}} for each in site.people
    ]
    projects: list[Json] = [{"id": each} for each in site.projects.values()]
    wholes: list[Json] = [{"type": "project", "project": each} for each in projects]
    roles: list[Json] = [
        {"type": "projectRole", "project": each, "role": {"id": int(role)}}
        for each in projects
        for role in site.roles
    ]
    if site.chance.random() < 0.2:
        return [{"type": site.chance.choice(("global", "authenticated"))}]
    return site.sample([*groups, *people, *wholes, *roles], 3)


def _query(site: RandomSite) -> str:
    chance = site.chance
    quoted = texts.odd(chance, 1).replace("\\", "\\\\").replace('"', '\\"')
    terms = [f'text ~ "{quoted}"', 'labels in (a, "b c")', "assignee = currentUser()"]
    terms += [f"project = {each}" for each in site.projects.values()]
    terms += [f"fixVersion in ({each})" for ids in site.versions.values() for each in ids]
    terms += [
        f"component not in ({each}, EMPTY)" for ids in site.components.values() for each in ids
    ]
    terms += [f"cf[{each.rpartition('_')[2]}] is not EMPTY" for each in site.fields]
    terms += [
        f"cf[{each.rpartition('_')[2]}] in ({', '.join(options)})"
        for each, (_, options) in site.fields.items()
        if options
    ]
    terms += [f"filter = {each}" for each in site.filters]
    terms += [f"issue in linkedIssues({each})" for each in site.issues[:2]]
    terms += [f"assignee was {each.account_id} DURING (2024-01-01, now())" for each in site.people]
    terms += [f"category = {each}" for each in site.categories]
    terms += [f"NOT (issuetype = {each})" for each in list(site.types.values())[:2]]
    query = chance.choice((" AND ", " or ")).join(site.sample(terms, 4))
    return f"{query or 'created > -7d'} ORDER BY key"


async def dashboards(site: RandomSite) -> None:
    """Dashboards with gadgets of apps and of Jira, which show filters, boards and sprints."""
    for number in site.some(2):
        body: Json = {
            "name": site.chance.choice((texts.name(site.chance, number), "Same", "x" * 255)),
            "description": texts.odd(site.chance),
            "editPermissions": shares(site),
            "sharePermissions": shares(site),
        }
        try:
            wall = str((await site.post("dashboard", body))["id"])
        except SiteError:
            # The administrator has one of that name.
            continue
        for row in range(site.chance.choice((0, 1, 4))):
            await _gadget(site, wall, row)
        await _give_dashboard(site, wall)


async def _give_dashboard(site: RandomSite, wall: str) -> None:
    owner = site.maybe(site.people)
    if owner is not None:
        details = {"newOwner": owner.account_id, "autofixName": False}
        body: Json = {"action": "changeOwner", "entityIds": [int(wall)]}
        body |= {"extendAdminPermissions": True, "changeOwnerDetails": details}
        await site.side.client.put_json(f"{API}/dashboard/bulk/edit", body)
    if site.chance.random() < 0.2:
        site.side.site.store.execute(
            "UPDATE jira_object SET body = json_set(body, '$.state', ?) "
            "WHERE kind = 'dashboard' AND id = ?",
            (site.chance.choice(("archived", "deleted")), int(wall)),
        )


async def _gadget(site: RandomSite, wall: str, row: int) -> None:
    module = site.chance.choice(
        ({"uri": "rest/gadgets/1.0/g/results"}, {"moduleKey": "com.example.app:widget"})
    )
    title = site.chance.choice(({"title": texts.line(site.chance)}, {}))
    place = {"color": "red", "position": {"column": row % 2, "row": row}}
    made = await site.post(_GADGET, module | title | place, dashboard=wall)
    gadget = str(made["id"])
    settings = texts.properties(site.chance) if site.chance.random() < 0.3 else []
    for key, value in [*settings, ("config", _settings(site))]:
        content = msgspec.json.encode(value)
        await site.side.client.put_json(_SETTING, content, dashboard=wall, gadget=gadget, key=key)


def _settings(site: RandomSite) -> Json:
    """What gadgets are known to keep: ids by themselves, in texts and in queries."""
    found: Json = {"num": 10, "ü": texts.odd(site.chance), "empty": [], "nothing": None}
    named = (
        ("filterId", site.filters),
        ("projectId", list(site.projects.values())),
        ("rapidViewId", [int(board) for board, _ in site.boards]),
        ("sprintId", site.sprints),
        ("versionIds", [ids for ids in site.versions.values() if ids]),
        ("projectOrFilterId", [f"filter-{each}" for each in site.filters]),
        ("statType", list(site.fields)),
        ("jql", [_query(site)]),
    )
    for name, values in named:
        value = site.maybe(values)
        found |= {} if value is None else {name: value}
    return found
