"""Notification schemes, and which projects have which."""

from __future__ import annotations

import msgspec

from sitekeep_backup.exporters.jira.listing import read_page, spawn_next, store_items
from sitekeep_backup.exporters.jira.raw import identity_of
from sitekeep_backup.exporters.jira.scheme_projects import projects_by_scheme
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 50
"""The usual page of notificationscheme (Jira REST v3 names no largest one)."""

SCHEMES = "/rest/api/3/notificationscheme"

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "notification-schemes", "notification-schemes")


async def export_notification_schemes(unit: ExportUnit) -> None:
    """One page of schemes with every recipient, and the projects that have them."""
    query = [("expand", "all"), ("maxResults", str(PAGE_SIZE))]
    page = await read_page(unit, SCHEMES, query)
    ids = [identity_of(item) for item in page.values]
    projects = await projects_by_scheme(unit, SCHEMES, "notificationSchemeId", ids)

    def attributes_of(item: msgspec.Raw) -> dict[str, str]:
        return {"projects": msgspec.json.encode(projects[identity_of(item)]).decode()}

    await store_items(unit, Kind.NOTIFICATION_SCHEME, page.values, attributes_of=attributes_of)
    spawn_next(unit, page)
