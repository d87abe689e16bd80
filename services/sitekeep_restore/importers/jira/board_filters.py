"""Filters for boards whose own filter the backup does not hold: private ones of others."""

from __future__ import annotations

from sitekeep_restore.importers.jira.reading import Json, all_values
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused

FILTER = "/rest/api/3/filter"
MADE_FOR = "Sitekeep: made for a board whose own filter did not come back."
"""The description of such a filter."""


async def replacement(unit: ImportUnit, board: str, project: str) -> str:
    """The id of a filter that finds all of a project, made where absent; empty: refused.

    Boards of one name in one project share it.
    """
    body: Json = {
        "name": f"Filter for {board}"[:250],
        "description": MADE_FOR,
        "jql": f"project = {project} ORDER BY Rank ASC",
        "sharePermissions": [{"type": "project", "project": {"id": project}}],
    }
    for found in await _made(unit, body):
        return str(found["id"])
    try:
        created: Json = await unit.site.post_json(FILTER, body)
    except (SiteRefused, SiteForbidden, SiteNotFound):
        return ""
    return str(created["id"])


async def _made(unit: ImportUnit, body: Json) -> list[Json]:
    query = [("filterName", str(body["name"])), ("expand", "jql,description")]
    found = await all_values(unit.site, f"{FILTER}/search", query)
    return [
        each
        for each in found
        if all(each.get(part) == body[part] for part in ("name", "description", "jql"))
    ]
