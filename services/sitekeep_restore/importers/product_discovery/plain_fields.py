"""Plain fields in the place of those of Product Discovery: for all projects, on one screen."""

from __future__ import annotations

from sitekeep_restore.importers.jira.reading import all_values
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

CONTEXTS = "/rest/api/3/field/{field}/context"
SCREEN = "/rest/api/3/screens/addToDefault/{field}"


async def make_usable(unit: ImportUnit, field_id: str) -> None:
    """The backup knows no context and no screen of such a field: its project had it alone."""
    try:
        if not await all_values(unit.site, CONTEXTS, field=field_id):
            body = {"name": "All projects", "description": ""}
            await unit.site.post_json(CONTEXTS, body, field=field_id)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        unit.tally.remark(Kind.FIELD, field_id, "FIELD_CONTEXT_REFUSED", error.message)
    try:
        await unit.site.post_json(SCREEN, None, field=field_id)
    except (SiteRefused, SiteForbidden, SiteNotFound):
        # It is there already.
        return
