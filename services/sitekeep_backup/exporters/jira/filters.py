"""Filters: saved queries with whom they are shared."""

from __future__ import annotations

from sitekeep_backup.exporters.jira.filter_columns import export_filter_columns
from sitekeep_backup.exporters.jira.listing import read_page, spawn_next, store_items
from sitekeep_backup.exporters.jira.raw import identity_of
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 100
"""The largest page of filter/search (Jira REST v3)."""

EXPANDED = "description,owner,jql,sharePermissions,editPermissions,subscriptions"

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "filters", "filters")


async def export_filters(unit: ExportUnit) -> None:
    """One page of filter/search, those that are not shared with the account included.

    Private filters of others stay invisible even so (observed on live sites).
    """
    query = [
        ("overrideSharePermissions", "true"),
        ("expand", EXPANDED),
        ("orderBy", "id"),
        ("maxResults", str(PAGE_SIZE)),
    ]
    page = await read_page(unit, "/rest/api/3/filter/search", query)
    await store_items(unit, Kind.FILTER, page.values)
    await export_filter_columns(unit, [identity_of(item) for item in page.values])
    spawn_next(unit, page)
