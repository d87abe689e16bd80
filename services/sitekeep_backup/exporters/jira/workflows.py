"""Workflows with all their rules: listed page by page, each page read in full at once."""

from __future__ import annotations

from typing import Any

import msgspec

from sitekeep_backup.exporters.jira.listing import read_page, spawn_next
from sitekeep_backup.exporters.jira.raw import attribute_of, identity_of
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 25
"""Workflows a request (Jira REST v3 names no largest number; each may have hundreds of rules)."""

SEARCH = "/rest/api/3/workflows/search"
READ = "/rest/api/3/workflows"

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "workflows", "workflows")


class _Read(msgspec.Struct):
    workflows: list[msgspec.Raw] = []
    statuses: list[dict[str, Any]] = []


async def export_workflows(unit: ExportUnit) -> None:
    """One page of workflows, those of single projects included."""
    page = await read_page(unit, SEARCH, [("maxResults", str(PAGE_SIZE))])
    unit.tally.expect(Kind.WORKFLOW, len(page.values))
    listed = {identity_of(item): attribute_of(item, "name") for item in page.values}
    read = await _read(unit, list(listed))
    references = {
        str(status["statusReference"]): str(status["id"])
        for status in read.statuses
        if status.get("statusReference") and status.get("id")
    }
    attributes = {"statuses": msgspec.json.encode(references).decode()}
    for item in read.workflows:
        name = listed.pop(identity_of(item), "")
        own = {**attributes, "name": name or attribute_of(item, "name")}
        payload = bytes(item)
        await unit.records.put_record(Kind.WORKFLOW, identity_of(item), payload, attributes=own)
        unit.tally.done(Kind.WORKFLOW, len(payload))
    for name in listed.values():
        message = "The site lists it but does not tell what is in it."
        unit.tally.missing(Kind.WORKFLOW, name, "WORKFLOW_NOT_READ", message)
    spawn_next(unit, page)


async def _read(unit: ExportUnit, ids: list[str]) -> _Read:
    if not ids:
        return _Read()
    return await unit.site.post_for(READ, {"workflowIds": ids}, _Read)
