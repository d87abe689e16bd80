"""Security schemes as a backup and as a destination hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from sitekeep_restore.importers.jira.holders import Holder, holder_of
from sitekeep_restore.importers.jira.reading import Json, all_values
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.vault.entry import Entry

SCHEMES = "/rest/api/3/issuesecurityschemes"


@dataclass
class Level:
    """A level of a scheme and who sees issues of it."""

    id: str
    name: str
    description: str
    is_default: bool
    members: dict[Holder, str] = field(default_factory=dict[Holder, str])
    """The members, each with the id of its membership; empty where it has none yet."""


def levels_in_backup(entry: Entry) -> list[Level]:
    """The levels of a scheme of the backup."""
    levels: list[Json] = msgspec.json.decode(entry.attributes.get("levels") or "[]")
    members: list[Json] = msgspec.json.decode(entry.attributes.get("members") or "[]")
    return _levels(levels, members)


async def levels_at_destination(unit: ImportUnit) -> Mapping[str, list[Level]]:
    """The levels of every scheme of the destination, by the id of the scheme."""
    levels = await all_values(unit.site, f"{SCHEMES}/level")
    members = await all_values(unit.site, f"{SCHEMES}/level/member", [("expand", "all")])
    schemes = dict.fromkeys(str(level["issueSecuritySchemeId"]) for level in levels)
    return {scheme: _levels(_own(levels, scheme), _own(members, scheme)) for scheme in schemes}


async def levels_of(unit: ImportUnit, scheme: str) -> list[Level]:
    """The levels of one scheme of the destination."""
    query = [("schemeId", scheme)]
    levels = await all_values(unit.site, f"{SCHEMES}/level", query)
    members = await all_values(unit.site, f"{SCHEMES}/level/member", [*query, ("expand", "all")])
    return _levels(levels, members)


def _own(items: Sequence[Json], scheme: str) -> list[Json]:
    return [item for item in items if str(item.get("issueSecuritySchemeId")) == scheme]


def _levels(levels: Sequence[Json], members: Sequence[Json]) -> list[Level]:
    found = {str(each["id"]): _level(each) for each in levels}
    for member in members:
        level = found.get(str(member.get("issueSecurityLevelId")))
        if level is not None:
            level.members[holder_of(member)] = str(member["id"])
    return list(found.values())


def _level(item: Json) -> Level:
    text = str(item.get("description") or "")
    return Level(str(item["id"]), str(item["name"]), text, bool(item.get("isDefault")))
