"""Fetching issues, at most a hundred with one request, each verbatim."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from sitekeep_backup.exporters.jira.issue_heads import (
    FetchedIssues,
    Head,
    IssueFailure,
    SeenIssue,
    head_type,
)
from sitekeep_backup.exporters.jira.issue_ranges import IssueSource
from sitekeep_backup.exporters.jira.issue_reading import IssueReading
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteError, SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entry_keys import split_issue_key
from sitekeep_shared.kinds import Kind

BULKFETCH = "/rest/api/3/issue/bulkfetch"
CONCURRENT_BLOCKS = 5
ORIGIN = "sitekeep.origin"

FetchedIssue = tuple[SeenIssue, msgspec.Raw]


@dataclass(frozen=True)
class Fetched:
    """What came of asking for some issues."""

    issues: Sequence[FetchedIssue]
    """In the order of their numbers, each once."""
    failed: Sequence[IssueReading] = field(default_factory=list[IssueReading])
    """Those that the site names and does not hand out: they are missing."""

    def only(self, wanted: Callable[[SeenIssue], bool]) -> Fetched:
        """Without some of the issues."""
        return replace(self, issues=[pair for pair in self.issues if wanted(pair[0])])


async def fetch(unit: ExportUnit, source: IssueSource, asked: Sequence[str]) -> Fetched:
    """POST issue/bulkfetch for at most 100 ids or keys; what is not seen is silently absent."""
    body = {"issueIdsOrKeys": asked, "fields": ["*all"], "properties": [ORIGIN]}
    fetched = await unit.site.post_for(BULKFETCH, body, FetchedIssues)
    failed: list[IssueReading] = []
    for failure in fetched.issue_errors:
        found = await _fetch_single(unit, failure)
        if isinstance(found, SiteError):
            failed.append(_missed(unit, failure, found))
        else:
            fetched.issues.append(found)
    kind = head_type(source.sprint_field, source.rank_field, source.request_field)
    issues = [(_seen(unit, raw, kind), raw) for raw in fetched.issues]
    unique = {issue.id: (issue, raw) for issue, raw in issues}
    return Fetched(sorted(unique.values(), key=lambda pair: pair[0].number), failed)


async def _fetch_single(unit: ExportUnit, failure: IssueFailure) -> msgspec.Raw | SiteError:
    """An issue that a bulkfetch could not hand out, asked for alone."""
    query = [("fields", "*all"), ("properties", ORIGIN)]
    template = "/rest/api/3/issue/{issue}"
    try:
        return msgspec.Raw(await unit.site.get(template, query, issue=str(failure.id)))
    except (SiteForbidden, SiteNotFound, SiteRefused) as error:
        return error


def _missed(unit: ExportUnit, failure: IssueFailure, error: SiteError) -> IssueReading:
    reading = IssueReading(unit, str(failure.id))
    message = f"{failure.error_message} {error.message}".strip()
    reading.expect(Kind.ISSUE)
    reading.missing(Kind.ISSUE, str(failure.id), "ISSUE_NOT_RETURNED", message)
    return reading


def _seen(unit: ExportUnit, raw: msgspec.Raw, kind: type[Head]) -> SeenIssue:
    head = msgspec.json.decode(raw, type=kind)
    # What stays part of the answer would keep all of it in memory.
    head.fields.attachment = [item.copy() for item in head.fields.attachment or ()]
    number = split_issue_key(head.key)[1]
    updated, neighbours = head.fields.updated or "", head.fields.neighbours
    reading = IssueReading(unit, head.id, number, updated, neighbours)
    return SeenIssue(head.id, head.key, number, head.fields, reading)
