"""Screen schemes, issue type screen schemes with their mappings, and which project has which."""

from __future__ import annotations

import msgspec

from sitekeep_backup.exporters.jira.listing import read_page, spawn_next, store_items
from sitekeep_backup.exporters.jira.raw import identity_of
from sitekeep_backup.exporters.jira.scheme_mappings import mappings_by_scheme
from sitekeep_backup.exporters.jira.scheme_projects import projects_of_listed_schemes
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 100
"""The usual page of both lists (Jira REST v3 names no largest one)."""

SCREEN_SCHEMES = "/rest/api/3/screenscheme"
TYPE_SCREEN_SCHEMES = "/rest/api/3/issuetypescreenscheme"

FIRST = (
    UnitPlan(ExportPhase.CONFIGURATION, "screen-schemes", "screen-schemes"),
    UnitPlan(ExportPhase.CONFIGURATION, "type-screen-schemes", "type-screen-schemes"),
)


async def export_screen_schemes(unit: ExportUnit) -> None:
    """One page of screenscheme, each with its screens."""
    page = await read_page(unit, SCREEN_SCHEMES, [("maxResults", str(PAGE_SIZE))])
    await store_items(unit, Kind.SCREEN_SCHEME, page.values)
    spawn_next(unit, page)


async def export_type_screen_schemes(unit: ExportUnit) -> None:
    """One page of issuetypescreenscheme; mappings and projects of all of them together."""
    page = await read_page(unit, TYPE_SCREEN_SCHEMES, [("maxResults", str(PAGE_SIZE))])
    ids = [identity_of(item) for item in page.values]
    noun = "issueTypeScreenScheme"
    mappings = await mappings_by_scheme(
        unit, TYPE_SCREEN_SCHEMES, f"{noun}Id", "screenSchemeId", ids
    )
    projects = await projects_of_listed_schemes(unit, TYPE_SCREEN_SCHEMES, noun)

    def attributes_of(item: msgspec.Raw) -> dict[str, str]:
        scheme = identity_of(item)
        return {
            "mappings": msgspec.json.encode(mappings[scheme]).decode(),
            "projects": msgspec.json.encode(projects.get(scheme, [])).decode(),
        }

    kind = Kind.ISSUE_TYPE_SCREEN_SCHEME
    await store_items(unit, kind, page.values, attributes_of=attributes_of)
    spawn_next(unit, page)
