"""Votes: asked for where an issue says that it has any."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from functools import partial

import msgspec

from sitekeep_backup.exporters.jira.issue_heads import SeenIssue
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound
from sitekeep_shared.content.entry_keys import issue_entry
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order

VOTES = "/rest/api/3/issue/{issue}/votes"
CONCURRENT_REQUESTS = 5


class _Votes(msgspec.Struct):
    voters: list[msgspec.Raw] = []


async def export_votes(unit: ExportUnit, project_id: str, seen: Sequence[SeenIssue]) -> None:
    """GET issue/{id}/votes of those issues of a range that people have voted for."""
    voted = [issue for issue in seen if issue.vote_count > 0]
    calls = [partial(_read, unit, issue.id) for issue in voted]
    async with aclosing(in_order(calls, limit=CONCURRENT_REQUESTS)) as bodies:
        place = 0
        async for body in bodies:
            await _store(project_id, voted[place], body)
            place += 1


async def _read(unit: ExportUnit, issue: str) -> bytes:
    try:
        return await unit.site.get(VOTES, issue=issue)
    except (SiteForbidden, SiteNotFound):
        return b""


async def _store(project_id: str, issue: SeenIssue, body: bytes) -> None:
    shown = len(msgspec.json.decode(body, type=_Votes).voters) if body else 0
    if hidden := max(issue.vote_count - shown, 0):
        message = f"{hidden} votes are counted by the site but not shown to this account."
        issue.reading.remark(Kind.VOTE, issue.key, "VOTERS_NOT_VISIBLE", message, count=hidden)
    if shown:
        issue.reading.expect(Kind.VOTE, shown)
        entry = issue_entry(project_id, issue.number)
        attributes = {"issue": issue.key}
        await issue.reading.put(Kind.VOTE, entry, body, attributes=attributes, count=shown)
