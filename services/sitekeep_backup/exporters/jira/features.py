"""Features of projects, and whether each is switched on."""

from __future__ import annotations

import msgspec

from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

FEATURES = "/rest/api/3/project/{project}/features"


class _Features(msgspec.Struct):
    features: list[msgspec.Raw] = []


async def export_features(unit: ExportUnit, project_id: str) -> None:
    """GET project/{id}/features; not every kind of project has any."""
    try:
        body = await unit.site.get(FEATURES, project=project_id)
    except (SiteForbidden, SiteNotFound, SiteRefused):
        return
    count = len(msgspec.json.decode(body, type=_Features).features)
    if count:
        unit.tally.expect(Kind.PROJECT_FEATURE, count)
        await unit.records.put_record(Kind.PROJECT_FEATURE, project_id, body)
        unit.tally.done(Kind.PROJECT_FEATURE, len(body), count=count)
