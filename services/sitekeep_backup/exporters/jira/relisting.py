"""Listing once more what there is, when all content was read: the start of the closing pass."""

from __future__ import annotations

from collections.abc import Mapping

from sitekeep_backup.exporters.jira.closing import plan_closing
from sitekeep_backup.exporters.jira.issue_ranges import IssueSource
from sitekeep_backup.exporters.jira.listed_issues import changed_issues
from sitekeep_backup.exporters.jira.listed_projects import (
    DELETED,
    LIVE,
    ListedProject,
    all_projects,
)
from sitekeep_backup.exporters.jira.projects import known_projects, plan_project
from sitekeep_backup.exporters.jira.sprints import PlanningFields
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.content.invisible import PROJECT_IN_TRASH
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

FIRST = UnitPlan(ExportPhase.LISTING_AGAIN, "relisting", "relisting")


async def export_relisting(unit: ExportUnit) -> None:
    """Plans the reading of projects that are new, and the closing of all live ones."""
    known, fields = await known_projects(unit)
    projects = [project async for project in all_projects(unit)]
    changed = await changed_issues(unit)
    for project in projects:
        _plan(unit, project, known.get(project.id, ("", ""))[1], fields)
        if project.state == LIVE:
            source = IssueSource(
                project.id, project.key, sprint_field=fields.sprint, rank_field=fields.rank
            )
            unit.spawn(plan_closing(source, changed.get(project.id, _NOTHING)))


_NOTHING: Mapping[str, str] = {}


def _plan(unit: ExportUnit, project: ListedProject, earlier: str, fields: PlanningFields) -> None:
    """What has to be done for a project that was in another state, or not there, before."""
    if earlier in ("", DELETED) and project.state != earlier:
        plan_project(unit, project, fields)
    elif project.state == DELETED != earlier:
        message = f"{project.name} went into the trash while the backup ran: what was read is kept."
        unit.tally.remark(Kind.PROJECT, project.key, PROJECT_IN_TRASH, message)
