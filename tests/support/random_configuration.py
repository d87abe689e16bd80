"""Which types, priorities and permissions the issues of random sites have: their schemes."""

from __future__ import annotations

from collections.abc import Iterator

from sitekeep_simulator.jira.permissions import PERMISSIONS
from support import random_texts as texts
from support.jira_fakes import API
from support.random_site import Json, RandomSite

LONGEST_NAME, LONGEST_TEXT = 255, 4000
_OF_A_BACKUP = ("BROWSE_PROJECTS", "VIEW_VOTERS_AND_WATCHERS", "ADMINISTER_PROJECTS")
"""Without them a backup names what it does not see: that is shown elsewhere."""


def names(site: RandomSite, count: int) -> list[str]:
    """Names that may be as long as a site takes them, or that no case makes equal."""
    made = [texts.name(site.chance, number) for number in range(count)]
    if count > 1 and site.has(0.3):
        made[:2] = [f"{made[0]} ß", f"{made[0]} ss"]
    if made and site.has(0.1):
        made[-1] = f"{'ß' * (LONGEST_NAME - len(made[-1]))}{made[-1]}"
    return made


async def type_schemes(site: RandomSite) -> None:
    """Some types in any order, one of them standard; with a default type or none."""
    if not site.has():
        return
    chance = site.chance
    for name in names(site, chance.randint(1, 2)):
        chosen = chance.sample(list(site.types.values()), chance.randint(0, len(site.types)))
        standard = site.types[chance.choice(("Task", "Bug", "Story"))]
        chosen = list(dict.fromkeys([*chosen, standard]))
        body: Json = {"name": name, "issueTypeIds": chosen}
        if site.has(0.5):
            body["defaultIssueTypeId"] = chance.choice(chosen)
        if site.has(0.7):
            body["description"] = texts.odd(chance, 9)[:LONGEST_TEXT]
        made = await site.post("issuetypescheme", body)
        site.configuration.type_schemes[str(made["issueTypeSchemeId"])] = chosen


async def priority_schemes(site: RandomSite) -> None:
    """Some priorities in any order, of which one is the default."""
    if not site.has():
        return
    chance = site.chance
    for name in names(site, chance.randint(1, 2)):
        chosen = chance.sample(site.priorities, chance.randint(1, len(site.priorities)))
        body: Json = {
            "name": name,
            "description": texts.odd(chance) if site.has(0.7) else "",
            "priorityIds": [int(each) for each in chosen],
            "defaultPriorityId": int(chance.choice(chosen)),
        }
        made = await site.post("priorityscheme", body)
        site.configuration.priority_schemes[str(made["id"])] = chosen


async def permission_schemes(site: RandomSite) -> None:
    """Grants to holders of every type, to many or to few; one may grant nothing at all."""
    if not site.has():
        return
    chance, holders = site.chance, await _holders(site)
    for name in names(site, chance.randint(1, 2)):
        grants = [*_grants(site, holders)]
        if site.has(0.8):
            grants += [_grant(each, {"type": "applicationRole"}) for each in _OF_A_BACKUP]
        body: Json = {"name": name, "permissions": _once(grants)}
        if site.has(0.7):
            body["description"] = texts.odd(chance)
        made = await site.post("permissionscheme", body)
        if {each["permission"] for each in grants} >= set(_OF_A_BACKUP) and grants:
            site.configuration.permission_schemes.append(str(made["id"]))


def _grants(site: RandomSite, holders: list[Json]) -> Iterator[Json]:
    for permission in site.chance.sample(sorted(PERMISSIONS), site.chance.choice((0, 3, 20))):
        if permission not in _OF_A_BACKUP:
            yield from (_grant(permission, each) for each in site.sample(holders, 4))


def _grant(permission: str, holder: Json) -> Json:
    return {"permission": permission, "holder": holder}


def _once(grants: list[Json]) -> list[Json]:
    return [each for place, each in enumerate(grants) if each not in grants[:place]]


async def _holders(site: RandomSite) -> list[Json]:
    roles = await site.side.client.get_json(f"{API}/role")
    named = [("projectRole", str(each["id"])) for each in roles]
    named += [("user", one.account_id) for one in site.people]
    named += [("group", name) for name in site.groups]
    for field, (kind, _) in site.fields.items():
        named += [("userCustomField", field)] if kind == "userpicker" else []
    named += [("applicationRole", each) for each in ("", "jira-software", "jira-core")]
    plain = ("anyone", "assignee", "reporter", "projectLead", "sd.customer.portal.only")
    named += [(each, "") for each in plain]
    return [
        {"type": kind, "parameter": parameter} if parameter else {"type": kind}
        for kind, parameter in named
    ]
