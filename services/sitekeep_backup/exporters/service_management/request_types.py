"""Request types, those on no portal included, each with its form and its properties."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from functools import partial

from sitekeep_backup.exporters.jira.raw import identity_of
from sitekeep_backup.exporters.service_management.desk_lists import plan_list, read_desk_page
from sitekeep_backup.exporters.service_management.pages import API, CLOSED, spawn_next_page
from sitekeep_backup.exporters.service_management.properties import properties_of
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order

CONCURRENT_TYPES = 4
ONE = "/servicedesk/{desk}/requesttype/{request_type}"

of = partial(plan_list, "request-types")
"""The unit of a desk's request types."""


async def export_request_types(unit: ExportUnit) -> None:
    """One page of a desk's request types; no list shows hidden fields and properties."""
    desk = str(unit.plan.arguments["desk"])
    page = await read_desk_page(unit, Kind.REQUEST_TYPE, "requesttype")
    calls = [partial(_attributes, unit, desk, identity_of(item)) for item in page.values]
    async with aclosing(in_order(calls, limit=CONCURRENT_TYPES)) as read:
        place = 0
        async for attributes in read:
            key, payload = identity_of(page.values[place]), bytes(page.values[place])
            place += 1
            unit.tally.expect(Kind.REQUEST_TYPE)
            await unit.records.put_record(
                Kind.REQUEST_TYPE, f"{desk:>010}/{key:>010}", payload, attributes=attributes
            )
            unit.tally.done(Kind.REQUEST_TYPE, len(payload))
    spawn_next_page(unit, page)


async def _attributes(unit: ExportUnit, desk: str, request_type: str) -> Mapping[str, str]:
    """The ``form`` and the ``properties`` of a request type, as JSON texts."""
    attributes = {"desk": desk, "id": request_type}
    path = {"desk": desk, "request_type": request_type}
    try:
        query = [("expand", "hiddenFields")]
        form = await unit.site.get(f"{API}{ONE}/field", query, **path)
        attributes["form"] = form.decode()
        attributes["properties"] = await properties_of(unit, ONE, **path)
    except CLOSED as refusal:
        reason = "REQUEST_TYPE_NOT_READABLE"
        unit.tally.remark(Kind.REQUEST_TYPE, request_type, reason, refusal.message)
    return attributes
