"""Random levels of security, and the issues that have them."""

from __future__ import annotations

from sitekeep_shared.atlassian.errors import SiteRefused
from support import random_texts as texts
from support.jira_fakes import API
from support.random_site import Json, RandomSite

ONE = f"{API}/issue/{{issue}}"
SET_LEVELS = "SET_ISSUE_SECURITY"


async def security(site: RandomSite) -> None:
    """Levels that the administrator sees, one of them the default one, or none; who sets them."""
    for number in site.some(1):
        me = (await site.side.client.get_json(f"{API}/myself"))["accountId"]
        levels = [await _level(site, each, me) for each in range(site.chance.randint(1, 3))]
        levels[0]["isDefault"] = site.chance.random() < 0.6
        body = {"name": texts.name(site.chance, number), "levels": levels}
        made = await site.post("issuesecurityschemes", body)
        site.schemes["issueSecurityScheme"] = int(made["id"])
        await _setters(site, number)


async def _level(site: RandomSite, number: int, me: str) -> Json:
    others: list[Json] = [{"type": "reporter"}, {"type": "assignee"}, {"type": "projectLead"}]
    others += [{"type": "group", "parameter": one} for one in site.groups]
    others += [{"type": "projectrole", "parameter": one} for one in site.roles]
    others += [{"type": "user", "parameter": one.account_id} for one in site.people]
    members = [{"type": "user", "parameter": me}, *site.sample(others, 4)]
    body: Json = {"name": texts.name(site.chance, number), "members": members}
    return body | site.chance.choice(({}, {"description": texts.odd(site.chance)}))


async def _setters(site: RandomSite, number: int) -> None:
    """A scheme that lets everybody set levels: the default one lets nobody."""
    query = [("expand", "all")]
    listed = await site.side.client.get_json(f"{API}/permissionscheme", query)
    begun: list[Json] = listed["permissionSchemes"][0]["permissions"]
    grants = [{"permission": each["permission"], "holder": _holder(each)} for each in begun]
    grants.append({"permission": SET_LEVELS, "holder": {"type": "applicationRole"}})
    body = {"name": f"Levels {texts.name(site.chance, number)}", "permissions": grants}
    made = await site.post("permissionscheme", body)
    site.schemes["permissionScheme"] = int(made["id"])


def _holder(grant: Json) -> Json:
    holder = grant["holder"]
    parameter = holder.get("value") or holder.get("parameter")
    return {"type": holder["type"]} | ({"parameter": parameter} if parameter else {})


async def levels(site: RandomSite) -> None:
    """Issues of other levels than their project's default one, and of none."""
    client = site.side.client
    for issue in site.sample(site.issues, 4) if "issueSecurityScheme" in site.schemes else ():
        scheme = str(site.schemes["issueSecurityScheme"])
        query = [("schemeId", scheme)]
        found = (await client.get_json(f"{API}/issuesecurityschemes/level", query))["values"]
        level = site.maybe([{"id": str(each["id"])} for each in found])
        try:
            await client.put_json(ONE, {"fields": {"security": level}}, issue=issue)
        except SiteRefused:
            # A sub-task has the level of its parent; other projects have other schemes.
            continue
