"""Plans with their teams, by names instead of ids.

What an id stands for may be unknown even at the source: a filter that nobody shows, an issue that
is gone. A restore cannot name that; it stands apart, under ``unknown``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sitekeep_cli.comparison.jira_queries import REALM
from sitekeep_cli.comparison.jira_shares import unnumbered
from sitekeep_cli.comparison.links import FIELD, GROUP, PROJECT
from sitekeep_cli.comparison.model import Json, Record
from sitekeep_cli.comparison.provenance import instant
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import items, part
from sitekeep_shared.kinds import Kind

Item = Mapping[str, Any]

_SOURCES = {
    "Board": f"{REALM}{Kind.BOARD}",
    "Filter": f"{REALM}{Kind.FILTER}",
    "Project": PROJECT,
}
_EXCLUDED = {
    "issueIds": f"{REALM}{Kind.ISSUE}",
    "issueTypeIds": f"{REALM}{Kind.ISSUE_TYPE}",
    "releaseIds": f"{REALM}{Kind.VERSION}",
    "workStatusIds": f"{REALM}{Kind.STATUS}",
}
_CHOICES = ("estimation", "dependencies", "inferredDates")


@dataclass
class _Plan:
    """A plan while its parts are named."""

    reading: Reading
    item: Item
    unknown: dict[str, Json] = field(default_factory=dict[str, Json])

    def named(self, place: str, realm: str, ids: Iterable[object]) -> dict[str, Json]:
        """The names of some ids; those without one become part of what is unknown."""
        found: dict[str, Json] = {}
        for each in ids:
            name = self.reading.links.name(realm, str(each)) if realm else None
            if name is None:
                self.unknown.setdefault(place, {})[str(each)] = True
            else:
                found[unnumbered(name) if realm == _SOURCES["Filter"] else name] = True
        return found

    def fields(self, place: str, numbers: Iterable[object]) -> dict[str, Json]:
        """The names of some custom fields."""
        return self.named(place, FIELD, (f"customfield_{each}" for each in numbers))


def read(reading: Reading) -> None:
    """Puts plans by name."""
    for record, item in reading.objects(Kind.PLAN):
        value = _canonical(_Plan(reading, item), record)
        reading.put(Kind.PLAN, str(item.get("name")), value, f"{record.key:>020}")


def _canonical(plan: _Plan, record: Record) -> Json:
    item = plan.item
    teams: list[Item] = json.loads(record.attributes.get("teams") or "[]")
    value: dict[str, Json] = {
        "status": item.get("status"),
        "lead": item.get("leadAccountId"),
        "lastSaved": instant(item.get("lastSaved")),
        "sources": _sources(plan),
        "scheduling": _scheduling(plan),
        "exclusions": _exclusions(plan),
        "fields": _fields(plan),
        "releases": {
            str(each.get("name")): plan.named(
                "releases", _EXCLUDED["releaseIds"], items(each, "releaseIds")
            )
            for each in items(item, "crossProjectReleases")
        },
        **_teams(teams),
    }
    # Who may do what is compared one by one, also where nobody is left.
    permissions = dict.fromkeys(_permissions(plan), True)
    return {**without_nothing({**value, "unknown": plan.unknown}), "permissions": permissions}


def _sources(plan: _Plan) -> Json:
    found: dict[str, Json] = {}
    for each in items(plan.item, "issueSources"):
        kind = str(each.get("type"))
        names = plan.named(f"sources {kind}", _SOURCES.get(kind, ""), [each.get("value")])
        found |= {f"{kind} {name}": True for name in names}
    return found


def _scheduling(plan: _Plan) -> Json:
    scheduling = part(plan.item, "scheduling")
    value: dict[str, Json] = {name: scheduling.get(name) for name in _CHOICES}
    for name in ("startDate", "endDate"):
        date = part(scheduling, name)
        number = date.get("dateCustomFieldId")
        named = plan.fields(name, [number]) if number is not None else {}
        if number is None or named:
            value[name] = [date.get("type"), *named]
    return without_nothing(value)


def _exclusions(plan: _Plan) -> Json:
    rules = part(plan.item, "exclusionRules")
    value: dict[str, Json] = {
        name: plan.named(name, realm, items(rules, name)) for name, realm in _EXCLUDED.items()
    }
    value["days"] = rules.get("numberOfDaysToShowCompletedIssues")
    value["categories"] = sorted(items(rules, "workStatusCategoryIds"))
    return without_nothing(value)


def _fields(plan: _Plan) -> Json:
    return {
        name: bool(each.get("filter"))
        for each in items(plan.item, "customFields")
        for name in plan.fields("fields", [each.get("customFieldId")])
    }


def _permissions(plan: _Plan) -> Iterable[str]:
    for each in items(plan.item, "permissions"):
        holder = part(each, "holder")
        value = holder.get("value")
        is_group = holder.get("type") == "Group"
        name = f"group/{plan.reading.name(GROUP, value)}" if is_group else f"user/{value}"
        yield f"{each.get('type')} {name}"


def _teams(teams: Iterable[Item]) -> dict[str, Json]:
    """Teams of the plan by name, those of the organization by id, and which have a source."""
    own: dict[str, Json] = {}
    others: dict[str, Json] = {}
    sources: dict[str, Json] = {}
    for team in teams:
        listed, settings = part(team, "listed"), part(team, "settings")
        is_own = listed.get("type") == "PlanOnly"
        name = str(settings.get("name") if is_own else listed.get("id"))
        (own if is_own else others)[name] = _team(settings)
        if settings.get("issueSourceId") is not None:
            sources[name] = True
    return {"teams": own, "teamsOfOrganization": others, "teamSources": sources}


def _team(settings: Item) -> Json:
    members = (f"user/{each}" for each in items(settings, "memberAccountIds"))
    names = ("planningStyle", "sprintLength", "capacity")
    value: dict[str, Json] = {name: settings.get(name) for name in names}
    return {**without_nothing(value), "members": dict.fromkeys(members, True)}
