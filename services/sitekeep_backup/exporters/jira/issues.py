"""Issues by key range: what is returned is stored verbatim, what is not returned is a gap."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing

from sitekeep_backup.exporters.jira.issue_fetching import CONCURRENT_BLOCKS, Fetched, fetch
from sitekeep_backup.exporters.jira.issue_heads import SeenIssue
from sitekeep_backup.exporters.jira.issue_ranges import IssueRange, range_of
from sitekeep_backup.exporters.jira.issue_reading import IssueReading, note_of
from sitekeep_backup.exporters.jira.issue_storing import store_further, store_issues
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.work.concurrently import in_order


async def export_issues(unit: ExportUnit) -> None:
    """The issues of one range with everything that their answers ask to be fetched."""
    part = range_of(unit)
    seen, failed = await store_range(unit, part)
    links = await store_further(unit, part, seen)
    readings = [*(issue.reading for issue in seen), *failed]
    unit.note = note_of(readings, links=links.found, every_link=links.every)
    if (following := part.following(issue.number for issue in seen)) is not None:
        unit.spawn(following.plan())


async def store_range(
    unit: ExportUnit, part: IssueRange
) -> tuple[list[SeenIssue], list[IssueReading]]:
    """Fetches some blocks side by side and stores them in number order."""
    calls = [lambda numbers=block: _fetch(unit, part, numbers) for block in part.blocks()]
    seen: list[SeenIssue] = []
    failed: list[IssueReading] = []
    async with aclosing(in_order(calls, limit=CONCURRENT_BLOCKS)) as answers:
        async for answer in answers:
            seen.extend(await store_issues(unit, part, answer.issues))
            failed.extend(answer.failed)
    return seen, failed


async def _fetch(unit: ExportUnit, part: IssueRange, numbers: Sequence[int]) -> Fetched:
    """One bulkfetch: the issues of this project's block, those that moved away left out."""
    asked = {f"{part.project_key}-{number}" for number in numbers}
    fetched = await fetch(unit, part, sorted(asked))
    return fetched.only(lambda issue: issue.key in asked)
