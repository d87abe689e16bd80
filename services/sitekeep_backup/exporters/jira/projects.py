"""Projects: their list, each with its versions and components, and the plan of its issues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from sitekeep_backup.exporters.jira.entity_properties import plan_properties
from sitekeep_backup.exporters.jira.features import export_features
from sitekeep_backup.exporters.jira.issue_ranges import (
    IssueSource,
    plan_archived_ranges,
    plan_ranges,
)
from sitekeep_backup.exporters.jira.listed_issues import SEARCH as SEARCH_ISSUES
from sitekeep_backup.exporters.jira.listed_projects import (
    ARCHIVED,
    DELETED,
    PAGE_SIZE,
    QUERY,
    SEARCH,
    ListedProject,
)
from sitekeep_backup.exporters.jira.listing import read_page, spawn_next, store_items
from sitekeep_backup.exporters.jira.permission_schemes import permission_scheme_of
from sitekeep_backup.exporters.jira.project_schemes import WORKFLOW_SCHEME, schemes_of_projects
from sitekeep_backup.exporters.jira.remote_links import may_have_links
from sitekeep_backup.exporters.jira.roles import plan_actors
from sitekeep_backup.exporters.jira.sprints import PlanningFields, planning_fields
from sitekeep_backup.exporters.jira.workflow_schemes import plan_drafts
from sitekeep_backup.exporters.product_discovery.unreadable import name_unreadable
from sitekeep_backup.exporters.service_management.archived import name_archived_desk
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entity_properties import Owner
from sitekeep_shared.content.entry_keys import split_issue_key
from sitekeep_shared.content.invisible import PROJECT_IN_TRASH, PROJECT_NOT_VISIBLE
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

FIRST = UnitPlan(ExportPhase.CONTENT, "projects", "projects")


async def export_projects(unit: ExportUnit) -> None:
    """One page of project/search with archived and trashed projects; plans those that it shows."""
    page = await read_page(unit, SEARCH, QUERY)
    fields = await planning_fields(unit)
    listed = [msgspec.json.decode(item, type=ListedProject) for item in page.values]
    schemes = await schemes_of_projects(
        unit, [project.id for project in listed if project.state != DELETED]
    )
    for project in listed:
        plan_project(unit, project, fields, schemes.get(project.id, {}))
    used = [each.get(WORKFLOW_SCHEME, "") for each in schemes.values()]
    unit.spawn(*plan_drafts(unit.plan.phase, used))
    states = {project.id: [project.key, project.state] for project in listed}
    unit.note = {"projects": states, "fields": msgspec.to_builtins(fields)}
    spawn_next(unit, page)


async def known_projects(
    unit: ExportUnit,
) -> tuple[dict[str, tuple[str, str]], PlanningFields]:
    """Keys and states of all projects when the list was read, by id; the fields of planning."""
    states: dict[str, tuple[str, str]] = {}
    fields = PlanningFields()
    async for _, note in unit.earlier.notes(FIRST.key):
        states |= {each: (key, state) for each, (key, state) in note["projects"].items()}
        fields = PlanningFields(**note["fields"])
    return states, fields


def plan_project(
    unit: ExportUnit,
    project: ListedProject,
    fields: PlanningFields,
    schemes: Mapping[str, str],
) -> None:
    """Plans the reading of a project, or says that it is in the trash."""
    if project.state == DELETED:
        message = (
            f"{project.name} is in the trash: its {project.issue_count} issues can be read "
            "once it is restored on the site."
        )
        unit.tally.remark(Kind.PROJECT, project.key, PROJECT_IN_TRASH, message)
        return
    arguments = {"id": project.id, "key": project.key, "fields": msgspec.to_builtins(fields)}
    arguments["schemes"] = dict(schemes)
    arguments["archived_issues"] = project.issue_count if project.state == ARCHIVED else None
    unit.spawn(UnitPlan(FIRST.phase, f"project/{project.id:>010}", "project", arguments))


async def export_project(unit: ExportUnit) -> None:
    """GET project/{id}; plans its versions, components, actors and ranges of issues."""
    arguments = unit.plan.arguments
    project_id, key = str(arguments["id"]), str(arguments["key"])
    unit.tally.expect(Kind.PROJECT)
    try:
        project = await _store_project(unit, project_id)
    except SiteNotFound as error:
        unit.tally.missing(Kind.PROJECT, key, PROJECT_NOT_VISIBLE, error.message)
        return
    for noun in ("version", "component"):
        part = {"project": project_id}
        unit.spawn(UnitPlan(unit.plan.phase, f"{noun}s/{project_id:>010}", f"{noun}s", part))
    unit.spawn(plan_actors(project_id, key, project.roles))
    name_unreadable(unit, project.project_type, key)
    if arguments["archived_issues"] is not None:
        name_archived_desk(unit, project.project_type, key)
    plan_properties(unit, Owner.PROJECT, [project_id])
    await export_features(unit, project_id)
    fields = PlanningFields(**arguments["fields"])
    await _plan_issues(unit, fields.source_of(project_id, key), arguments["archived_issues"])


async def _plan_issues(unit: ExportUnit, source: IssueSource, archived: int | None) -> None:
    """Plans the ranges. ``archived``: how many issues an archived project has; None: it is live."""
    key = source.project_key
    highest = await _highest_number(unit, key) if archived is None else archived
    source = replace(source, every_link=await may_have_links(unit, key, highest))
    if archived is None:
        unit.spawn(*plan_ranges(source, highest))
    else:
        unit.spawn(*plan_archived_ranges(source, archived))


async def _store_project(unit: ExportUnit, project_id: str) -> ListedProject:
    query = [("expand", "description,lead,issueTypes,url,projectKeys,insight")]
    template = "/rest/api/3/project/{project_id}"
    payload = await unit.site.get(template, query, project_id=project_id)
    project = msgspec.json.decode(payload, type=ListedProject)
    attributes = {
        "key": project.key,
        "statuses": await _statuses(unit, project_id),
        "permission_scheme": await permission_scheme_of(unit, project_id),
        **unit.plan.arguments.get("schemes", {}),
    }
    await unit.records.put_record(Kind.PROJECT, project_id, payload, attributes=attributes)
    unit.tally.done(Kind.PROJECT, len(payload))
    return project


async def _statuses(unit: ExportUnit, project_id: str) -> str:
    """JSON of the ids of the statuses that the project's workflows have, in their order."""
    template = "/rest/api/3/project/{project_id}/statuses"
    try:
        types: list[dict[str, Any]] = await unit.site.get_json(template, project_id=project_id)
    except (SiteNotFound, SiteForbidden, SiteRefused):
        return "[]"
    found = (str(status["id"]) for kind in types for status in kind.get("statuses", ()))
    return msgspec.json.encode(list(dict.fromkeys(found))).decode()


