"""Random ideas of Product Discovery: no request makes their projects, fields or votes."""

from __future__ import annotations

from sitekeep_simulator.jira.field_contexts import options_of
from sitekeep_simulator.jira.objects import JiraObject
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.product_discovery.projects import (
    DELIVERY_LINK,
    DiscoveryProject,
    add_discovery_project,
)
from support import random_texts as texts
from support.jira_fakes import API
from support.random_site import Json, RandomSite

ONE = f"{API}/issue/{{issue}}"


async def ideas(site: RandomSite) -> None:
    """Projects of ideas, some without any; issues of others deliver some of them."""
    if site.chance.random() < 0.7:
        return
    for key in ("IDEA", "IDEB")[: site.chance.randint(1, 2)]:
        lead = site.chance.choice(site.active).account_id
        name = f"{texts.name(site.chance, 1)} {key}"
        made = add_discovery_project(Jira(site.side.site), key, name, lead)
        for _ in range(site.chance.choice((0, 1, 4))):
            await _idea(site, key, made)


async def _idea(site: RandomSite, key: str, made: DiscoveryProject) -> None:
    chance = site.chance
    fields: Json = {
        "project": {"key": key},
        "issuetype": {"id": str(made.idea.id)},
        "summary": texts.line(chance),
    }
    description = texts.text(chance)
    fields |= {} if description is None else {"description": description}
    names = [f"customfield_{each.id}" for each in made.fields]
    goal, theme = ([each.name for each in _options(site, field)] for field in made.fields[4:])
    values: Json = {
        names[0]: chance.choice((0, 5, 2.5)),
        names[1]: '{"start": "2024-02-29", "end": "2024-12-31"}',
        names[4]: {"value": chance.choice(goal)},
        names[5]: [{"value": each} for each in site.sample(theme, 3)],
    }
    fields |= {each: values[each] for each in site.sample(list(values), 4)}
    issue = str((await site.post("issue", {"fields": fields}))["key"])
    await _derive(site, issue, made)
    text = texts.text(chance)
    if text is not None:
        await site.post("issue/{issue}/comment", {"body": text}, issue=issue)
    delivery = site.maybe(site.issues)
    if delivery is not None:
        ends = {"inwardIssue": {"key": delivery}, "outwardIssue": {"key": issue}}
        await site.post("issueLink", {"type": {"name": DELIVERY_LINK}} | ends)


def _options(site: RandomSite, field: JiraObject) -> list[JiraObject]:
    return options_of(Jira(site.side.site), field)


async def _derive(site: RandomSite, issue: str, made: DiscoveryProject) -> None:
    """What the product computes itself."""
    store = site.side.site.store
    found = await site.side.client.get_json(ONE, issue=issue)
    for field in made.fields[2:4]:
        if site.chance.random() < 0.6:
            store.execute(
                f"UPDATE jira_issue SET fields = json_set(fields, '$.customfield_{field.id}', ?) "
                "WHERE id = ?",
                (site.chance.choice((0, 7.5, 12)), int(found["id"])),
            )
    store.execute("DELETE FROM jira_rendered")
