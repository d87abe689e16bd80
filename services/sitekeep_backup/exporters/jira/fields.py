"""Fields; those in the trash are named."""

from __future__ import annotations

import msgspec

from sitekeep_backup.exporters.jira.app_options import plan_app_options
from sitekeep_backup.exporters.jira.field_contexts import plan_contexts
from sitekeep_backup.exporters.jira.learnt_options import plan_learnt_options
from sitekeep_backup.exporters.jira.listing import read_page, spawn_next, store_items
from sitekeep_backup.exporters.jira.raw import decode_array
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

TRASH_PAGE = 50
"""The usual page of field/search/trashed (Jira REST v3 names no largest one)."""

FIRST = (
    UnitPlan(ExportPhase.CONFIGURATION, "fields", "fields"),
    UnitPlan(ExportPhase.CONFIGURATION, "trashed-fields", "trashed-fields"),
)


class _Trashed(msgspec.Struct):
    id: str
    name: str = ""


async def export_fields(unit: ExportUnit) -> None:
    """GET field, one request for all; plans the contexts of the custom ones."""
    items = decode_array(await unit.site.get("/rest/api/3/field"))
    await store_items(unit, Kind.FIELD, items)
    plan_contexts(unit, items)
    plan_learnt_options(unit, items)
    plan_app_options(unit, items)


async def export_trashed_fields(unit: ExportUnit) -> None:
    """Names the fields in the trash: their values come back with them, once they are restored."""
    query = [("maxResults", str(TRASH_PAGE))]
    try:
        page = await read_page(unit, "/rest/api/3/field/search/trashed", query)
    except (SiteForbidden, SiteNotFound, SiteRefused):
        # Only administrators see the trash; that the account is none is said elsewhere.
        return
    for item in page.values:
        field = msgspec.json.decode(item, type=_Trashed)
        message = f"{field.name} is in the trash: it can be read once it is restored on the site."
        unit.tally.remark(Kind.FIELD, field.id, "FIELD_IN_TRASH", message)
    spawn_next(unit, page)
