"""The statuses that objects can have: those for all schemas, and those of single ones."""

from __future__ import annotations

from sitekeep_backup.exporters.assets.trouble import assets_of
from sitekeep_backup.exporters.jira.listing import store_items
from sitekeep_backup.exporters.jira.raw import attribute_of, decode_array
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.kinds import Kind


async def export_statuses(unit: ExportUnit) -> None:
    """GET config/statustype of some schemas; the list of one may hold those for all, too."""
    assets = assets_of(unit)
    if unit.plan.arguments["first"]:
        items = decode_array(await assets.get("/config/statustype"))
        shared = [each for each in items if not attribute_of(each, "objectSchemaId")]
        await store_items(unit, Kind.ASSET_STATUS, shared)
    for schema in unit.plan.arguments["schemas"]:
        query = [("objectSchemaId", str(schema))]
        items = decode_array(await assets.get("/config/statustype", query))
        own = [each for each in items if attribute_of(each, "objectSchemaId") == str(schema)]
        await store_items(unit, Kind.ASSET_STATUS, own)
