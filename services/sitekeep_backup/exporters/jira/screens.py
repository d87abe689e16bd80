"""Screens with their tabs and the fields on these, all in their order.

Those of team-managed projects are among them, each with the project as its scope.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sitekeep_backup.exporters.jira.listing import read_page, spawn_next, store_items
from sitekeep_backup.exporters.jira.raw import identity_of
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 100
"""The usual page of screens (Jira REST v3 names no largest one)."""
TABS_PER_PAGE = 100
"""The largest page of screens/tabs (Jira REST v3)."""

SCREENS = "/rest/api/3/screens"
TABS = SCREENS + "/{screen}/tabs"
FIELDS = TABS + "/{tab}/fields"

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "screens", "screens")

Tabs = dict[str, list[dict[str, Any]]]
"""The tabs of screens, by the id of the screen, each with ``id`` and ``name``."""


async def export_screens(unit: ExportUnit) -> None:
    """One page of screens; the tabs of all of them in one list, the fields of each tab alone."""
    query = [("scope", "GLOBAL"), ("scope", "PROJECT"), ("maxResults", str(PAGE_SIZE))]
    page = await read_page(unit, SCREENS, query)
    ids = [identity_of(item) for item in page.values]
    tabs = await _tabs(unit, ids)
    for screen, listed in tabs.items():
        for tab in listed:
            tab["fields"] = await _fields(unit, screen, str(tab["id"]))

    def attributes_of(item: msgspec.Raw) -> dict[str, str]:
        return {"tabs": msgspec.json.encode(tabs[identity_of(item)]).decode()}

    await store_items(unit, Kind.SCREEN, page.values, attributes_of=attributes_of)
    spawn_next(unit, page)


async def _tabs(unit: ExportUnit, screens: Sequence[str]) -> Tabs:
    try:
        return await _tabs_of_all(unit, screens)
    except (SiteNotFound, SiteRefused, SiteForbidden):
        # The bulk endpoint is an experiment of Atlassian's: a site need not have it.
        return {screen: await _tabs_of_one(unit, screen) for screen in screens}


async def _tabs_of_all(unit: ExportUnit, screens: Sequence[str]) -> Tabs:
    """GET screens/tabs, whose page size is called maxResult."""
    found: Tabs = {screen: [] for screen in screens}
    start = 0
    while screens:
        query = [("screenId", screen) for screen in screens]
        query += [("startAt", str(start)), ("maxResult", str(TABS_PER_PAGE))]
        page: dict[str, Any] = await unit.site.get_json(f"{SCREENS}/tabs", query)
        items: list[dict[str, Any]] = page.get("values", [])
        for item in items:
            tab = {"id": item["tabId"], "name": item["tabName"]}
            found[str(item["screenId"])].append(tab)
        start += len(items)
        if not items or page.get("isLast", start >= page.get("total", 0)):
            break
    return found


async def _tabs_of_one(unit: ExportUnit, screen: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = await unit.site.get_json(TABS, screen=screen)
    except SiteNotFound:
        # Deleted since it was listed.
        return []
    return [{"id": tab["id"], "name": tab["name"]} for tab in found]


async def _fields(unit: ExportUnit, screen: str, tab: str) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = await unit.site.get_json(FIELDS, screen=screen, tab=tab)
    except SiteNotFound:
        return []
    return found
