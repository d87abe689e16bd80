"""Storing issues that were fetched, and what hangs on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sitekeep_backup.exporters.jira.attachments import plan_attachments
from sitekeep_backup.exporters.jira.followups import follow_up
from sitekeep_backup.exporters.jira.histories import export_histories
from sitekeep_backup.exporters.jira.issue_extras import export_extras
from sitekeep_backup.exporters.jira.issue_fetching import FetchedIssue
from sitekeep_backup.exporters.jira.issue_heads import SeenIssue
from sitekeep_backup.exporters.jira.issue_ranges import IssueSource
from sitekeep_backup.exporters.jira.raw import identity_of
from sitekeep_backup.exporters.jira.remote_links import AskedLinks, export_remote_links
from sitekeep_backup.exporters.jira.sprints import plan_seen
from sitekeep_backup.exporters.service_management.requests import export_requests
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.content.entry_keys import ARCHIVED, issue_entry
from sitekeep_shared.kinds import Kind


async def store_issues(
    unit: ExportUnit, source: IssueSource, issues: Sequence[FetchedIssue]
) -> list[SeenIssue]:
    """Keeps issues as the site sent them."""
    for issue, raw in issues:
        issue.reading.expect(Kind.ISSUE)
        key = issue_entry(source.project_id, issue.number)
        attributes = {"key": issue.key, "id": issue.id, **_planned(unit, issue)}
        await issue.reading.put(Kind.ISSUE, key, bytes(raw), attributes=attributes)
        _count_links(issue)
    return [issue for issue, _ in issues]


async def store_further(
    unit: ExportUnit, source: IssueSource, seen: Sequence[SeenIssue]
) -> AskedLinks:
    """What at most a thousand stored issues hold beyond their own answers."""
    hinted = await export_histories(unit, source.project_id, seen)
    await follow_up(unit, source.project_id, seen)
    await export_extras(unit, source, seen)
    links = await export_remote_links(unit, source, seen, hinted)
    await export_requests(unit, source.project_id, seen)
    plan_attachments(unit, source, seen)
    return links


def _planned(unit: ExportUnit, issue: SeenIssue) -> Mapping[str, str]:
    """Sprints, rank, archive, request type: what a restore knows without reading every issue."""
    planned: dict[str, str] = {}
    if issue.fields.archiveddate and not issue.fields.is_subtask:
        planned[ARCHIVED] = issue.fields.archiveddate
    if sprints := issue.fields.planned_sprints:
        plan_seen(unit, sprints)
        planned["sprints"] = ",".join(identity_of(sprint) for sprint in sprints)
    if rank := issue.fields.planned_rank:
        planned["rank"] = rank
        issue.reading.expect(Kind.RANK)
        issue.reading.done(Kind.RANK)
    if request := issue.fields.request_type:
        planned["request"] = request
        issue.reading.expect(Kind.REQUEST)
        issue.reading.done(Kind.REQUEST)
    return planned


def _count_links(issue: SeenIssue) -> None:
    """Links are inside the issues; each is counted where its outward end is."""
    links = issue.outward_links
    issue.reading.expect(Kind.ISSUE_LINK, links)
    issue.reading.done(Kind.ISSUE_LINK, count=links)
