"""Listing once more what there is, when all content was read: the start of the closing pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sitekeep_backup.exporters.jira.closing import plan_closing
from sitekeep_backup.exporters.jira.issue_ranges import RANGES, project_of
from sitekeep_backup.exporters.jira.listed_issues import changed_issues
from sitekeep_backup.exporters.jira.listed_projects import (
    DELETED,
    LIVE,
    ListedProject,
    all_projects,
)
from sitekeep_backup.exporters.jira.project_schemes import schemes_of_projects
from sitekeep_backup.exporters.jira.projects import known_projects, plan_project
from sitekeep_backup.exporters.jira.sprints import PlanningFields
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.content.invisible import PROJECT_IN_TRASH
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

Known = Mapping[str, tuple[str, str]]
"""Key and state of projects, by id."""

FIRST = UnitPlan(ExportPhase.LISTING_AGAIN, "relisting", "relisting")


async def export_relisting(unit: ExportUnit) -> None:
    """Plans the reading of projects that are new, and the closing of all live ones."""
    known, fields = await known_projects(unit)
    projects = [project async for project in all_projects(unit)]
    await _plan_new(unit, [each for each in projects if _is_new(each, known)], fields)
    changed, linked = await changed_issues(unit), await _linked(unit)
    for project in projects:
        if project.state == DELETED != _state(project, known) != "":
            _say_it_went(unit, project)
        if project.state == LIVE:
            source = fields.source_of(project.id, project.key)
            source = replace(source, every_link=project.id in linked)
            unit.spawn(plan_closing(source, changed.get(project.id, {})))


async def _linked(unit: ExportUnit) -> set[str]:
    """The ids of the projects of which an issue has a remote link, or every one was asked."""
    return {
        project_of(key)
        async for key, note in unit.earlier.notes(RANGES)
        if note["links"] or note["every_link"]
    }


def _state(project: ListedProject, known: Known) -> str:
    """What state it was in when the list was read first; empty: it was not there."""
    return known[project.id][1] if project.id in known else ""


def _is_new(project: ListedProject, known: Known) -> bool:
    """Whether it was not there, or in the trash, before."""
    earlier = _state(project, known)
    return earlier in ("", DELETED) and project.state != earlier


async def _plan_new(
    unit: ExportUnit, projects: Sequence[ListedProject], fields: PlanningFields
) -> None:
    readable = [project.id for project in projects if project.state != DELETED]
    schemes = await schemes_of_projects(unit, readable)
    for project in projects:
        plan_project(unit, project, fields, schemes.get(project.id, {}))


def _say_it_went(unit: ExportUnit, project: ListedProject) -> None:
    message = f"{project.name} went into the trash while the backup ran: what was read is kept."
    unit.tally.remark(Kind.PROJECT, project.key, PROJECT_IN_TRASH, message)
