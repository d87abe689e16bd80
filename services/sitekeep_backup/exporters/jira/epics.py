"""What Jira Software knows of epics beside the issue: name, colour, whether they are done."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from functools import partial

from sitekeep_backup.exporters.jira.issue_heads import SeenIssue
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entry_keys import issue_entry
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order

EPIC = "/rest/agile/1.0/epic/{epic}"
CONCURRENT_REQUESTS = 5


async def export_epics(unit: ExportUnit, project_id: str, seen: Sequence[SeenIssue]) -> None:
    """GET epic/{id} of the epics of a range; team-managed projects and other apps have none.

    Boards list epics many at a time, but the same ones on several boards and some on none.
    """
    epics = [issue for issue in seen if issue.is_epic]
    calls = [partial(_read, unit, epic.id) for epic in epics]
    async with aclosing(in_order(calls, limit=CONCURRENT_REQUESTS)) as bodies:
        place = 0
        async for body in bodies:
            if body:
                await _store(project_id, epics[place], body)
            place += 1


async def _read(unit: ExportUnit, epic: str) -> bytes:
    try:
        return await unit.site.get(EPIC, epic=epic)
    except (SiteForbidden, SiteNotFound, SiteRefused):
        return b""


async def _store(project_id: str, issue: SeenIssue, body: bytes) -> None:
    issue.reading.expect(Kind.EPIC)
    attributes = {"issue": issue.key, "id": issue.id}
    entry = issue_entry(project_id, issue.number)
    await issue.reading.put(Kind.EPIC, entry, body, attributes=attributes)
