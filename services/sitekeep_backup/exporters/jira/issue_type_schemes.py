"""Issue type schemes with their types in order; which one a project has stands with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sitekeep_backup.exporters.jira.listing import read_page, spawn_next, store_items
from sitekeep_backup.exporters.jira.raw import identity_of
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 50
"""The usual page of issuetypescheme (Jira REST v3 names no largest one)."""
ITEMS_PER_PAGE = 100

SCHEMES = "/rest/api/3/issuetypescheme"

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "issue-type-schemes", "issue-type-schemes")


async def export_issue_type_schemes(unit: ExportUnit) -> None:
    """One page of schemes; the types of all of them in one list."""
    page = await read_page(unit, SCHEMES, [("maxResults", str(PAGE_SIZE))])
    types = await _types_by_scheme(unit, [identity_of(item) for item in page.values])

    def attributes_of(item: msgspec.Raw) -> dict[str, str]:
        return {"types": msgspec.json.encode(types[identity_of(item)]).decode()}

    await store_items(unit, Kind.ISSUE_TYPE_SCHEME, page.values, attributes_of=attributes_of)
    spawn_next(unit, page)


async def _types_by_scheme(unit: ExportUnit, schemes: Sequence[str]) -> dict[str, list[str]]:
    """The ids of the issue types of some schemes, in the order in which the site lists them."""
    found: dict[str, list[str]] = {scheme: [] for scheme in schemes}
    start = 0
    while schemes:
        query = [("issueTypeSchemeId", scheme) for scheme in schemes]
        query += [("startAt", str(start)), ("maxResults", str(ITEMS_PER_PAGE))]
        page: dict[str, Any] = await unit.site.get_json(f"{SCHEMES}/mapping", query)
        items: list[dict[str, Any]] = page.get("values", [])
        for item in items:
            found[str(item["issueTypeSchemeId"])].append(str(item["issueTypeId"]))
        start += len(items)
        if not items or page.get("isLast", start >= page.get("total", 0)):
            break
    return found
