"""Properties of projects, issue types, boards and sprints: a request for the keys of each.

So it is for users; there may be many of them, so that some are asked first, and all where any has
one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from functools import partial

import msgspec

from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entity_properties import (
    Owner,
    is_kept,
    list_of,
    property_entry,
    value_of,
)
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order
from sitekeep_shared.work.unit import UnitPlan

CONCURRENT_OWNERS = 5
SAMPLE = 20
"""Users of a page of them that are asked for their properties in any case."""
USERS_PER_UNIT = 100

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


def plan_user_properties(unit: ExportUnit, accounts: Sequence[str]) -> None:
    """Plans the reading of the properties of some users, and of the rest where any has one."""
    step = max(1, len(accounts) // SAMPLE)
    some = list(accounts[::step])[:SAMPLE]
    rest = sorted({*accounts} - {*some})
    if some:
        key = f"properties/{Owner.USER}/{some[0]}"
        arguments = {"owner": Owner.USER.value, "ids": some, "rest": rest}
        unit.spawn(UnitPlan(unit.plan.phase, key, "properties", arguments))


def _plan_rest(unit: ExportUnit) -> None:
    rest: list[str] = unit.plan.arguments.get("rest", [])
    for start in range(0, len(rest), USERS_PER_UNIT):
        plan_properties(unit, Owner.USER, rest[start : start + USERS_PER_UNIT])


async def export_properties(unit: ExportUnit) -> None:
    """The properties of some owners, several owners side by side."""
    owner = Owner(unit.plan.arguments["owner"])
    ids: list[str] = unit.plan.arguments["ids"]
    has_any = False
    calls = [partial(_properties, unit, owner, each) for each in ids]
    async with aclosing(in_order(calls, limit=CONCURRENT_OWNERS)) as found:
        place = 0
        async for properties in found:
            await store_properties(unit, owner, ids[place], properties, {"id": ids[place]})
            has_any = has_any or bool(properties)
            place += 1
    if has_any:
        _plan_rest(unit)


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
    template, query, path = list_of(owner, identifier)
    body = await unit.site.get(template, query, **path)
    return [each.key for each in msgspec.json.decode(body, type=_Keys).keys if is_kept(each.key)]


async def _value(unit: ExportUnit, owner: Owner, identifier: str, key: str) -> msgspec.Raw:
    template, query, path = value_of(owner, identifier, key)
    body = await unit.site.get(template, query, **path)
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
