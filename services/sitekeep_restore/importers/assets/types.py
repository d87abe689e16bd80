"""Object types, parents first; the attributes of each are a unit of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sitekeep_restore.importers.assets.destination import assets_of
from sitekeep_restore.importers.assets.tree import parent_of, parents_first
from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, by_name, fold, read_all
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.assets_site import AssetsSite
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan


async def import_types(unit: ImportUnit) -> None:
    """Every type of every schema; plans the attributes of each."""
    assets = await assets_of(unit)
    types = await read_all(unit.backup, Kind.ASSET_OBJECT_TYPE)
    unit.tally.expect(Kind.ASSET_OBJECT_TYPE, len(types))
    sources = {str(each["objectSchemaId"]) for each in types}
    schemas = await unit.identities.get(identity_kinds.ASSET_SCHEMA, sources)
    writer = _Writer(unit, assets, schemas, LossCounter(unit.tally))
    await writer.prepare()
    for found in parents_first(types):
        await writer.write(found)
    await unit.identities.put(identity_kinds.ASSET_OBJECT_TYPE, writer.made)
    writer.losses.report()


class _Writer:
    """Writes the types of one unit."""

    def __init__(
        self,
        unit: ImportUnit,
        assets: AssetsSite,
        schemas: Mapping[str, str],
        losses: LossCounter,
    ) -> None:
        self.losses = losses
        self._unit = unit
        self._assets = assets
        self._schemas = schemas
        self._existing: dict[str, dict[str, Any]] = {}
        self._icons: dict[str, Any] = {}
        self._made: dict[str, str] = {}

    async def prepare(self) -> None:
        """What is there: icons, and the types of an earlier attempt."""
        self._icons = by_name(await self._assets.get_json("/icon/global"))
        for target in self._schemas.values():
            path = "/objectschema/{schema}/objecttypes/flat"
            listed = await self._assets.get_json(path, schema=target)
            self._existing[target] = by_name(listed)

    async def write(self, source: Json) -> None:
        """Makes a type, or finds it by its name."""
        name, schema = str(source["name"]), self._schemas.get(str(source["objectSchemaId"]), "")
        if not schema or (parent_of(source) and parent_of(source) not in self._made):
            self._miss(name, "ASSET_SCHEMA_MISSING", "Its schema or its parent is missing.")
            return
        icon = self._icon(source)
        found: Json | None = self._existing[schema].get(fold(name))
        try:
            made: Json = found or await self._assets.post_json(
                "/objecttype/create", self._body(source, schema, icon)
            )
        except (SiteForbidden, SiteNotFound, SiteRefused) as error:
            self._miss(name, "ASSET_OBJECT_TYPE_REFUSED", error.message)
            return
        self._note(source, str(made["id"]), lossy=icon.get("name") != _icon_name(source))

    def _note(self, source: Json, target: str, *, lossy: bool) -> None:
        identifier = str(source["id"])
        self._made[identifier] = target
        if lossy:
            self.losses.add(Kind.ASSET_OBJECT_TYPE, Loss.ASSET_ICON_REPLACED, str(source["name"]))
        self._unit.tally.done(Kind.ASSET_OBJECT_TYPE, lossy=lossy)
        arguments = {"id": identifier, "target": target}
        key = f"asset-attributes/{identifier:>010}"
        phase = ImportPhase.CONTAINERS
        self._unit.spawn(UnitPlan(phase, key, "asset-attributes", arguments))

    @property
    def made(self) -> Mapping[str, str]:
        """Source → target id of the types."""
        return self._made

    def _miss(self, name: str, reason: str, text: str) -> None:
        self._unit.tally.missing(Kind.ASSET_OBJECT_TYPE, name, reason, text)

    def _icon(self, source: Json) -> Json:
        """The icon of that name, else the first one: those of users cannot be made."""
        first = next(iter(self._icons.values()), {"id": "1"})
        found: Json = self._icons.get(fold(_icon_name(source)), first)
        return found

    def _body(self, source: Json, schema: str, icon: Json) -> Json:
        body: Json = {
            "name": source["name"],
            "description": str(source.get("description") or ""),
            "iconId": str(icon["id"]),
            "objectSchemaId": schema,
            "inherited": bool(source.get("inherited")),
            "abstractObjectType": bool(source.get("abstractObjectType")),
        }
        parent = parent_of(source)
        return {**body, "parentObjectTypeId": self._made[parent]} if parent else body


def _icon_name(source: Json) -> str:
    icon: Json = source.get("icon") or {}
    return str(icon.get("name", ""))
