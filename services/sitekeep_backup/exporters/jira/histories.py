"""The history of issues: one request for all issues of a range, paged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sitekeep_backup.exporters.jira.issue_heads import SeenIssue
from sitekeep_backup.exporters.jira.raw import join_array
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.content.entry_keys import issue_entry
from sitekeep_shared.kinds import Kind

PAGE_SIZE = 10_000
"""The largest page of changelog/bulkfetch (Jira REST v3)."""

REMOTE_LINK_HINTS = (b"RemoteIssueLink", b"RemoteWorkItemLink")
"""The names under which a history tells of remote links."""


class _IssueHistory(msgspec.Struct, rename="camel"):
    issue_id: str | int
    change_histories: list[msgspec.Raw] = []


class _Page(msgspec.Struct, rename="camel"):
    issue_change_logs: list[_IssueHistory] = []
    next_page_token: str | None = None


async def export_histories(
    unit: ExportUnit, project_id: str, seen: Sequence[SeenIssue]
) -> set[str]:
    """Stores the histories; returns the ids of the issues whose history tells of remote links."""
    histories = await _histories(unit, [issue.id for issue in seen]) if seen else {}
    hinted: set[str] = set()
    for issue in seen:
        if entries := histories.get(issue.id):
            payload = await _store(project_id, issue, entries)
            if any(hint in payload for hint in REMOTE_LINK_HINTS):
                hinted.add(issue.id)
    return hinted


async def _histories(unit: ExportUnit, ids: list[str]) -> dict[str, list[msgspec.Raw]]:
    found: dict[str, list[msgspec.Raw]] = {}
    body: dict[str, Any] = {"issueIdsOrKeys": ids, "maxResults": PAGE_SIZE}
    while True:
        page = await unit.site.post_for("/rest/api/3/changelog/bulkfetch", body, _Page)
        for history in page.issue_change_logs:
            found.setdefault(str(history.issue_id), []).extend(history.change_histories)
        if not page.next_page_token:
            return found
        body["nextPageToken"] = page.next_page_token


async def _store(project_id: str, issue: SeenIssue, entries: list[msgspec.Raw]) -> bytes:
    issue.reading.expect(Kind.CHANGELOG, len(entries))
    issue_id = msgspec.json.encode(issue.id)
    payload = b'{"issueId":' + issue_id + b',"changeHistories":' + join_array(entries) + b"}"
    key = issue_entry(project_id, issue.number)
    attributes, count = {"issue": issue.key}, len(entries)
    await issue.reading.put(Kind.CHANGELOG, key, payload, attributes=attributes, count=count)
    return payload
