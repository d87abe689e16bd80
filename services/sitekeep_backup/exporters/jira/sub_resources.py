"""What is asked for issue by issue, several side by side."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from sitekeep_backup.exporters.jira.issue_heads import SeenIssue
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound
from sitekeep_shared.content.entry_keys import issue_entry
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order

CONCURRENT_REQUESTS = 6


def bodies(
    unit: ExportUnit, issues: Sequence[SeenIssue], noun: str
) -> AsyncGenerator[tuple[SeenIssue, bytes]]:
    """The same sub-resource of several issues; b"" where the site no longer shows it."""

    async def read(issue: SeenIssue) -> tuple[SeenIssue, bytes]:
        try:
            return issue, await unit.site.get("/rest/api/3/issue/{issue}/" + noun, issue=issue.id)
        except (SiteForbidden, SiteNotFound):
            return issue, b""

    calls = [lambda issue=issue: read(issue) for issue in issues]
    return in_order(calls, limit=CONCURRENT_REQUESTS)


async def store_list(
    kind: Kind, project_id: str, issue: SeenIssue, body: bytes, count: int
) -> None:
    """Keeps such a list, of ``count`` items, as one record of its issue."""
    issue.reading.expect(kind, count)
    key = issue_entry(project_id, issue.number)
    await issue.reading.put(kind, key, body, attributes={"issue": issue.key}, count=count)
