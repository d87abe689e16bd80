"""Projects get their own workflow scheme in place of the one that they had for the restore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sitekeep_restore.importers.jira.bulk_tasks import task_of, wait_for_task
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.jira.temporary_workflows import discard_workflow
from sitekeep_restore.importers.jira.workflow_paths import OF_PROJECTS, ONE_SCHEME, READ, SWITCH
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

STATUSES = "/rest/api/3/project/{project}/statuses"
CONFLICT = 409
_MOST_ROUNDS = 3


def plan_switch(source: str, key: str, target: str, scheme: str) -> UnitPlan:
    """The unit that gives a project its scheme."""
    arguments = {"source": source, "key": key, "project": target, "scheme": scheme}
    return UnitPlan(
        ImportPhase.OPENING, f"workflow-switch/{source:>010}", "workflow-switch", arguments
    )


async def switch_workflow(unit: ImportUnit) -> None:
    """One project; a refused switch leaves it the workflow of the restore."""
    arguments = unit.plan.arguments
    source, key = str(arguments["source"]), str(arguments["key"])
    project, scheme = str(arguments["project"]), str(arguments["scheme"])
    try:
        await _switch(unit, project, scheme)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        message = f"It keeps a workflow that leads from each status to each: {error.message}"
        unit.tally.missing(Kind.WORKFLOW_SCHEME, key, "WORKFLOW_NOT_SWITCHED", message)
        return
    await discard_workflow(unit, source)


async def _switch(unit: ImportUnit, project: str, scheme: str) -> None:
    """Raises SiteRefused where the project does not have the scheme in the end."""
    for _ in range(_MOST_ROUNDS):
        if await _present_scheme(unit, project) == scheme:
            return
        body = {
            "projectId": project,
            "targetSchemeId": scheme,
            "mappingsByIssueTypeOverride": await _mappings(unit, project, scheme),
        }
        try:
            await wait_for_task(unit, str((await unit.site.post_task(SWITCH, body))["id"]))
        except SiteRefused as error:
            # The switch of an attempt whose answer was lost may still be going on.
            running = task_of(error)
            if error.status != CONFLICT or not running:
                raise
            await wait_for_task(unit, running)
    raise SiteRefused("The site says that it is done, but the project has another scheme.")


async def _present_scheme(unit: ImportUnit, project: str) -> str:
    answer: Json = await unit.site.get_json(OF_PROJECTS, [("projectId", project)])
    values: list[Json] = answer.get("values", [])
    return str(values[0]["workflowScheme"].get("id", "")) if values else ""


async def _mappings(unit: ImportUnit, project: str, scheme: str) -> list[Json]:
    """Where issues go whose status is not in the workflow that their type gets."""
    kinds: list[Json] = await unit.site.get_json(STATUSES, project=project)
    target: Json = await unit.site.get_json(ONE_SCHEME, id=scheme)
    mapped: Json = target.get("issueTypeMappings") or {}
    default = str(target["defaultWorkflow"])
    chosen = {str(kind["id"]): str(mapped.get(str(kind["id"]), default)) for kind in kinds}
    workflows = await _workflows(unit, sorted(set(chosen.values())))
    found: list[Json] = []
    for kind in kinds:
        number = str(kind["id"])
        moves = _moves(kind.get("statuses") or [], workflows[chosen[number]])
        if moves:
            found.append({"issueTypeId": number, "statusMappings": moves})
    return found


async def _workflows(unit: ImportUnit, names: Sequence[str]) -> Mapping[str, _Statuses]:
    body = {"workflowNames": list(names)}
    answer: Json = await unit.site.post_json(READ, body, read=True)
    listed: list[Json] = answer.get("statuses", [])
    statuses = {str(each["statusReference"]): each for each in listed}
    return {str(each["name"]): _Statuses(each, statuses) for each in answer.get("workflows", [])}


class _Statuses:
    """The statuses of a workflow of the destination."""

    def __init__(self, workflow: Json, statuses: Mapping[str, Json]) -> None:
        own = [statuses[str(each["statusReference"])] for each in workflow["statuses"]]
        self.categories = {str(each["id"]): str(each.get("statusCategory")) for each in own}
        initial = next(each for each in workflow["transitions"] if each["type"] == "INITIAL")
        self.first = str(statuses[str(initial["toStatusReference"])]["id"])

    def nearest(self, category: str) -> str:
        """The first status of a category, else the one in which issues begin."""
        return next((each for each, of in self.categories.items() if of == category), self.first)


_CATEGORIES = {"new": "TODO", "indeterminate": "IN_PROGRESS", "done": "DONE"}
"""The keys of status categories in a project's statuses → their names in workflows."""


def _moves(present: Sequence[Json], wanted: _Statuses) -> list[Json]:
    return [
        {"oldStatusId": str(status["id"]), "newStatusId": wanted.nearest(_category(status))}
        for status in present
        if str(status["id"]) not in wanted.categories
    ]


def _category(status: Json) -> str:
    category: Json = status.get("statusCategory") or {}
    return _CATEGORIES.get(str(category.get("key")), "TODO")
