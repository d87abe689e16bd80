"""Workflow schemes, under the same name; then every project is given its own again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, all_values, by_name, fold, read_all
from sitekeep_restore.importers.jira.scheme_homes import (
    SUFFIX,
    Home,
    SchemeHomes,
    has_projects_beyond,
)
from sitekeep_restore.importers.jira.workflow_paths import ONE_SCHEME, SCHEMES
from sitekeep_restore.importers.jira.workflow_switches import plan_switch
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.workflow_schemes import DEFAULT, DEFAULT_NAME, DEFAULT_WORKFLOW
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

FOLLOWING = UnitPlan(ImportPhase.OPENING, "workflow-schemes", "workflow-schemes")
"""Comes after the last workflow."""


async def import_workflow_schemes(unit: ImportUnit) -> None:
    """Every scheme; plans a switch for each project that had one of them."""
    schemes = await read_all(unit.backup, Kind.WORKFLOW_SCHEME)
    projects = [entry async for entry in unit.backup.entries(Kind.PROJECT)]
    targets = await unit.identities.get(identity_kinds.PROJECT, [entry.key for entry in projects])
    used = {entry.key: entry.attributes.get("workflow_scheme", "") for entry in projects}
    unit.tally.expect(Kind.WORKFLOW_SCHEME, len(schemes))
    writer = await _writer(unit, schemes, targets)
    for scheme in schemes:
        await writer.write(scheme)
    if DEFAULT in used.values():
        await writer.stand_in()
    made = await unit.identities.get(identity_kinds.WORKFLOW_SCHEME, set(used.values()) - {""})
    for entry in projects:
        target = made.get(used[entry.key])
        if entry.key in targets and target is not None:
            key = entry.attributes.get("key", "")
            unit.spawn(plan_switch(entry.key, key, targets[entry.key], target))
    writer.losses.report()


async def _writer(unit: ImportUnit, schemes: Sequence[Json], projects: dict[str, str]) -> _Writer:
    names = {workflow for scheme in schemes for workflow in _named(scheme)}
    workflows = await unit.identities.get(identity_kinds.WORKFLOW_NAME, names)
    wanted = {kind for scheme in schemes for kind in _mapped(scheme)}
    types = await unit.identities.get(identity_kinds.ISSUE_TYPE, wanted)
    existing = by_name(await all_values(unit.site, SCHEMES))
    in_use = await has_projects_beyond(unit, set(projects.values()))
    homes = SchemeHomes(unit, Kind.WORKFLOW_SCHEME, existing, in_use)
    return _Writer(unit, homes, workflows, types, LossCounter(unit.tally))


def _named(scheme: Json) -> list[str]:
    """The names of the workflows of a scheme, the default one first."""
    default = str(scheme.get("defaultWorkflow") or DEFAULT_WORKFLOW)
    return [default, *_mapped(scheme).values()]


def _mapped(scheme: Json) -> dict[str, str]:
    """Issue type → name of its workflow."""
    found: dict[str, str] = scheme.get("issueTypeMappings") or {}
    return found


@dataclass
class _Writer:
    unit: ImportUnit
    homes: SchemeHomes
    workflows: dict[str, str]
    """Name of a workflow in the backup → its name at the destination."""
    types: dict[str, str]
    losses: LossCounter

    async def write(self, scheme: Json) -> None:
        """Makes a scheme, or makes the one of that name like it."""
        name = str(scheme["name"])
        lacking = [each for each in _named(scheme) if each not in self.workflows]
        if lacking:
            self._refuse(name, f"Its workflow {lacking[0]} is not at the destination.")
            return
        listed = _mapped(scheme)
        body: Json = {
            "description": str(scheme.get("description") or ""),
            "defaultWorkflow": self.workflows[_named(scheme)[0]],
            "issueTypeMappings": {
                self.types[kind]: self.workflows[workflow]
                for kind, workflow in listed.items()
                if kind in self.types
            },
        }
        home = await self.homes.of(scheme, lambda found: _is_same(found, body))
        try:
            await self._put(scheme, home, body)
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            self._refuse(name, error.message)
            return
        lost = len(set(listed) - set(self.types))
        self.losses.add(Kind.WORKFLOW_SCHEME, Loss.ISSUE_TYPE_NOT_IN_SCHEME, name, lost)
        lossy = bool(lost) or home.name != name
        self.unit.tally.done(Kind.WORKFLOW_SCHEME, lossy=lossy)

    async def stand_in(self) -> None:
        """A scheme like the site's default one, which no request gives to a project with issues."""
        name = f"{DEFAULT_NAME}{SUFFIX}"
        body: Json = {"description": "", "defaultWorkflow": DEFAULT_WORKFLOW}
        found = self.homes.existing.get(fold(name))
        try:
            await self._put({"id": DEFAULT}, Home(name, found), {**body, "issueTypeMappings": {}})
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            self._refuse(name, error.message)

    def _refuse(self, name: str, message: str) -> None:
        reason = "WORKFLOW_SCHEME_REFUSED"
        self.unit.tally.missing(Kind.WORKFLOW_SCHEME, name, reason, message)

    async def _put(self, scheme: Json, home: Home, body: Json) -> None:
        if home.found is None:
            created: Json = await self.unit.site.post_json(SCHEMES, {**body, "name": home.name})
            await self.homes.keep(scheme, str(created["id"]))
            return
        target = str(home.found["id"])
        if not _is_same(home.found, body):
            await self.unit.site.put_json(ONE_SCHEME, body, id=target)
        await self.homes.keep(scheme, target)


def _is_same(found: Json, body: Json) -> bool:
    return all((found.get(name) or type(value)()) == value for name, value in body.items())
