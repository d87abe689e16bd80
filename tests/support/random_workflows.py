"""Statuses, workflows with rules of every sort, and their schemes, as random sites have them."""

from __future__ import annotations

from collections.abc import Sequence

from support import random_texts as texts
from support.jira_fakes import API
from support.random_configuration import names
from support.random_rules import RandomRules
from support.random_site import Json, RandomSite

_CATEGORIES = ("TODO", "IN_PROGRESS", "DONE")
DEFAULT_STATUSES = ("To Do", "In Progress", "Done")
"""The names of those of the workflow that every site begins with."""
_GLOBAL: Json = {"type": "GLOBAL"}
_EVENTS = ("1", "2", "5", "13")


async def statuses(site: RandomSite) -> None:
    """Some of the site's own, some of which no workflow has."""
    if site.has(0.7):
        new = [_status(site, name) for name in names(site, site.chance.choice((1, 2, 4)))]
        await site.post("statuses", {"scope": _GLOBAL, "statuses": new})
    found = await site.side.client.get_json(f"{API}/statuses/search")
    site.configuration.statuses = found["values"]


def _status(site: RandomSite, name: str) -> Json:
    return {
        "name": name,
        "description": texts.odd(site.chance) if site.has(0.7) else "",
        "statusCategory": site.chance.choice(_CATEGORIES),
    }


async def workflows(site: RandomSite) -> None:
    """Workflows with transitions of every type between statuses that are there, or new ones."""
    if not site.has(0.5):
        return
    for number, name in enumerate(names(site, site.chance.choice((1, 1, 3)))):
        known = _chosen(site)
        listed: list[Json] = [
            {name: each[name] for name in ("id", "name", "description", "statusCategory")}
            | {"statusReference": each["id"]}
            for each in known
        ]
        if site.has(0.5):
            new = _status(site, texts.name(site.chance, 20 + number))
            listed.append({**new, "statusReference": "f0b24de5-25e7-4fab-ab94-63d81db6c0c0"})
        await _create(site, name, listed)
    found = await site.side.client.get_json(f"{API}/statuses/search")
    site.configuration.statuses = found["values"]


def _chosen(site: RandomSite) -> list[Json]:
    """Some statuses in any order; the site's own ones more often than those of every site."""
    listed = site.configuration.statuses
    own = [each for each in listed if each["name"] not in DEFAULT_STATUSES]
    chosen = [*site.sample(own), *site.sample(listed, 3)] or listed[:1]
    known = {str(each["id"]): each for each in chosen}
    return site.chance.sample(list(known.values()), len(known))


async def _create(site: RandomSite, name: str, listed: Sequence[Json]) -> None:
    references = [str(each["statusReference"]) for each in listed]
    rules = await RandomRules.of(site, [str(each["id"]) for each in listed if "id" in each])
    placed = [_placed(site, rules, reference) for reference in references]
    workflow: Json = {
        "name": name,
        "description": texts.odd(site.chance) if site.has(0.7) else "",
        "statuses": placed,
        "transitions": _transitions(site, rules, references),
    }
    if site.has(0.5):
        workflow["startPointLayout"] = {"x": -100.25, "y": 0.0}
        workflow["loopedTransitionContainerLayout"] = {"x": 1e3, "y": -0.5}
    body: Json = {"scope": _GLOBAL, "statuses": list(listed), "workflows": [workflow]}
    made = await site.post("workflows/create", body)
    own = made["workflows"][0]
    ids = {each["statusReference"]: str(each["id"]) for each in made["statuses"]}
    first = next(e["toStatusReference"] for e in own["transitions"] if e["type"] == "INITIAL")
    rest = [ids[each["statusReference"]] for each in own["statuses"]]
    site.configuration.workflows[str(own["name"])] = list(dict.fromkeys([ids[first], *rest]))


def _placed(site: RandomSite, rules: RandomRules, reference: str) -> Json:
    placed: Json = {"statusReference": reference, "properties": {}}
    if site.has(0.5):
        placed["layout"] = {"x": site.chance.uniform(-900, 900), "y": 0.0}
    if site.has(0.3):
        placed["properties"] = rules.properties()
    return placed


def _transitions(site: RandomSite, rules: RandomRules, statuses: Sequence[str]) -> list[Json]:
    """The initial one, and any others: global, from several statuses, loops, of one name."""
    chance = site.chance
    initial = _transition(site, "1", "Create", "INITIAL", chance.choice(statuses))
    if site.has(0.3):
        initial["actions"] = rules.actions()
    if site.has(0.2):
        initial["validators"] = [rules.allowed()]
    made = [initial]
    name = texts.name(chance, 1)
    for number in range(2, chance.choice((2, 4, 8))):
        starts = chance.sample(statuses, chance.randint(1, len(statuses)))
        kind = chance.choice(("DIRECTED", "DIRECTED", "GLOBAL"))
        # Global transitions have names of their own; others may share one.
        own = texts.name(chance, number) if kind == "GLOBAL" or site.has(0.5) else name
        each = _transition(site, str(number * 10 + 1), own, kind, chance.choice(statuses))
        if kind == "DIRECTED":
            each["links"] = [_link(site, start) for start in starts]
        elif site.has(0.2):
            # It leads from each status back to it.
            del each["toStatusReference"]
        made.append(each | _rules(site, rules))
    return made


def _transition(site: RandomSite, number: str, name: str, kind: str, to: str) -> Json:
    transition: Json = {"id": number, "name": name, "type": kind, "toStatusReference": to}
    if site.has(0.3):
        transition["description"] = texts.odd(site.chance)
    return transition


def _link(site: RandomSite, start: str) -> Json:
    ports = {"fromPort": site.chance.randint(0, 7), "toPort": site.chance.randint(0, 7)}
    return {"fromStatusReference": start} | (ports if site.has(0.5) else {})


def _rules(site: RandomSite, rules: RandomRules) -> Json:
    made: Json = {}
    if site.has(0.4):
        made["conditions"] = rules.conditions()
    if site.has(0.3):
        made["validators"] = rules.validators()
    if site.has(0.4):
        made["actions"] = rules.actions()
    if site.has(0.2):
        made["triggers"] = rules.triggers()
    if site.has(0.2):
        made["transitionScreen"] = rules.screen()
    if site.has(0.3):
        made["properties"] = rules.properties()
    if site.has(0.1):
        made["customIssueEventId"] = site.chance.choice(_EVENTS)
    return made


async def workflow_schemes(site: RandomSite) -> None:
    """Schemes with workflows for some types; they may name the same one again and again."""
    flows = list(site.configuration.workflows)
    for name in names(site, site.chance.choice((1, 1, 2))) if flows else ():
        mapped = {
            each: site.chance.choice(flows) for each in site.sample([*site.types.values()], 3)
        }
        default = site.chance.choice(["jira", *flows])
        body: Json = {"name": name, "issueTypeMappings": mapped}
        if default != "jira" or site.has(0.5):
            body["defaultWorkflow"] = default
        if site.has(0.7):
            body["description"] = texts.odd(site.chance)
        made = await site.post("workflowscheme", body)
        site.configuration.workflow_schemes[str(made["id"])] = {"default": default, **mapped}
