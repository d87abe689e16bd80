"""Service desks: their list says whether the site has Jira Service Management at all."""

from __future__ import annotations

import msgspec

from sitekeep_backup.exporters.jira.raw import identity_of, join_array
from sitekeep_backup.exporters.service_management import (
    articles,
    customers,
    organizations,
    queues,
    request_types,
)
from sitekeep_backup.exporters.service_management.pages import (
    CLOSED,
    ServicePage,
    all_items,
    read_service_page,
    spawn_next_page,
)
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

DESKS = "/servicedesk"
_DESK = DESKS + "/{desk}"

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "service-desks", "service-desks")


class _Desk(msgspec.Struct, rename="camel"):
    id: str
    project_id: str
    project_key: str = ""


async def export_service_desks(unit: ExportUnit) -> None:
    """One page of desks; plans what each has. A site without the app has no list of them."""
    page = await _page(unit)
    if page is None:
        return
    if "start" not in unit.plan.arguments:
        unit.spawn(organizations.FIRST)
    desks = [msgspec.json.decode(item, type=_Desk) for item in page.values]
    if not desks:
        return
    unit.tally.expect(Kind.SERVICE_DESK, len(desks))
    for desk, item in zip(desks, page.values, strict=True):
        await _store(unit, desk, bytes(item))
        unit.spawn(*(plan(desk.id) for plan in (request_types.of, queues.of, articles.of)))
    unit.spawn(customers.of([desk.id for desk in desks]))
    spawn_next_page(unit, page)


async def _page(unit: ExportUnit) -> ServicePage | None:
    try:
        return await read_service_page(unit, DESKS)
    except SiteNotFound:
        return None
    except (SiteForbidden, SiteRefused) as refusal:
        reason = "SERVICE_DESKS_NOT_VISIBLE"
        unit.tally.remark(Kind.SERVICE_DESK, "servicedesk", reason, refusal.message)
        return None


async def _store(unit: ExportUnit, desk: _Desk, payload: bytes) -> None:
    attributes = {"project": desk.project_id, "key": desk.project_key}
    try:
        ids = [identity_of(o) async for o in all_items(unit, f"{_DESK}/organization", desk=desk.id)]
        attributes["organizations"] = msgspec.json.encode(ids).decode()
        groups = [g async for g in all_items(unit, f"{_DESK}/requesttypegroup", desk=desk.id)]
        attributes["groups"] = join_array(groups).decode()
    except CLOSED as refusal:
        reason = "SERVICE_DESK_NOT_READABLE"
        unit.tally.remark(Kind.SERVICE_DESK, desk.project_key, reason, refusal.message)
    await unit.records.put_record(Kind.SERVICE_DESK, desk.id, payload, attributes=attributes)
    unit.tally.done(Kind.SERVICE_DESK, len(payload))
