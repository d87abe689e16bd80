"""Object schemas and the statuses that objects can have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sitekeep_restore.importers.assets.destination import assets_of
from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, by_name, fold, read_all
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.assets_site import AssetsSite
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

_REFUSALS = (SiteForbidden, SiteNotFound, SiteRefused)
_PAGE = 25


async def import_schemas(unit: ImportUnit) -> None:
    """Every schema, then the statuses of all."""
    assets = await assets_of(unit)
    existing = {str(each["objectSchemaKey"]): each for each in await schemas_at(assets)}
    for schema in await read_all(unit.backup, Kind.ASSET_SCHEMA):
        unit.tally.expect(Kind.ASSET_SCHEMA)
        await _import(unit, assets, schema, existing)
    await _import_statuses(unit, assets)


async def schemas_at(assets: AssetsSite) -> list[Json]:
    """Every schema of a workspace."""
    found: list[Json] = []
    while True:
        query = [("startAt", str(len(found))), ("maxResults", str(_PAGE))]
        page: Json = await assets.get_json("/objectschema/list", query)
        values: list[Json] = page.get("values", [])
        found.extend(values)
        if not values or page.get("isLast", len(found) >= page.get("total", 0)):
            return found


async def _import(
    unit: ImportUnit, assets: AssetsSite, schema: Json, existing: Mapping[str, Any]
) -> None:
    source, key = str(schema["id"]), str(schema["objectSchemaKey"])
    found: Json | None = existing.get(key)
    meant = await unit.identities.get(identity_kinds.ASSET_INTENT, [source])
    if found is not None and not meant:
        reason, text = "ASSET_SCHEMA_KEY_TAKEN", "A schema of that key is there already."
        unit.tally.missing(Kind.ASSET_SCHEMA, key, reason, text)
        return
    await unit.identities.put(identity_kinds.ASSET_INTENT, {source: key})
    body = {"name": schema["name"], "objectSchemaKey": key}
    body["description"] = str(schema.get("description") or "")
    try:
        made: Json = found or await assets.post_json("/objectschema/create", body)
    except _REFUSALS as error:
        unit.tally.missing(Kind.ASSET_SCHEMA, key, "ASSET_SCHEMA_REFUSED", error.message)
        return
    await unit.identities.put(identity_kinds.ASSET_SCHEMA, {source: str(made["id"])})
    unit.tally.done(Kind.ASSET_SCHEMA)


async def _import_statuses(unit: ImportUnit, assets: AssetsSite) -> None:
    statuses = await read_all(unit.backup, Kind.ASSET_STATUS)
    sources = {str(each.get("objectSchemaId") or "") for each in statuses}
    schemas = await unit.identities.get(identity_kinds.ASSET_SCHEMA, sources - {""})
    losses = LossCounter(unit.tally)
    unit.tally.expect(Kind.ASSET_STATUS, len(statuses))
    for source in sorted(sources):
        own = [each for each in statuses if str(each.get("objectSchemaId") or "") == source]
        if source and source not in schemas:
            text = "The schema of these statuses is missing."
            reason = "ASSET_SCHEMA_MISSING"
            unit.tally.missing(Kind.ASSET_STATUS, source, reason, text, count=len(own))
            continue
        target = schemas.get(source, "")
        query = [("objectSchemaId", target)] if target else []
        listed: list[Json] = await assets.get_json("/config/statustype", query)
        for status in own:
            await _import_status(unit, assets, status, target, by_name(listed), losses)
    losses.report()


async def _import_status(
    unit: ImportUnit,
    assets: AssetsSite,
    status: Json,
    schema: str,
    existing: Mapping[str, Any],
    losses: LossCounter,
) -> None:
    name = str(status["name"])
    body: Json = {"name": name, "category": status["category"]}
    body["description"] = str(status.get("description") or "")
    found: Json | None = existing.get(fold(name))
    try:
        made: Json = found or await assets.post_json(
            "/config/statustype", {**body, "objectSchemaId": schema} if schema else body
        )
    except _REFUSALS as error:
        unit.tally.missing(Kind.ASSET_STATUS, name, "ASSET_STATUS_REFUSED", error.message)
        return
    other = any(made.get(part) != body[part] for part in ("category", "description"))
    if other:
        losses.add(Kind.ASSET_STATUS, Loss.ASSET_STATUS_KEPT, name)
    await unit.identities.put(identity_kinds.ASSET_STATUS, {str(status["id"]): str(made["id"])})
    unit.tally.done(Kind.ASSET_STATUS, lossy=other)
