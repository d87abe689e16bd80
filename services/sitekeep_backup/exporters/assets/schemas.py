"""Object schemas, and their types with the attributes of each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import msgspec

from sitekeep_backup.exporters.assets.trouble import assets_of, miss_assets
from sitekeep_backup.exporters.jira.listing import spawn_next, store_items
from sitekeep_backup.exporters.jira.raw import decode_array, decode_page, identity_of, join_array
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import (
    SiteForbidden,
    SiteNotFound,
    SiteRefused,
    SiteUnauthorized,
)
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 25
"""The usual page of objectschema/list."""


async def export_schemas(unit: ExportUnit) -> None:
    """One page of objectschema/list; plans the types and objects of each schema, and statuses."""
    start = str(unit.plan.arguments.get("start", 0))
    query = [("startAt", start), ("maxResults", str(PAGE_SIZE)), ("includeCounts", "true")]
    assets = assets_of(unit)
    try:
        page = decode_page(await assets.get("/objectschema/list", query))
    except (SiteForbidden, SiteNotFound, SiteRefused, SiteUnauthorized) as error:
        miss_assets(unit, assets.workspace, error.message)
        return
    if not page.values:
        return
    await store_items(unit, Kind.ASSET_SCHEMA, page.values)
    schemas = [identity_of(each) for each in page.values]
    arguments = {name: unit.plan.arguments[name] for name in ("cloud", "workspace")}
    for schema in schemas:
        for noun, phase in (("types", unit.plan.phase), ("objects", ExportPhase.CONTENT)):
            key, part = f"asset-{noun}/{schema:>010}", {**arguments, "schema": schema}
            unit.spawn(UnitPlan(phase, key, f"asset-{noun}", part))
    part = {**arguments, "schemas": schemas, "first": start == "0"}
    key = f"asset-statuses/{int(start):06d}"
    unit.spawn(UnitPlan(unit.plan.phase, key, "asset-statuses", part))
    spawn_next(unit, page)


async def export_types(unit: ExportUnit) -> None:
    """The types of a schema, each with the attributes that it has itself."""
    assets = assets_of(unit)
    schema = str(unit.plan.arguments["schema"])
    path = "/objectschema/{schema}/objecttypes/flat"
    for item in decode_array(await assets.get(path, schema=schema)):
        query = [("excludeParentAttributes", "true")]
        path = "/objecttype/{kind}/attributes"
        listed = decode_array(await assets.get(path, query, kind=identity_of(item)))
        found = {"attributes": join_array(listed).decode(), "schema": schema}
        await store_items(unit, Kind.ASSET_OBJECT_TYPE, [item], attributes_of=partial(_same, found))


def _same(attributes: Mapping[str, str], _: msgspec.Raw) -> Mapping[str, str]:
    return attributes
