"""The workflow and the scheme that a project has while it is restored: made, and discarded."""

from __future__ import annotations

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import Json, all_values
from sitekeep_restore.importers.jira.statuses import STATUS_WORKFLOW
from sitekeep_restore.importers.jira.workflow_paths import ONE, ONE_SCHEME, SEARCH
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind


async def discard_workflow(unit: ImportUnit, project: str) -> None:
    """Deletes what a project had for the restore; ``project`` is its id in the backup."""
    schemes = await unit.identities.get(identity_kinds.TEMPORARY_SCHEME, [project])
    workflows = await unit.identities.get(identity_kinds.TEMPORARY_WORKFLOW, [project])
    try:
        if project in schemes:
            await _delete(unit, ONE_SCHEME, schemes[project])
        if project in workflows:
            await _delete(unit, ONE, workflows[project])
    except (SiteRefused, SiteForbidden) as error:
        _stays(unit, str(unit.plan.arguments.get("key", project)), error.message)


async def discard_status_workflows(unit: ImportUnit) -> None:
    """Deletes the workflows that were made to have statuses made."""
    listed = await all_values(unit.site, SEARCH, [("queryString", STATUS_WORKFLOW)])
    for workflow in listed:
        if str(workflow.get("name", "")).startswith(STATUS_WORKFLOW):
            await _discard(unit, workflow)


async def _discard(unit: ImportUnit, workflow: Json) -> None:
    try:
        await _delete(unit, ONE, str(workflow["id"]))
    except (SiteRefused, SiteForbidden) as error:
        _stays(unit, str(workflow["name"]), error.message)


async def _delete(unit: ImportUnit, template: str, identifier: str) -> None:
    """What is gone already is fine."""
    try:
        await unit.site.delete(template, id=identifier)
    except SiteNotFound:
        return


def _stays(unit: ImportUnit, key: str, message: str) -> None:
    text = f"A workflow of the restore stays at the destination: {message}"
    unit.tally.remark(Kind.WORKFLOW, key, "TEMPORARY_WORKFLOW_STAYS", text)
