"""Which schemes the projects of a page have: the site tells it of many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.workflow_schemes import DEFAULT
from sitekeep_shared.kinds import Kind

TYPE_SCHEMES = "/rest/api/3/issuetypescheme/project"
WORKFLOW_SCHEMES = "/rest/api/3/workflowscheme/project"
ISSUE_TYPE_SCHEME = "issue_type_scheme"
"""The attribute of a project that names its issue type scheme."""
WORKFLOW_SCHEME = "workflow_scheme"
"""The attribute of a project that names its workflow scheme."""
_MOST_PROJECTS = 100
"""How many projects workflowscheme/project takes at once (Jira REST v3)."""


async def schemes_of_projects(
    unit: ExportUnit, projects: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Project id → the attributes that name its schemes.

    Team-managed projects have none. At most 100 projects: so many have one page of schemes.
    """
    found: dict[str, dict[str, str]] = {project: {} for project in projects}
    for value in await _values(unit, TYPE_SCHEMES, projects):
        for project in value["projectIds"]:
            found[str(project)][ISSUE_TYPE_SCHEME] = str(value["issueTypeScheme"]["id"])
    for value in await _values(unit, WORKFLOW_SCHEMES, projects):
        for project in value["projectIds"]:
            scheme = value["workflowScheme"].get("id") or DEFAULT
            found[str(project)][WORKFLOW_SCHEME] = str(scheme)
    return found


async def _values(unit: ExportUnit, template: str, projects: Sequence[str]) -> list[dict[str, Any]]:
    """The schemes with their projects; none where the account may not see them."""
    if not projects:
        return []
    query = [("projectId", project) for project in projects[:_MOST_PROJECTS]]
    query += [("maxResults", str(_MOST_PROJECTS))] if template == TYPE_SCHEMES else []
    try:
        page: dict[str, Any] = await unit.site.get_json(template, query)
    except (SiteNotFound, SiteForbidden, SiteRefused) as error:
        message = f"Which scheme a project has is not known: {error.message}"
        unit.tally.remark(Kind.PROJECT, template, "SCHEMES_NOT_VISIBLE", message)
        return []
    values: list[dict[str, Any]] = page.get("values", [])
    return values
