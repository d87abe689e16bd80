"""Properties of projects, issue types, boards and sprints: a request for the keys of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from functools import partial

import msgspec

from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entity_properties import LISTS, ONE, Owner, is_kept, property_entry
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order
from sitekeep_shared.work.unit import UnitPlan

CONCURRENT_OWNERS = 5

Properties = Mapping[str, msgspec.Raw]
"""The values by their keys."""


class _Key(msgspec.Struct):
    key: str


class _Keys(msgspec.Struct):
    keys: list[_Key] = []


class _Value(msgspec.Struct):
    value: msgspec.Raw = msgspec.Raw(b"null")


def plan_properties(unit: ExportUnit, owner: Owner, ids: Sequence[str]) -> None:
    """Plans the reading of the properties of some owners of one kind."""
    if ids:
        key = f"properties/{owner}/{ids[0]:>010}"
        arguments = {"owner": owner.value, "ids": list(ids)}
        unit.spawn(UnitPlan(unit.plan.phase, key, "properties", arguments))


async def export_properties(unit: ExportUnit) -> None:
    """The properties of some owners, several owners side by side."""
    owner = Owner(unit.plan.arguments["owner"])
    ids: list[str] = unit.plan.arguments["ids"]
    calls = [partial(_properties, unit, owner, each) for each in ids]
    async with aclosing(in_order(calls, limit=CONCURRENT_OWNERS)) as found:
        place = 0
        async for properties in found:
            await store_properties(unit, owner, ids[place], properties, {"id": ids[place]})
            place += 1


async def _properties(unit: ExportUnit, owner: Owner, identifier: str) -> Properties:
    try:
        keys = await keys_of(unit, owner, identifier)
        return {key: await _value(unit, owner, identifier, key) for key in keys}
    except SiteForbidden as refusal:
        name = f"{owner} {identifier}"
        unit.tally.remark(Kind.ENTITY_PROPERTY, name, "PROPERTIES_NOT_READABLE", refusal.message)
    except (SiteNotFound, SiteRefused):
        # It is gone, or of a kind that has none.
        pass
    return {}


async def keys_of(unit: ExportUnit, owner: Owner, identifier: str) -> list[str]:
    """The keys of the source's own properties of an owner."""
    body = await unit.site.get(LISTS[owner], owner=identifier)
    return [each.key for each in msgspec.json.decode(body, type=_Keys).keys if is_kept(each.key)]


async def _value(unit: ExportUnit, owner: Owner, identifier: str, key: str) -> msgspec.Raw:
    body = await unit.site.get(LISTS[owner] + ONE, owner=identifier, property=key)
    return msgspec.json.decode(body, type=_Value).value


async def store_properties(
    unit: ExportUnit, owner: Owner, key: str, properties: Properties, attributes: Mapping[str, str]
) -> None:
    """Keeps all properties of an owner as one record, each value as it was sent."""
    if not properties:
        return
    unit.tally.expect(Kind.ENTITY_PROPERTY, len(properties))
    payload = msgspec.json.encode(properties)
    entry = property_entry(owner, key)
    await unit.records.put_record(Kind.ENTITY_PROPERTY, entry, payload, attributes=attributes)
    unit.tally.done(Kind.ENTITY_PROPERTY, len(payload), count=len(properties))
