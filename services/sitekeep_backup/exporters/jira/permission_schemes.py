"""Permission schemes, and which of them a project has."""

from __future__ import annotations

import msgspec

from sitekeep_backup.exporters.jira.listing import store_items
from sitekeep_backup.exporters.jira.raw import identity_of
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

SCHEMES = "/rest/api/3/permissionscheme"
OF_PROJECT = "/rest/api/3/project/{project}/permissionscheme"

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "permission-schemes", "permission-schemes")


class _Schemes(msgspec.Struct, rename="camel"):
    permission_schemes: list[msgspec.Raw] = []


async def export_permission_schemes(unit: ExportUnit) -> None:
    """GET permissionscheme: every scheme with every grant in one request."""
    body = await unit.site.get(SCHEMES, [("expand", "all")])
    items = msgspec.json.decode(body, type=_Schemes).permission_schemes
    await store_items(unit, Kind.PERMISSION_SCHEME, items)


async def permission_scheme_of(unit: ExportUnit, project_id: str) -> str:
    """The id of the scheme that a project has: no list tells; empty where the site does not."""
    try:
        return identity_of(await unit.site.get(OF_PROJECT, project=project_id))
    except (SiteForbidden, SiteNotFound, SiteRefused):
        return ""
