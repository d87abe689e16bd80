"""Objects, page by page, with the history of those that were changed."""

from __future__ import annotations

from typing import Any

import msgspec

from sitekeep_backup.exporters.assets.trouble import assets_of
from sitekeep_backup.exporters.jira.raw import OffsetPage, decode_page, identity_of
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.assets_site import AssetsSite
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 100
"""What is asked for; how many come is the site's to say."""


class _Dated(msgspec.Struct):
    created: str = ""
    updated: str = ""


async def export_objects(unit: ExportUnit) -> None:
    """One page of a schema's objects, in the order of their keys."""
    assets = assets_of(unit)
    schema, start = str(unit.plan.arguments["schema"]), int(unit.plan.arguments.get("start", 0))
    query = [("startAt", str(start)), ("maxResults", str(PAGE_SIZE))]
    query.append(("includeAttributes", "true"))
    body = {"qlQuery": f"objectSchemaId = {schema} ORDER BY Key ASC"}
    page = decode_page(await assets.find("/object/aql", body, query))
    unit.tally.expect(Kind.ASSET_OBJECT, len(page.values))
    for item in page.values:
        attributes = {"schema": schema, "history": await _history(unit, assets, item)}
        payload = bytes(item)
        key = identity_of(item)
        await unit.records.put_record(Kind.ASSET_OBJECT, key, payload, attributes=attributes)
        unit.tally.done(Kind.ASSET_OBJECT, len(payload))
    await _go_on(unit, assets, page, start)


async def _go_on(unit: ExportUnit, assets: AssetsSite, page: OffsetPage, start: int) -> None:
    """Plans the next page; after the last one the site's own count is compared."""
    following = start + len(page.values)
    if page.values and not page.is_last:
        stem = unit.plan.key.partition("@")[0]
        arguments = {**unit.plan.arguments, "start": following}
        key = f"{stem}@{following:010d}"
        unit.spawn(UnitPlan(unit.plan.phase, key, unit.plan.kind, arguments))
        return
    schema = str(unit.plan.arguments["schema"])
    body = {"qlQuery": f"objectSchemaId = {schema}"}
    answer: Any = msgspec.json.decode(await assets.find("/object/aql/totalcount", body))
    lacking = int(answer.get("totalCount", 0)) - following
    if lacking > 0:
        unit.tally.expect(Kind.ASSET_OBJECT, lacking)
        message = f"The site counts {lacking} more objects than it lists of this schema."
        reason = "ASSET_OBJECTS_NOT_LISTED"
        unit.tally.missing(Kind.ASSET_OBJECT, schema, reason, message, count=lacking)


async def _history(unit: ExportUnit, assets: AssetsSite, item: msgspec.Raw) -> str:
    """The JSON of an object's history; of one that nobody changed it says nothing."""
    dated = msgspec.json.decode(item, type=_Dated)
    if dated.updated == dated.created:
        return ""
    key = identity_of(item)
    try:
        return (await assets.get("/object/{object}/history", object=key)).decode()
    except (SiteForbidden, SiteNotFound, SiteRefused) as error:
        reason = "ASSET_HISTORY_NOT_READABLE"
        unit.tally.remark(Kind.ASSET_OBJECT, key, reason, error.message)
        return ""
