"""The attributes of object types: made without demands, which come back at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sitekeep_restore.importers.assets.destination import assets_of
from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import Json, by_name, fold, read_json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.assets_site import REFERENCE, AssetsSite
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry

_REFUSALS = (SiteForbidden, SiteNotFound, SiteRefused)
_KEPT = (
    *("description", "label", "type", "typeValueMulti", "maximumCardinality", "suffix"),
    *("includeChildObjectTypes", "hidden", "uniqueAttribute", "summable", "regexValidation"),
    *("qlQuery", "options"),
)
LISTED = "/objecttype/{kind}/attributes"
ONE = "/objecttypeattribute/{kind}/{attribute}"


def attributes_in(entry: Entry) -> list[Json]:
    """The attributes that a type of the backup has itself."""
    found: list[Json] = msgspec.json.decode(entry.attributes.get("attributes") or "[]")
    return found


async def import_attributes(unit: ImportUnit) -> None:
    """The attributes of one type; those that every type has are found by their names."""
    source, target = str(unit.plan.arguments["id"]), str(unit.plan.arguments["target"])
    entry = await unit.backup.entry(Kind.ASSET_OBJECT_TYPE, source)
    if entry is None:
        return
    writer = await _Writer.of(unit, target, str((await read_json(unit.backup, entry))["name"]))
    attributes = attributes_in(entry)
    for attribute in attributes:
        await writer.write(attribute, attributes)


class _Writer:
    """Writes the attributes of one type."""

    def __init__(self, unit: ImportUnit, assets: AssetsSite, target: str, name: str) -> None:
        self._unit = unit
        self._assets = assets
        self._target = target
        self._name = name
        self._existing: dict[str, Any] = {}
        self._references: dict[str, Any] = {}

    @classmethod
    async def of(cls, unit: ImportUnit, target: str, name: str) -> _Writer:
        """For a type of the destination."""
        writer = cls(unit, await assets_of(unit), target, name)
        query = [("excludeParentAttributes", "true")]
        listed = await writer._assets.get_json(LISTED, query, kind=target)
        writer._existing = by_name(listed)
        writer._references = by_name(await writer._assets.get_json("/config/referencetype"))
        return writer

    async def write(self, attribute: Json, all_of_type: Sequence[Json]) -> None:
        """Makes an attribute, or makes the one of its name like it."""
        found = self._found(attribute, all_of_type)
        try:
            if found is None:
                body = await self._body(attribute)
                path = "/objecttypeattribute/{kind}"
                found = await self._assets.post_json(path, body, kind=self._target)
            elif not attribute.get("system"):
                body = await self._body(attribute)
                names = {"kind": self._target, "attribute": str(found["id"])}
                await self._assets.put_json(ONE, body, **names)
        except _REFUSALS as error:
            key = f"{self._name}/{attribute['name']}"
            reason = "ASSET_ATTRIBUTE_REFUSED"
            self._unit.tally.missing(Kind.ASSET_OBJECT_TYPE, key, reason, error.message, count=0)
            return
        pairs = {str(attribute["id"]): str(found["id"])}
        await self._unit.identities.put(identity_kinds.ASSET_ATTRIBUTE, pairs)

    def _found(self, attribute: Json, all_of_type: Sequence[Json]) -> Json | None:
        """By name; the label that a new type has becomes the one that has another name."""
        found: Json | None = self._existing.get(fold(attribute["name"]))
        if found is not None or not attribute.get("label"):
            return found
        names = {fold(each["name"]) for each in all_of_type}
        labels = (each for each in self._existing.values() if each.get("label"))
        return next((each for each in labels if fold(each["name"]) not in names), None)

    async def _body(self, attribute: Json) -> Json:
        body: Json = {name: attribute[name] for name in _KEPT if attribute.get(name) is not None}
        body |= {"name": attribute["name"], "minimumCardinality": 0}
        default: Json = attribute.get("defaultType") or {}
        if default:
            body["defaultTypeId"] = default["id"]
        if attribute.get("type") == REFERENCE:
            body |= await self._reference(attribute)
        elif attribute.get("additionalValue") is not None:
            body["additionalValue"] = attribute["additionalValue"]
        return body

    async def _reference(self, attribute: Json) -> Json:
        source = str(attribute.get("referenceObjectTypeId") or attribute.get("typeValue") or "")
        kinds = await self._unit.identities.get(identity_kinds.ASSET_OBJECT_TYPE, [source])
        wanted: Json = attribute.get("referenceType") or {}
        found: Json | None = self._references.get(fold(wanted.get("name")))
        if found is None:
            found = await self._make_reference_type(wanted)
        return {"typeValue": kinds.get(source, ""), "additionalValue": str(found["id"])}

    async def _make_reference_type(self, wanted: Json) -> Json:
        """Makes one, unless the unit of another type has made it meanwhile."""
        name = fold(wanted.get("name"))
        body = {part: str(wanted.get(part) or "") for part in ("name", "description", "color")}
        try:
            made: Json = await self._assets.post_json("/config/referencetype", body)
        except SiteRefused:
            self._references = by_name(await self._assets.get_json("/config/referencetype"))
            if name not in self._references:
                raise
            made = self._references[name]
        self._references[name] = made
        return made


async def import_demands(unit: ImportUnit) -> None:
    """How many values each attribute needs at least: nothing is written any more without them."""
    assets = await assets_of(unit)
    async for entry in unit.backup.entries(Kind.ASSET_OBJECT_TYPE):
        demanding = [each for each in attributes_in(entry) if _demands(each)]
        sources = [str(each["id"]) for each in demanding]
        targets = await unit.identities.get(identity_kinds.ASSET_ATTRIBUTE, sources)
        kinds = await unit.identities.get(identity_kinds.ASSET_OBJECT_TYPE, [entry.key])
        for attribute in demanding:
            if str(attribute["id"]) in targets and entry.key in kinds:
                target = targets[str(attribute["id"])]
                await _demand(unit, assets, kinds[entry.key], target, attribute)


def _demands(attribute: Json) -> bool:
    return int(attribute.get("minimumCardinality") or 0) > 0 and not attribute.get("system")


async def _demand(
    unit: ImportUnit, assets: AssetsSite, kind: str, target: str, attribute: Json
) -> None:
    body = {name: attribute[name] for name in ("name", "type", "minimumCardinality")}
    default: Json = attribute.get("defaultType") or {}
    body |= {"defaultTypeId": default["id"]} if default else {}
    try:
        await assets.put_json(ONE, body, kind=kind, attribute=target)
    except _REFUSALS as error:
        key, reason = str(attribute["name"]), "ASSET_DEMAND_REFUSED"
        unit.tally.remark(Kind.ASSET_OBJECT_TYPE, key, reason, error.message)
