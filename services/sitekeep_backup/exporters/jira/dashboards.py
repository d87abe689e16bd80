"""Dashboards, each with its gadgets and their properties."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from functools import partial

import msgspec

from sitekeep_backup.exporters.jira.listing import read_page, spawn_next
from sitekeep_backup.exporters.jira.raw import identity_of, join_array
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.invisible import DASHBOARD_IN_TRASH
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 100
CONCURRENT_DASHBOARDS = 5
EXPANDED = "description,owner,sharePermissions,editPermissions"
IN_TRASH = "deleted"
_ONE = "/rest/api/3/dashboard/{dashboard}"
_PROPERTIES = _ONE + "/items/{gadget}/properties"


def _listing(state: str) -> UnitPlan:
    key = f"dashboards/{state}"
    return UnitPlan(ExportPhase.CONFIGURATION, key, "dashboards", {"state": state})


FIRST = (_listing("active"), _listing("archived"), _listing(IN_TRASH))


class _Listed(msgspec.Struct, rename="camel"):
    id: str
    name: str = ""
    system_dashboard: bool = False


class _Gadgets(msgspec.Struct):
    gadgets: list[msgspec.Raw] = []


class _Key(msgspec.Struct):
    key: str


class _Keys(msgspec.Struct):
    keys: list[_Key] = []


class _Property(msgspec.Struct):
    value: msgspec.Raw = msgspec.Raw(b"null")


async def export_dashboards(unit: ExportUnit) -> None:
    """One page of the dashboards of a state; the one that comes with Jira is left out."""
    state = str(unit.plan.arguments["state"])
    query = [
        ("status", state),
        ("expand", EXPANDED),
        ("orderBy", "id"),
        ("maxResults", str(PAGE_SIZE)),
    ]
    page = await read_page(unit, "/rest/api/3/dashboard/search", query)
    listed = [(msgspec.json.decode(item, type=_Listed), bytes(item)) for item in page.values]
    made = [(each, payload) for each, payload in listed if not each.system_dashboard]
    if state == IN_TRASH:
        _report_trash(unit, [each for each, _ in made])
    else:
        await _store(unit, state, made)
    spawn_next(unit, page)


def _report_trash(unit: ExportUnit, dashboards: list[_Listed]) -> None:
    for each in dashboards:
        message = f"{each.name} is in the trash: it can be backed up once it is restored."
        unit.tally.remark(Kind.DASHBOARD, each.id, DASHBOARD_IN_TRASH, message)


async def _store(unit: ExportUnit, state: str, made: list[tuple[_Listed, bytes]]) -> None:
    unit.tally.expect(Kind.DASHBOARD, len(made))
    calls = [partial(_attributes, unit, each.id) for each, _ in made]
    place = 0
    async with aclosing(in_order(calls, limit=CONCURRENT_DASHBOARDS)) as filled:
        async for attributes in filled:
            each, payload = made[place]
            whole = {**attributes, "state": state}
            await unit.records.put_record(Kind.DASHBOARD, each.id, payload, attributes=whole)
            unit.tally.done(Kind.DASHBOARD, len(payload))
            place += 1


async def _attributes(unit: ExportUnit, dashboard: str) -> Mapping[str, str]:
    """As JSON texts: the ``gadgets``, and by gadget id their ``properties`` by key."""
    try:
        body = await unit.site.get(_ONE + "/gadget", dashboard=dashboard)
        gadgets = msgspec.json.decode(body, type=_Gadgets).gadgets
        found = {
            identity_of(gadget): await _properties(unit, dashboard, identity_of(gadget))
            for gadget in gadgets
        }
    except (SiteForbidden, SiteNotFound, SiteRefused) as refusal:
        reason = "DASHBOARD_GADGETS_NOT_READABLE"
        unit.tally.remark(Kind.DASHBOARD, dashboard, reason, refusal.message)
        return {}
    properties = msgspec.json.encode(found).decode()
    return {"gadgets": join_array(gadgets).decode(), "properties": properties}


async def _properties(unit: ExportUnit, dashboard: str, gadget: str) -> dict[str, msgspec.Raw]:
    body = await unit.site.get(_PROPERTIES, dashboard=dashboard, gadget=gadget)
    found: dict[str, msgspec.Raw] = {}
    for each in msgspec.json.decode(body, type=_Keys).keys:
        template = _PROPERTIES + "/{property}"
        value = await unit.site.get(template, dashboard=dashboard, gadget=gadget, property=each.key)
        found[each.key] = msgspec.json.decode(value, type=_Property).value
    return found
