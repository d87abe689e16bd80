"""Issue types, priorities, resolutions, link types and statuses."""

from __future__ import annotations

import msgspec

from sitekeep_backup.exporters.jira.entity_properties import plan_properties
from sitekeep_backup.exporters.jira.listing import read_page, spawn_next, store_items
from sitekeep_backup.exporters.jira.raw import decode_array, identity_of
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.content.entity_properties import Owner
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 200
"""The largest page of statuses/search (Jira REST v3)."""

_PHASE = ExportPhase.CONFIGURATION
FIRST = (
    UnitPlan(_PHASE, "issue-types", "issue-types"),
    UnitPlan(_PHASE, "link-types", "link-types"),
    UnitPlan(_PHASE, "priorities", "priorities"),
    UnitPlan(_PHASE, "resolutions", "resolutions"),
    UnitPlan(_PHASE, "statuses", "statuses"),
)


class _LinkTypes(msgspec.Struct, rename="camel"):
    issue_link_types: list[msgspec.Raw] = []


async def export_issue_types(unit: ExportUnit) -> None:
    """GET issuetype: every issue type, those of single projects included."""
    items = decode_array(await unit.site.get("/rest/api/3/issuetype"))
    await store_items(unit, Kind.ISSUE_TYPE, items)
    plan_properties(unit, Owner.ISSUE_TYPE, [identity_of(item) for item in items])


async def export_link_types(unit: ExportUnit) -> None:
    """GET issueLinkType."""
    body = await unit.site.get("/rest/api/3/issueLinkType")
    items = msgspec.json.decode(body, type=_LinkTypes).issue_link_types
    await store_items(unit, Kind.ISSUE_LINK_TYPE, items)


async def _export_listing(unit: ExportUnit, kind: Kind, template: str) -> None:
    page = await read_page(unit, template, [("maxResults", str(PAGE_SIZE))])
    await store_items(unit, kind, page.values)
    spawn_next(unit, page)


async def export_priorities(unit: ExportUnit) -> None:
    """One page of priority/search."""
    await _export_listing(unit, Kind.PRIORITY, "/rest/api/3/priority/search")


async def export_resolutions(unit: ExportUnit) -> None:
    """One page of resolution/search."""
    await _export_listing(unit, Kind.RESOLUTION, "/rest/api/3/resolution/search")


async def export_statuses(unit: ExportUnit) -> None:
    """One page of statuses/search: global ones and those of single projects."""
    await _export_listing(unit, Kind.STATUS, "/rest/api/3/statuses/search")
