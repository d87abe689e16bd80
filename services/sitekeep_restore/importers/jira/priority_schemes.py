"""Priority schemes, under the same name: assigned before there are issues to be migrated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, all_values, by_name, fold, read_json
from sitekeep_restore.importers.jira.scheme_homes import SchemeHomes, has_projects_beyond
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

SCHEMES = "/rest/api/3/priorityscheme"
ONE = SCHEMES + "/{scheme}"
PRIORITIES = ONE + "/priorities"

FIRST = UnitPlan(ImportPhase.SETTINGS, "priority-schemes", "priority-schemes")


async def import_priority_schemes(unit: ImportUnit) -> None:
    """Every scheme, with the projects that had it."""
    entries = [entry async for entry in unit.backup.entries(Kind.PRIORITY_SCHEME)]
    if not entries:
        return
    unit.tally.expect(Kind.PRIORITY_SCHEME, len(entries))
    writer = await _writer(unit, entries)
    for entry in entries:
        scheme: Json = await read_json(unit.backup, entry)
        await writer.write(entry, scheme)
    writer.losses.report()


async def _writer(unit: ImportUnit, entries: Sequence[Entry]) -> _Writer:
    sources = {each for entry in entries for each in _listed(entry, "projects")}
    projects = await unit.identities.get(identity_kinds.PROJECT, sources)
    wanted = {each for entry in entries for each in _listed(entry, "priorities")}
    priorities = await unit.identities.get(identity_kinds.PRIORITY, wanted)
    existing = await all_values(unit.site, SCHEMES)
    in_use = await has_projects_beyond(unit, set(projects.values()))
    homes = SchemeHomes(unit, Kind.PRIORITY_SCHEME, by_name(existing), in_use)
    return _Writer(unit, homes, projects, priorities, LossCounter(unit.tally))


def _listed(entry: Entry, name: str) -> list[str]:
    found: list[str] = msgspec.json.decode(entry.attributes.get(name) or "[]")
    return found


@dataclass
class _Writer:
    unit: ImportUnit
    homes: SchemeHomes
    projects: dict[str, str]
    priorities: dict[str, str]
    losses: LossCounter

    async def write(self, entry: Entry, scheme: Json) -> None:
        """Makes a scheme, or makes the one of that name like it."""
        name = str(scheme["name"])
        listed = _listed(entry, "priorities")
        wanted = [int(self.priorities[each]) for each in listed if each in self.priorities]
        if not wanted:
            self._refuse(name, "None of its priorities is at the destination.")
            return
        self.losses.add(
            Kind.PRIORITY_SCHEME, Loss.PRIORITY_NOT_IN_SCHEME, name, len(listed) - len(wanted)
        )
        default = self.priorities.get(str(scheme.get("defaultPriorityId")), str(wanted[0]))
        body: Json = {
            "description": str(scheme.get("description") or ""),
            "defaultPriorityId": int(default),
        }
        try:
            renamed = await self._put(entry, scheme, body, wanted)
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            self._refuse(name, error.message)
            return
        lossy = renamed or len(wanted) < len(listed)
        self.unit.tally.done(Kind.PRIORITY_SCHEME, lossy=lossy)

    def _refuse(self, name: str, message: str) -> None:
        reason = "PRIORITY_SCHEME_REFUSED"
        self.unit.tally.missing(Kind.PRIORITY_SCHEME, name, reason, message)

    async def _put(self, entry: Entry, scheme: Json, body: Json, wanted: list[int]) -> bool:
        """Writes the scheme with its projects; whether it has another name."""
        home = await self.homes.of(scheme, lambda found: bool(found.get("isDefault")))
        # Every project has the default scheme that has no other one: it is never assigned.
        is_default = bool(scheme.get("isDefault"))
        sources = [] if is_default else _listed(entry, "projects")
        projects = [int(self.projects[each]) for each in sources if each in self.projects]
        if home.found is None:
            more = {"name": home.name, "priorityIds": wanted, "projectIds": projects}
            created: Json = await self.unit.site.post_json(SCHEMES, body | more)
            await self.homes.keep(scheme, str(created["id"]))
        elif not (is_default and self.homes.in_use):
            await self._change(str(home.found["id"]), body, wanted, projects)
            await self.homes.keep(scheme, str(home.found["id"]))
        return fold(home.name) != fold(scheme["name"])

    async def _change(
        self, target: str, body: Json, wanted: list[int], projects: list[int]
    ) -> None:
        found = await all_values(self.unit.site, PRIORITIES, scheme=target)
        present = [int(each["id"]) for each in found]
        added = [each for each in wanted if each not in present]
        removed = [each for each in present if each not in wanted]
        changes: Json = {}
        if added or removed:
            changes["priorities"] = _changes(added, removed)
        if projects:
            changes["projects"] = _changes(projects, [])
        await self.unit.site.put_json(ONE, body | changes, scheme=target)


def _changes(added: list[int], removed: list[int]) -> Json:
    listed = {"add": added, "remove": removed}
    return {name: {"ids": ids} for name, ids in listed.items() if ids}
