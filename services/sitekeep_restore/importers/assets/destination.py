"""The Assets of the destination: found once, then known to every unit."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import take
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.assets_site import AssetsSite, workspaces_of
from sitekeep_shared.atlassian.errors import (
    SiteForbidden,
    SiteNotFound,
    SiteRefused,
    SiteUnauthorized,
)
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

FIRST = UnitPlan(ImportPhase.CONFIGURATION, "assets", "assets")

WORKSPACE, CLOUD = "workspace", "cloud"
_KINDS = (Kind.ASSET_SCHEMA, Kind.ASSET_STATUS, Kind.ASSET_OBJECT_TYPE, Kind.ASSET_OBJECT)
_UNITS = (
    (ImportPhase.CONFIGURATION, "asset-schemas"),
    (ImportPhase.SCHEMES, "asset-types"),
    (ImportPhase.SETTINGS, "asset-objects"),
    (ImportPhase.CONTENT, "asset-references"),
    (ImportPhase.CLEAN_UP, "asset-demands"),
)


async def import_assets(unit: ImportUnit) -> None:
    """Finds the workspace and plans the rest; a backup without Assets asks for nothing."""
    entries, _ = await take(unit.backup, Kind.ASSET_SCHEMA, 1)
    if not entries:
        return
    try:
        found = await workspaces_of(unit.site)
        cloud = await unit.site.cloud_id() if found else ""
        if found:
            assets = AssetsSite.of(unit.site, cloud, found[0])
            await assets.get("/objectschema/list", [("maxResults", "1")])
    except (SiteForbidden, SiteNotFound, SiteRefused, SiteUnauthorized) as error:
        await _miss(unit, error.message)
    except ValueError as error:
        await _miss(unit, str(error))
    else:
        await _go_on(unit, found, cloud)


async def _go_on(unit: ImportUnit, found: Sequence[str], cloud: str) -> None:
    if not found:
        await _miss(unit, "The destination has no Assets: it names no workspace.")
        return
    pairs = {WORKSPACE: found[0], CLOUD: cloud}
    await unit.identities.put(identity_kinds.ASSETS, pairs)
    unit.spawn(*(UnitPlan(phase, noun, noun) for phase, noun in _UNITS))


async def _miss(unit: ImportUnit, message: str) -> None:
    """Names everything that does not come back."""
    for kind in _KINDS:
        count = 0
        async for _ in unit.backup.entries(kind):
            count += 1
        if count:
            unit.tally.expect(kind, count)
            unit.tally.missing(kind, "Assets", "NO_ASSETS_AT_DESTINATION", message, count=count)


async def assets_of(unit: ImportUnit) -> AssetsSite:
    """The Assets that the first unit has found."""
    known = await unit.identities.get(identity_kinds.ASSETS, [WORKSPACE, CLOUD])
    return AssetsSite.of(unit.site, known[CLOUD], known[WORKSPACE])
