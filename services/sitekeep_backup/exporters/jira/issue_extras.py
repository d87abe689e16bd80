"""What apps and people keep on issues: votes, what an epic is called, properties."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_backup.exporters.jira.epics import export_epics
from sitekeep_backup.exporters.jira.issue_heads import SeenIssue
from sitekeep_backup.exporters.jira.issue_properties import export_issue_properties
from sitekeep_backup.exporters.jira.issue_ranges import IssueSource
from sitekeep_backup.exporters.jira.said_properties import export_said_properties
from sitekeep_backup.exporters.jira.votes import export_votes
from sitekeep_backup.exporters.unit import ExportUnit


async def export_extras(unit: ExportUnit, source: IssueSource, seen: Sequence[SeenIssue]) -> None:
    """Of at most a thousand stored issues, whose cut lists are completed."""
    await export_votes(unit, source.project_id, seen)
    if source.rank_field:
        # Without Jira Software there are no epics, whatever an issue type is called.
        await export_epics(unit, source.project_id, seen)
    await export_issue_properties(unit, source.project_id, seen)
    await export_said_properties(unit, source.project_id, seen)
