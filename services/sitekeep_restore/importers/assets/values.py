"""The values of objects, as the destination takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sitekeep_restore.importers.assets.attributes import attributes_in
from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.addresses import Addresses
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.assets_site import REFERENCE, STATUS, URL, USER
from sitekeep_shared.kinds import Kind

Values = dict[str, list[str]]
"""Attribute id → values."""


def raw_values(item: Json) -> Values:
    """The values of an object as a site sends it: ids, account ids, group names, else texts."""
    attributes: Sequence[Json] = item.get("attributes") or ()
    return {
        str(each["objectTypeAttributeId"]): [_raw(v) for v in each["objectAttributeValues"]]
        for each in attributes
    }


def _raw(value: Json) -> str:
    for name, part in (("referencedObject", "id"), ("user", "key"), ("status", "id")):
        if value.get(name):
            return str(value[name][part])
    if value.get("group"):
        return str(value["group"]["name"])
    return str(value.get("value", value.get("displayValue", "")))


def body_of(values: Values) -> list[Json]:
    """The attributes of a request."""
    return [
        {
            "objectTypeAttributeId": attribute,
            "objectAttributeValues": [{"value": value} for value in found],
        }
        for attribute, found in values.items()
    ]


@dataclass(frozen=True)
class Translation:
    """What ids inside the objects of a unit became."""

    definitions: Mapping[str, Json]
    """The attributes of all types, by their source id."""
    attributes: Mapping[str, str]
    users: Mapping[str, str]
    statuses: Mapping[str, str]
    objects: Mapping[str, str]
    addresses: Addresses

    @classmethod
    async def of(cls, unit: ImportUnit, items: Sequence[Json]) -> Translation:
        """Asked for once for all objects of a unit."""
        definitions: dict[str, Json] = {}
        async for entry in unit.backup.entries(Kind.ASSET_OBJECT_TYPE):
            definitions |= {str(each["id"]): each for each in attributes_in(entry)}
        named: dict[object, set[str]] = {}
        for item in items:
            for attribute, values in raw_values(item).items():
                kind = definitions.get(attribute, {}).get("type")
                named.setdefault(kind, set()).update(values)
        get = unit.identities.get
        return cls(
            definitions,
            await get(identity_kinds.ASSET_ATTRIBUTE, definitions),
            await get(identity_kinds.USER, named.get(USER, ())),
            await get(identity_kinds.ASSET_STATUS, named.get(STATUS, ())),
            await get(identity_kinds.ASSET_OBJECT, named.get(REFERENCE, ())),
            await Addresses.of(unit),
        )

    def values(self, item: Json, *, references: bool) -> tuple[Values, int]:
        """The values for the destination, and how many have no counterpart there."""
        found: Values = {}
        lost = 0
        for attribute, values in raw_values(item).items():
            definition = self.definitions.get(attribute, {})
            is_reference = definition.get("type") == REFERENCE
            if definition.get("system") or is_reference is not references or not values:
                continue
            kept = [each for v in values if (each := self._one(definition, v)) is not None]
            target = self.attributes.get(attribute)
            lost += len(values) - (len(kept) if target else 0)
            if kept and target:
                found[target] = kept
        return found, lost

    def _one(self, definition: Json, value: str) -> str | None:
        maps = {USER: self.users, STATUS: self.statuses, REFERENCE: self.objects}
        known = maps.get(int(definition.get("type") or 0))
        if known is not None:
            return known.get(value)
        default: Json = definition.get("defaultType") or {}
        return self.addresses.link(value) if default.get("name") == URL else value
