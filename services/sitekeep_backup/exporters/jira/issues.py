"""Issues by key range: what is returned is stored verbatim, what is not returned is a gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import aclosing

import msgspec

from sitekeep_backup.exporters.jira.attachments import plan_attachments
from sitekeep_backup.exporters.jira.epics import export_epics
from sitekeep_backup.exporters.jira.followups import follow_up
from sitekeep_backup.exporters.jira.histories import export_histories
from sitekeep_backup.exporters.jira.issue_heads import (
    FetchedIssues,
    Head,
    IssueFailure,
    SeenIssue,
    head_type,
)
from sitekeep_backup.exporters.jira.issue_properties import export_issue_properties
from sitekeep_backup.exporters.jira.issue_ranges import IssueRange, range_of
from sitekeep_backup.exporters.jira.raw import identity_of
from sitekeep_backup.exporters.jira.said_properties import export_said_properties
from sitekeep_backup.exporters.jira.sprints import plan_seen
from sitekeep_backup.exporters.jira.votes import export_votes
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteError, SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entry_keys import issue_entry, split_issue_key
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order

BULKFETCH = "/rest/api/3/issue/bulkfetch"
CONCURRENT_BLOCKS = 5
ORIGIN = "sitekeep.origin"


async def export_issues(unit: ExportUnit) -> None:
    """The issues of one range with everything that their answers ask to be fetched."""
    part = range_of(unit)
    seen = await _store_range(unit, part)
    hinted = await export_histories(unit, part.project_id, seen)
    await follow_up(unit, part.project_id, seen, hinted)
    await export_votes(unit, part.project_id, seen)
    if part.rank_field:
        # Without Jira Software there are no epics, whatever an issue type is called.
        await export_epics(unit, part.project_id, seen)
    await export_issue_properties(unit, part.project_id, seen)
    await export_said_properties(unit, part.project_id, seen)
    plan_attachments(unit, part, seen)
    if part.final and any(issue.number > part.known for issue in seen):
        unit.spawn(part.following().plan())


async def _store_range(unit: ExportUnit, part: IssueRange) -> list[SeenIssue]:
    """Fetches some blocks side by side and stores them in number order."""
    calls = [lambda numbers=block: _fetch(unit, part, numbers) for block in part.blocks()]
    seen: list[SeenIssue] = []
    async with aclosing(in_order(calls, limit=CONCURRENT_BLOCKS)) as answers:
        async for answer in answers:
            seen.extend(await _store_block(unit, part, answer))
    return seen


async def _fetch(
    unit: ExportUnit, part: IssueRange, numbers: Sequence[int]
) -> list[tuple[SeenIssue, msgspec.Raw]]:
    """One bulkfetch: the issues of this project's block, those that moved away left out."""
    asked = {f"{part.project_key}-{number}" for number in numbers}
    body = {"issueIdsOrKeys": sorted(asked), "fields": ["*all"], "properties": [ORIGIN]}
    answer = await unit.site.post(BULKFETCH, body, read=True)
    fetched = msgspec.json.decode(answer, type=FetchedIssues)
    for failure in fetched.issue_errors:
        fetched.issues.extend(await _fetch_single(unit, failure))
    kind = head_type(part.sprint_field, part.rank_field)
    issues = [(_seen(raw, kind), raw) for raw in fetched.issues]
    unique = {issue.key: (issue, raw) for issue, raw in issues if issue.key in asked}
    return sorted(unique.values(), key=lambda pair: pair[0].number)


async def _fetch_single(unit: ExportUnit, failure: IssueFailure) -> list[msgspec.Raw]:
    """An issue that a bulkfetch could not hand out, asked for alone."""
    query = [("fields", "*all"), ("properties", ORIGIN)]
    template = "/rest/api/3/issue/{issue}"
    try:
        return [msgspec.Raw(await unit.site.get(template, query, issue=str(failure.id)))]
    except (SiteForbidden, SiteNotFound, SiteRefused) as error:
        _miss(unit, failure, error)
        return []


def _miss(unit: ExportUnit, failure: IssueFailure, error: SiteError) -> None:
    message = f"{failure.error_message} {error.message}".strip()
    unit.tally.expect(Kind.ISSUE)
    unit.tally.missing(Kind.ISSUE, str(failure.id), "ISSUE_NOT_RETURNED", message)


def _seen(raw: msgspec.Raw, kind: type[Head]) -> SeenIssue:
    head = msgspec.json.decode(raw, type=kind)
    # What stays part of the answer would keep all of it in memory.
    head.fields.attachment = [item.copy() for item in head.fields.attachment or ()]
    return SeenIssue(head.id, head.key, split_issue_key(head.key)[1], head.fields)


async def _store_block(
    unit: ExportUnit, part: IssueRange, issues: list[tuple[SeenIssue, msgspec.Raw]]
) -> list[SeenIssue]:
    unit.tally.expect(Kind.ISSUE, len(issues))
    for issue, raw in issues:
        payload = bytes(raw)
        key = issue_entry(part.project_id, issue.number)
        attributes = {"key": issue.key, "id": issue.id, **_planned(unit, issue)}
        await unit.records.put_record(Kind.ISSUE, key, payload, attributes=attributes)
        unit.tally.done(Kind.ISSUE, len(payload))
        _count_links(unit, issue)
    return [issue for issue, _ in issues]


def _planned(unit: ExportUnit, issue: SeenIssue) -> Mapping[str, str]:
    """Its sprints and its rank, so that a restore knows them without reading every issue."""
    planned: dict[str, str] = {}
    if sprints := issue.fields.planned_sprints:
        plan_seen(unit, sprints)
        planned["sprints"] = ",".join(identity_of(sprint) for sprint in sprints)
    if rank := issue.fields.planned_rank:
        planned["rank"] = rank
        unit.tally.expect(Kind.RANK)
        unit.tally.done(Kind.RANK)
    return planned


def _count_links(unit: ExportUnit, issue: SeenIssue) -> None:
    """Links are inside the issues; each is counted where its outward end is."""
    unit.tally.expect(Kind.ISSUE_LINK, issue.outward_links)
    unit.tally.done(Kind.ISSUE_LINK, count=issue.outward_links)
