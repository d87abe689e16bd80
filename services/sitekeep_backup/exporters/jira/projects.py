"""Projects: their list, each with its versions and components, and the plan of its issues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sitekeep_backup.exporters.jira.issue_ranges import plan_ranges
from sitekeep_backup.exporters.jira.listing import read_page, spawn_next, store_items
from sitekeep_backup.exporters.jira.permission_schemes import permission_scheme_of
from sitekeep_backup.exporters.jira.project_schemes import schemes_of_projects
from sitekeep_backup.exporters.jira.roles import plan_actors
from sitekeep_backup.exporters.jira.sprints import PlanningFields, planning_fields
from sitekeep_backup.exporters.product_discovery.unreadable import name_unreadable
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entry_keys import split_issue_key
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 100
"""The largest page of project/search, versions and components (Jira REST v3)."""

FIRST = UnitPlan(ExportPhase.CONTENT, "projects", "projects")


class _Insight(msgspec.Struct, rename="camel"):
    total_issue_count: int | None = None


class _Listed(msgspec.Struct):
    id: str
    key: str
    name: str = ""
    archived: bool = False
    deleted: bool = False
    insight: _Insight | None = None
    project_type: str = msgspec.field(default="", name="projectTypeKey")
    roles: dict[str, str] = {}

    @property
    def issue_count(self) -> int:
        """How many issues the site says it has, whether the account sees them or not."""
        return (self.insight.total_issue_count or 0) if self.insight else 0


async def export_projects(unit: ExportUnit) -> None:
    """One page of project/search with archived and trashed projects; plans the live ones."""
    query = [("status", status) for status in ("live", "archived", "deleted")]
    query += [("maxResults", str(PAGE_SIZE)), ("expand", "insight"), ("orderBy", "key")]
    page = await read_page(unit, "/rest/api/3/project/search", query)
    fields = await planning_fields(unit)
    listed = [msgspec.json.decode(item, type=_Listed) for item in page.values]
    live = [each.id for each in listed if not each.deleted and not each.archived]
    schemes = await schemes_of_projects(unit, live)
    for project in listed:
        _plan_project(unit, project, fields, schemes.get(project.id, {}))
    spawn_next(unit, page)


def _plan_project(
    unit: ExportUnit, project: _Listed, fields: PlanningFields, schemes: Mapping[str, str]
) -> None:
    if project.deleted:
        unit.tally.remark(Kind.PROJECT, project.key, "PROJECT_IN_TRASH", _closed(project, "trash"))
    elif project.archived:
        unit.tally.expect(Kind.PROJECT)
        message = _closed(project, "archive")
        unit.tally.missing(Kind.PROJECT, project.key, "PROJECT_ARCHIVED", message)
    else:
        arguments = {"id": project.id, "key": project.key, "issues": project.issue_count}
        arguments["fields"] = msgspec.to_builtins(fields)
        arguments["schemes"] = schemes
        unit.spawn(UnitPlan(unit.plan.phase, f"project/{project.id:>010}", "project", arguments))


def _closed(project: _Listed, place: str) -> str:
    return (
        f"{project.name} is in the {place}: its {project.issue_count} issues can be read "
        "once it is restored on the site."
    )


async def export_project(unit: ExportUnit) -> None:
    """GET project/{id}; plans its versions, components, actors and ranges of issues."""
    arguments = unit.plan.arguments
    project_id, key = str(arguments["id"]), str(arguments["key"])
    unit.tally.expect(Kind.PROJECT)
    try:
        project = await _store_project(unit, project_id)
    except SiteNotFound as error:
        unit.tally.missing(Kind.PROJECT, key, "PROJECT_NOT_VISIBLE", error.message)
        return
    for noun in ("version", "component"):
        part = {"project": project_id}
        unit.spawn(UnitPlan(unit.plan.phase, f"{noun}s/{project_id:>010}", f"{noun}s", part))
    unit.spawn(plan_actors(project_id, key, project.roles))
    name_unreadable(unit, project.project_type, key)
    await _compare_counts(unit, key, int(arguments["issues"]))
    highest = await _highest_number(unit, key)
    fields = PlanningFields(**arguments.get("fields", {}))
    unit.spawn(
        *plan_ranges(project_id, key, highest, sprint_field=fields.sprint, rank_field=fields.rank)
    )


async def _store_project(unit: ExportUnit, project_id: str) -> _Listed:
    query = [("expand", "description,lead,issueTypes,url,projectKeys,insight")]
    template = "/rest/api/3/project/{project_id}"
    payload = await unit.site.get(template, query, project_id=project_id)
    project = msgspec.json.decode(payload, type=_Listed)
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
    found: dict[str, Any] = await unit.site.post_json("/rest/api/3/search/jql", body, read=True)
    return max((split_issue_key(issue["key"])[1] for issue in found.get("issues", ())), default=0)


async def _compare_counts(unit: ExportUnit, key: str, existing: int) -> None:
    """Says how many issues the site counts that the account's own search does not."""
    template = "/rest/api/3/search/approximate-count"
    found: dict[str, Any] = await unit.site.post_json(
        template, {"jql": f'project = "{key}"'}, read=True
    )
    hidden = existing - int(found.get("count", 0))
    if hidden > 0:
        message = f"{hidden} issues of {key} are not visible to this account."
        unit.tally.remark(Kind.ISSUE, key, "ISSUES_NOT_VISIBLE", message, count=hidden)


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
