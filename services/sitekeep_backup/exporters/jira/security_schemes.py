"""Issue security schemes with their levels, who sees those, and which projects have which."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sitekeep_backup.exporters.jira.listing import read_page, spawn_next, store_items
from sitekeep_backup.exporters.jira.raw import (
    OffsetPage,
    attribute_of,
    decode_page,
    identity_of,
    is_end,
    join_array,
)
from sitekeep_backup.exporters.jira.scheme_projects import projects_by_scheme
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 50
"""The usual page of issuesecurityschemes/search (Jira REST v3 names no largest one)."""
PARTS_PER_PAGE = 100

SCHEMES = "/rest/api/3/issuesecurityschemes"

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "security-schemes", "security-schemes")


async def export_security_schemes(unit: ExportUnit) -> None:
    """One page of schemes; levels, members and projects of all of them in a request each."""
    page = await read_page(unit, f"{SCHEMES}/search", [("maxResults", str(PAGE_SIZE))])
    ids = [identity_of(item) for item in page.values]
    levels = await _parts(unit, "level", ids)
    members = await _parts(unit, "level/member", ids)
    projects = await projects_by_scheme(unit, SCHEMES, "issueSecuritySchemeId", ids)

    def attributes_of(item: msgspec.Raw) -> dict[str, str]:
        scheme = identity_of(item)
        return {
            "levels": _of_scheme(levels, scheme),
            "members": _of_scheme(members, scheme),
            "projects": msgspec.json.encode(projects[scheme]).decode(),
        }

    kind = Kind.ISSUE_SECURITY_SCHEME
    await store_items(unit, kind, page.values, attributes_of=attributes_of)
    spawn_next(unit, page)


async def _parts(unit: ExportUnit, noun: str, schemes: Sequence[str]) -> list[msgspec.Raw]:
    """The levels or the members of some schemes."""
    items: list[msgspec.Raw] = []
    page = OffsetPage()
    while schemes and (not items or not is_end(page, len(items) - len(page.values))):
        query = [("schemeId", scheme) for scheme in schemes]
        query += [("expand", "all")] if noun != "level" else []
        query += [("startAt", str(len(items))), ("maxResults", str(PARTS_PER_PAGE))]
        page = decode_page(await unit.site.get(f"{SCHEMES}/{noun}", query))
        items.extend(page.values)
        if not page.values:
            break
    return items


def _of_scheme(items: Sequence[msgspec.Raw], scheme: str) -> str:
    """JSON of those items that belong to a scheme."""
    own = [item for item in items if attribute_of(item, "issueSecuritySchemeId") == scheme]
    return join_array(own).decode()
