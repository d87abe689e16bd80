"""Categories of projects."""

from __future__ import annotations

from sitekeep_backup.exporters.jira.listing import store_items
from sitekeep_backup.exporters.jira.raw import decode_array
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "categories", "categories")


async def export_categories(unit: ExportUnit) -> None:
    """GET projectCategory: all of them in one request."""
    items = decode_array(await unit.site.get("/rest/api/3/projectCategory"))
    await store_items(unit, Kind.PROJECT_CATEGORY, items)
