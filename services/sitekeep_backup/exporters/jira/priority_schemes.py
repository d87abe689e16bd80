"""Priority schemes with their priorities, and which projects have which."""

from __future__ import annotations

import msgspec

from sitekeep_backup.exporters.jira.listing import read_page, spawn_next
from sitekeep_backup.exporters.jira.raw import (
    Identified,
    OffsetPage,
    decode_page,
    identity_of,
    is_end,
)
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 50
"""The usual page of priorityscheme (Jira REST v3 names no largest one)."""
PARTS_PER_PAGE = 100

SCHEMES = "/rest/api/3/priorityscheme"
PARTS = ("priorities", "projects")

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "priority-schemes", "priority-schemes")


class _Scheme(Identified):
    priorities: OffsetPage = msgspec.field(default_factory=OffsetPage)
    projects: OffsetPage = msgspec.field(default_factory=OffsetPage)


async def export_priority_schemes(unit: ExportUnit) -> None:
    """One page of schemes; a scheme with more than one page of parts asks for the others."""
    query = [("expand", ",".join(PARTS)), ("maxResults", str(PAGE_SIZE))]
    page = await read_page(unit, SCHEMES, query)
    unit.tally.expect(Kind.PRIORITY_SCHEME, len(page.values))
    for item in page.values:
        await _store(unit, bytes(item))
    spawn_next(unit, page)


async def _store(unit: ExportUnit, payload: bytes) -> None:
    scheme = msgspec.json.decode(payload, type=_Scheme)
    key = str(scheme.id)
    attributes: dict[str, str] = {}
    for noun, part in zip(PARTS, (scheme.priorities, scheme.projects), strict=True):
        ids = await _ids(unit, key, noun, part)
        attributes[noun] = msgspec.json.encode(ids).decode()
    await unit.records.put_record(Kind.PRIORITY_SCHEME, key, payload, attributes=attributes)
    unit.tally.done(Kind.PRIORITY_SCHEME, len(payload))


async def _ids(unit: ExportUnit, scheme: str, noun: str, first: OffsetPage) -> list[str]:
    """The ids of the priorities or of the projects of a scheme."""
    found = [identity_of(item) for item in first.values]
    page = first
    while not is_end(page, len(found) - len(page.values)):
        query = [("startAt", str(len(found))), ("maxResults", str(PARTS_PER_PAGE))]
        template = f"{SCHEMES}/{{scheme}}/{noun}"
        page = decode_page(await unit.site.get(template, query, scheme=scheme))
        found += [identity_of(item) for item in page.values]
    return found
