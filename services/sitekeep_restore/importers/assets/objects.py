"""Objects: made without references, which need all of them to be there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from sitekeep_restore.importers.assets.destination import assets_of
from sitekeep_restore.importers.assets.values import Translation, Values, body_of, raw_values
from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, batch_of, read_json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.assets_site import AssetsSite
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import concurrently

OBJECTS_PER_UNIT = 50
CONCURRENT_EDITS = 4
_ATTRIBUTE = "rlabs-insight-attribute-"
"""What the fields of a refusal begin with: the id of the attribute follows."""
_REFUSALS = (SiteForbidden, SiteNotFound, SiteRefused)


async def import_objects(unit: ImportUnit) -> None:
    """Some objects, one after the other: they get their keys in the order of the original ones."""
    items = await _batch(unit)
    if not items:
        return
    unit.tally.expect(Kind.ASSET_OBJECT, len(items))
    writer = await _Writer.of(unit, items)
    for item in items:
        await writer.write(item)
    writer.losses.report()


async def _batch(unit: ImportUnit) -> list[Json]:
    entries = await batch_of(unit, Kind.ASSET_OBJECT, OBJECTS_PER_UNIT)
    return [await read_json(unit.backup, entry) for entry in entries]


class _Writer:
    """Makes the objects of one unit."""

    def __init__(
        self,
        unit: ImportUnit,
        assets: AssetsSite,
        translation: Translation,
        kinds: Mapping[str, str],
        known: Mapping[str, str],
    ) -> None:
        self.losses = LossCounter(unit.tally)
        self._unit = unit
        self._assets = assets
        self._translation = translation
        self._kinds = kinds
        self._known = known
        self._left_over: dict[str, list[tuple[str, Values]]] = {}

    @classmethod
    async def of(cls, unit: ImportUnit, items: Sequence[Json]) -> _Writer:
        """Knows what an earlier attempt has written down."""
        kinds = {str(item["objectType"]["id"]) for item in items}
        targets = await unit.identities.get(identity_kinds.ASSET_OBJECT_TYPE, kinds)
        sources = [str(item["id"]) for item in items]
        known = await unit.identities.get(identity_kinds.ASSET_OBJECT, sources)
        translation = await Translation.of(unit, items)
        return cls(unit, await assets_of(unit), translation, targets, known)

    async def write(self, item: Json) -> None:
        """Makes an object, unless an earlier attempt has."""
        key, kind = str(item["objectKey"]), self._kinds.get(str(item["objectType"]["id"]))
        if kind is None:
            self._miss(key, "ASSET_OBJECT_TYPE_MISSING", "Its type is missing.")
            return
        values, lost = self._translation.values(item, references=False)
        self.losses.add(Kind.ASSET_OBJECT, Loss.ASSET_VALUE_NOT_RESTORABLE, key, lost)
        target = self._known.get(str(item["id"])) or await self._adopted(kind, values)
        try:
            target = target or await self._make(key, kind, values)
        except _REFUSALS as error:
            self._miss(key, "ASSET_OBJECT_REFUSED", error.message)
            return
        await self._unit.identities.put(identity_kinds.ASSET_ADOPTED, {target: str(item["id"])})
        await self._unit.identities.put(identity_kinds.ASSET_OBJECT, {str(item["id"]): target})
        self.losses.add(Kind.ASSET_OBJECT, Loss.ASSET_OBJECT_KEY, key)
        self._unit.tally.done(Kind.ASSET_OBJECT, lossy=True)

    async def _make(self, key: str, kind: str, values: Values) -> str:
        """Makes it; what a refusal names is left out, once."""
        try:
            return await self._post(kind, values)
        except SiteRefused as error:
            refused = {each.removeprefix(_ATTRIBUTE) for each in error.errors} & values.keys()
            if not refused:
                raise
        kept = {name: found for name, found in values.items() if name not in refused}
        self.losses.add(Kind.ASSET_OBJECT, Loss.ASSET_VALUE_REFUSED, key, len(refused))
        return await self._post(kind, kept)

    async def _post(self, kind: str, values: Values) -> str:
        body = {"objectTypeId": kind, "attributes": body_of(values)}
        made: Json = await self._assets.post_json("/object/create", body)
        return str(made["id"])

    def _miss(self, key: str, reason: str, text: str) -> None:
        self._unit.tally.missing(Kind.ASSET_OBJECT, key, reason, text)

    async def _adopted(self, kind: str, values: Values) -> str | None:
        """An equal object that an earlier attempt made without getting as far as noting it."""
        if self._unit.first_attempt:
            return None
        if kind not in self._left_over:
            self._left_over[kind] = await self._unnoted(kind)
        for place, (target, found) in enumerate(self._left_over[kind]):
            if {name: found.get(name, []) for name in values} == values:
                del self._left_over[kind][place]
                return target
        return None

    async def _unnoted(self, kind: str) -> list[tuple[str, Values]]:
        items: list[Json] = []
        page: Json = {"values": [{}]}
        while page["values"] and not page.get("isLast"):
            query = [("startAt", str(len(items))), ("maxResults", "100")]
            body = {"qlQuery": f"objectTypeId = {kind} ORDER BY Key ASC"}
            query.append(("includeAttributes", "true"))
            page = msgspec.json.decode(await self._assets.find("/object/aql", body, query))
            items += page["values"]
        ids = [str(item["id"]) for item in items]
        noted = await self._unit.identities.get(identity_kinds.ASSET_ADOPTED, ids)
        return [(str(i["id"]), raw_values(i)) for i in items if str(i["id"]) not in noted]


async def import_references(unit: ImportUnit) -> None:
    """The references of some objects: an edit for each that has any."""
    items = await _batch(unit)
    sources = [str(item["id"]) for item in items]
    targets = await unit.identities.get(identity_kinds.ASSET_OBJECT, sources)
    if not targets:
        return
    assets, losses = await assets_of(unit), LossCounter(unit.tally)
    translation = await Translation.of(unit, items)
    edits: list[_Edit] = []
    for item in items:
        target = targets.get(str(item["id"]))
        values, lost = translation.values(item, references=True)
        if target is not None:
            key = str(item["objectKey"])
            losses.add(Kind.ASSET_OBJECT, Loss.ASSET_VALUE_NOT_RESTORABLE, key, lost)
            edits += [_Edit(target, item, values)] if values else []
    calls = [partial(_refer, unit, assets, edit, losses) for edit in edits]
    await concurrently(calls, limit=CONCURRENT_EDITS)
    losses.report()


@dataclass(frozen=True)
class _Edit:
    target: str
    item: Json
    values: Values


async def _refer(unit: ImportUnit, assets: AssetsSite, edit: _Edit, losses: LossCounter) -> None:
    source = str(edit.item["objectType"]["id"])
    kinds = await unit.identities.get(identity_kinds.ASSET_OBJECT_TYPE, [source])
    body = {"objectTypeId": kinds[source], "attributes": body_of(edit.values)}
    try:
        await assets.put_json("/object/{object}", body, object=edit.target)
    except _REFUSALS:
        key = str(edit.item["objectKey"])
        losses.add(Kind.ASSET_OBJECT, Loss.ASSET_VALUE_REFUSED, key, len(edit.values))
