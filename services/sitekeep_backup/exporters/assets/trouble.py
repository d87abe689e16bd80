"""Assets that are there and cannot be read: named, and the backup is not complete."""

from __future__ import annotations

from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.assets_site import AssetsSite
from sitekeep_shared.kinds import Kind


def miss_assets(unit: ExportUnit, workspace: str, message: str) -> None:
    """Says that the Assets of a workspace are missing, with the reason why."""
    unit.tally.expect(Kind.ASSET_SCHEMA)
    unit.tally.missing(Kind.ASSET_SCHEMA, workspace, "ASSETS_NOT_READABLE", message)


def assets_of(unit: ExportUnit) -> AssetsSite:
    """The Assets that the arguments of a unit name."""
    arguments = unit.plan.arguments
    return AssetsSite.of(unit.site, str(arguments["cloud"]), str(arguments["workspace"]))
