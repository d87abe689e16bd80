"""Where the Assets of a site are: the workspace, and the gateway that answers for it."""

from __future__ import annotations

from sitekeep_backup.exporters.assets import objects, schemas, statuses
from sitekeep_backup.exporters.assets.trouble import miss_assets
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.assets_site import AssetsSite, workspaces_of
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.work.unit import UnitPlan

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "assets", "assets")

RUN = {
    "asset-schemas": schemas.export_schemas,
    "asset-statuses": statuses.export_statuses,
    "asset-types": schemas.export_types,
    "asset-objects": objects.export_objects,
}
"""The units that are planned once there is a workspace."""


async def export_assets(unit: ExportUnit) -> None:
    """Plans the schemas of the workspace; a site without Assets has none."""
    try:
        found = await workspaces_of(unit.site)
    except (SiteForbidden, SiteNotFound, SiteRefused):
        # No Jira Service Management on the site.
        return
    for other in found[1:]:
        miss_assets(unit, other, "A site has one workspace; this further one is not read.")
    if found:
        await _plan(unit, found[0])


async def _plan(unit: ExportUnit, workspace: str) -> None:
    try:
        arguments = {"cloud": await unit.site.cloud_id(), "workspace": workspace}
        AssetsSite.of(unit.site, **arguments)
    except (SiteForbidden, SiteNotFound, SiteRefused) as error:
        miss_assets(unit, workspace, error.message)
    except ValueError as error:
        miss_assets(unit, workspace, str(error))
    else:
        phase = ExportPhase.CONFIGURATION
        unit.spawn(UnitPlan(phase, "asset-schemas", "asset-schemas", arguments))
