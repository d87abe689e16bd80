"""Odds and ends that people of a random site set: features, epics, votes, columns of filters."""

from __future__ import annotations

from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from support import random_texts as texts
from support.jira_fakes import AGILE, API
from support.random_site import RandomSite


async def features(site: RandomSite) -> None:
    """Features of projects, also those that need another one; some can be changed by nobody."""
    client = site.side.client
    for key in site.projects:
        listed = await client.get_json(f"{API}/project/{{project}}/features", project=key)
        for feature in site.sample(listed["features"], 4):
            state = {"state": site.chance.choice(("ENABLED", "DISABLED"))}
            path = f"{API}/project/{{project}}/features/{{feature}}"
            try:
                await client.put_json(path, state, project=key, feature=feature["feature"])
            except SiteRefused:
                # It is locked, or lacks what it needs.
                continue


async def epics(site: RandomSite) -> None:
    """Names of epics that are not their summaries, colours, ends."""
    for epic in site.sample(site.epics):
        body = {
            "name": site.chance.choice((texts.odd(site.chance), "", "x" * 255)),
            "color": {"key": f"color_{site.chance.randint(1, 14)}"},
            "done": site.chance.random() < 0.5,
        }
        kept = {key: body[key] for key in site.sample(list(body), 3)}
        await site.side.client.post(f"{AGILE}/epic/{{epic}}", kept, epic=epic)


async def votes(site: RandomSite) -> None:
    """The administrator's own votes, and those of others."""
    store = site.side.site.store
    for issue in site.sample(site.issues, 6):
        try:
            await site.side.client.post(f"{API}/issue/{{issue}}/votes", None, issue=issue)
        except SiteNotFound:
            # It is the administrator's own, or resolved.
            continue
    for issue in site.sample(site.issues):
        row = await site.side.client.get_json(f"{API}/issue/{{issue}}", issue=issue)
        for person in site.sample(site.people):
            values = (int(row["id"]), person.account_id)
            store.execute("INSERT OR IGNORE INTO jira_vote VALUES (?, ?)", values)
    store.execute("DELETE FROM jira_rendered")


async def columns(site: RandomSite) -> None:
    """Columns of filters: fields of the site, the same for many, and none at all."""
    names = ["issuekey", "summary", "status", "votes", "timespent", *site.fields]
    for number in site.sample(site.filters, 3):
        body = {"columns": site.chance.choice(([], names, site.sample(names, 4)))}
        try:
            await site.side.client.put_json(f"{API}/filter/{{filter}}/columns", body, filter=number)
        except (SiteForbidden, SiteRefused):
            # It is somebody else's by now.
            continue
