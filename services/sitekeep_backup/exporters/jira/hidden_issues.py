"""Comparing what is in the backup with what the site counts, project by project."""

from __future__ import annotations

from typing import NamedTuple

from sitekeep_backup.exporters.jira.issue_fetching import BULKFETCH
from sitekeep_backup.exporters.jira.issue_heads import FetchedIssues
from sitekeep_backup.exporters.jira.issue_ranges import INDEX_LAG, ranges_of
from sitekeep_backup.exporters.jira.listed_projects import DELETED, ListedProject, all_projects
from sitekeep_backup.exporters.jira.read_again import closings_of, stage_of
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.content.invisible import ISSUES_NOT_VISIBLE
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

FIRST = UnitPlan(ExportPhase.COUNTING, "hidden-issues", "hidden-issues")


class _Read(NamedTuple):
    issues: int
    highest: int


async def count_hidden_issues(unit: ExportUnit) -> None:
    """The list of projects once more: issues that it counts and nobody handed out are missing.

    The site counts them whether the account sees them or not: project/search with ``insight``.
    """
    async for project in all_projects(unit):
        if project.state != DELETED:
            await _count(unit, project)


async def _count(unit: ExportUnit, project: ListedProject) -> None:
    read = await _read(unit, project.id)
    hidden = project.issue_count - read.issues
    if hidden > 0:
        hidden -= await _newest(unit, project, read.highest)
    if hidden > 0:
        unit.tally.expect(Kind.ISSUE, hidden)
        message = (
            f"{hidden} issues of {project.key} are not visible to this account: give it the "
            "permission to browse the project and the levels of its issue security."
        )
        unit.tally.missing(Kind.ISSUE, project.key, ISSUES_NOT_VISIBLE, message, count=hidden)


async def _read(unit: ExportUnit, project_id: str) -> _Read:
    """How many issues are in the backup or named as missing, and the highest number of any."""
    count, highest, last = 0, 0, 0
    async for _, note in unit.earlier.notes(ranges_of(project_id)):
        count, highest = count + note["count"], max(highest, note["highest"])
    async for key, note in unit.earlier.notes(closings_of(project_id)):
        highest = max(highest, note["highest"])
        if stage_of(key) > last:
            count, last = note["count"], stage_of(key)
    return _Read(count, highest)


async def _newest(unit: ExportUnit, project: ListedProject, highest: int) -> int:
    """How many issues were created since: the next backup has them."""
    asked = [f"{project.key}-{highest + more}" for more in range(1, INDEX_LAG + 1)]
    body = {"issueIdsOrKeys": asked, "fields": ["project"]}
    return len((await unit.site.post_for(BULKFETCH, body, FetchedIssues)).issues)