async def _highest_number(unit: ExportUnit, key: str) -> int:
    """The highest number that the search index knows; 0 where it knows none."""
    body = {"jql": f'project = "{key}" ORDER BY key DESC', "fields": ["key"], "maxResults": 1}
    try:
        found: dict[str, Any] = await unit.site.post_json(SEARCH_ISSUES, body, read=True)
    except (SiteForbidden, SiteNotFound, SiteRefused):
        # The search says of projects that the account does not see that there are none.
        return 0
    return max((split_issue_key(issue["key"])[1] for issue in found.get("issues", ())), default=0)


async def _export_parts(unit: ExportUnit, kind: Kind, noun: str) -> None:
    project_id = str(unit.plan.arguments["project"])
    template = "/rest/api/3/project/{project_id}/" + noun
    query = [("maxResults", str(PAGE_SIZE))]
    page = await read_page(unit, template, query, project_id=project_id)
    await store_items(unit, kind, page.values, attributes_of=lambda _: {"project": project_id})
    spawn_next(unit, page)


async def export_versions(unit: ExportUnit) -> None:
    """One page of a project's versions, archived ones included."""
    await _export_parts(unit, Kind.VERSION, "version")


async def export_components(unit: ExportUnit) -> None:
    """One page of a project's components."""
    await _export_parts(unit, Kind.COMPONENT, "component")
