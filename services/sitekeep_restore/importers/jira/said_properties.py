"""Properties of comments and worklogs: they are part of the requests that create them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sitekeep_restore.importers.jira.reading import Json, read_json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.content.entity_properties import Owner, property_entry
from sitekeep_shared.content.entry_keys import end_of
from sitekeep_shared.kinds import Kind

_OWNERS = {Kind.COMMENT: Owner.COMMENT, Kind.WORKLOG: Owner.WORKLOG}

SaidProperties = Mapping[tuple[Kind, str], Sequence[Json]]
"""By kind and source id of what was said: its properties, as a create has them."""


async def said_properties(unit: ImportUnit, first: str, last: str) -> SaidProperties:
    """The properties of what was said on a range of issues, given by their entry keys."""
    found: dict[tuple[Kind, str], list[Json]] = {}
    for kind, owner in _OWNERS.items():
        begin = property_entry(owner, first)
        end = end_of(property_entry(owner, f"{last}/"))
        async for entry in unit.backup.entries(Kind.ENTITY_PROPERTY, first=begin, last=end):
            values: Json = await read_json(unit.backup, entry)
            listed = [{"key": key, "value": value} for key, value in values.items()]
            found[kind, entry.attributes["id"]] = listed
    return found


def with_properties(body: Json, more: Sequence[Json]) -> Json:
    """The body of a create with further properties; those that it has already stay."""
    own: list[Json] = body["properties"]
    keys = {each["key"] for each in own}
    return {**body, "properties": [*own, *(each for each in more if each["key"] not in keys)]}
