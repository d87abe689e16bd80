"""Requests: what the issues of service projects have as such is in fields of theirs.

Only where a site keeps these fields out of its issues is each issue asked for once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from functools import partial

import msgspec

from sitekeep_backup.exporters.jira.issue_heads import SeenIssue
from sitekeep_backup.exporters.service_management.pages import API, CLOSED
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteNotFound
from sitekeep_shared.content.entry_keys import issue_entry
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order

CONCURRENT_REQUESTS = 5
_ONE = API + "/request/{issue}"
_EXPAND = [("expand", "participant,sla,requestType")]


class _Page(msgspec.Struct, rename="camel"):
    is_last_page: bool = True


class _Request(msgspec.Struct):
    participants: _Page | None = None
    sla: _Page | None = None

    @property
    def is_whole(self) -> bool:
        """Whether no list in it goes on."""
        return all(page is None or page.is_last_page for page in (self.participants, self.sla))


async def export_requests(unit: ExportUnit, project_id: str, seen: Sequence[SeenIssue]) -> None:
    """Asks for the requests among those issues of a service project that do not say it."""
    asked = [issue for issue in seen if issue.fields.may_hide_request]
    calls = [partial(_read, unit, issue) for issue in asked]
    async with aclosing(in_order(calls, limit=CONCURRENT_REQUESTS)) as answers:
        async for issue, payload in answers:
            if payload:
                await _store(project_id, issue, payload)


async def _read(unit: ExportUnit, issue: SeenIssue) -> tuple[SeenIssue, bytes]:
    """The request; b"" where the issue is none."""
    try:
        return issue, await unit.site.get(_ONE, _EXPAND, issue=issue.key)
    except SiteNotFound:
        return issue, b""
    except CLOSED as refusal:
        issue.reading.remark(Kind.REQUEST, issue.key, "REQUEST_NOT_READABLE", refusal.message)
        return issue, b""


async def _store(project_id: str, issue: SeenIssue, payload: bytes) -> None:
    issue.reading.expect(Kind.REQUEST)
    if not msgspec.json.decode(payload, type=_Request).is_whole:
        message = "The site shows the first participants or service goals only."
        issue.reading.remark(Kind.REQUEST, issue.key, "REQUEST_CUT", message)
    key = issue_entry(project_id, issue.number)
    attributes = {"issue": issue.key, "id": issue.id}
    await issue.reading.put(Kind.REQUEST, key, payload, attributes=attributes)
