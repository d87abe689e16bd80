"""Requests: what the issues of service projects have as such is in fields of theirs.

Only where a site keeps these fields out of its issues is each issue asked for once more, and each
request for its approvals and the customer's feedback. No request tells its organizations then.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial

import msgspec

from sitekeep_backup.exporters.jira.issue_heads import SeenIssue
from sitekeep_backup.exporters.jira.raw import join_array
from sitekeep_backup.exporters.service_management.pages import API, CLOSED, all_items
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteNotFound
from sitekeep_shared.content.entry_keys import issue_entry
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order

CONCURRENT_REQUESTS = 5
_ONE = API + "/request/{issue}"
_EXPAND = [("expand", "participant,sla,requestType")]
_NOT_TOLD = "The site keeps the organizations of requests out of its issues; no request tells them."


class _Page(msgspec.Struct, rename="camel"):
    values: list[msgspec.Raw] = []
    is_last_page: bool = True


class _Request(msgspec.Struct):
    participants: _Page | None = None
    sla: _Page | None = None

    @property
    def going_on(self) -> dict[str, int]:
        """The lists in it that go on, by the last part of their address: how much is there."""
        listed = {"participant": self.participants, "sla": self.sla}
        return {
            noun: len(page.values)
            for noun, page in listed.items()
            if page is not None and not page.is_last_page
        }


Parts = dict[str, str]
"""What is kept beside a request, as JSON texts by name."""


async def export_requests(unit: ExportUnit, project_id: str, seen: Sequence[SeenIssue]) -> None:
    """Asks for the requests among those issues of a service project that do not say it."""
    asked = [issue for issue in seen if issue.fields.may_hide_request]
    calls = [partial(_read, unit, issue) for issue in asked]
    found: list[str] = []
    async with aclosing(in_order(calls, limit=CONCURRENT_REQUESTS)) as answers:
        async for issue, payload, parts in answers:
            if payload:
                await _store(project_id, issue, payload, parts)
                found.append(issue.key)
    if found:
        reason = "REQUEST_ORGANIZATIONS_NOT_TOLD"
        unit.tally.remark(Kind.REQUEST, found[0], reason, _NOT_TOLD, count=len(found))


async def _read(unit: ExportUnit, issue: SeenIssue) -> tuple[SeenIssue, bytes, Parts]:
    """The request and what is beside it; b"" where the issue is none."""
    try:
        payload = await unit.site.get(_ONE, _EXPAND, issue=issue.key)
    except SiteNotFound:
        return issue, b"", {}
    except CLOSED as refusal:
        issue.reading.remark(Kind.REQUEST, issue.key, "REQUEST_NOT_READABLE", refusal.message)
        return issue, b"", {}
    return issue, payload, await _parts(unit, issue, payload)


async def _parts(unit: ExportUnit, issue: SeenIssue, payload: bytes) -> Parts:
    """The rest of its lists, its approvals and the feedback to it."""
    parts: Parts = {}
    lists = {**msgspec.json.decode(payload, type=_Request).going_on, "approval": 0}
    for noun, start in lists.items():
        try:
            template = f"/request/{{issue}}/{noun}"
            listed = [e async for e in all_items(unit, template, start=start, issue=issue.key)]
        except CLOSED as refusal:
            issue.reading.remark(Kind.REQUEST, issue.key, "REQUEST_CUT", refusal.message)
            continue
        if listed:
            parts[noun] = join_array(listed).decode()
    with contextlib.suppress(*CLOSED):
        # It says so, too, where there is none.
        feedback = await unit.site.get(f"{_ONE}/feedback", issue=issue.key)
        parts["feedback"] = feedback.decode()
    return parts


async def _store(project_id: str, issue: SeenIssue, payload: bytes, parts: Parts) -> None:
    issue.reading.expect(Kind.REQUEST)
    key = issue_entry(project_id, issue.number)
    attributes = {"issue": issue.key, "id": issue.id, **parts}
    await issue.reading.put(Kind.REQUEST, key, payload, attributes=attributes)
