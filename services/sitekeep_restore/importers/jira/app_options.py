"""The options of select fields of Connect apps, under the same names, where the app has the field.

Some of them cannot be chosen any more, and some are chosen by themselves: that is said when nothing
else is written. Source: field/{fieldKey}/option (Jira REST v3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, all_values, read_json
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.learnt_options import APP, APP_OPTIONS, LEARNT
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

OPTIONS = "/rest/api/3/field/{field_key}/option"
ONE = OPTIONS + "/{option}"
_REFUSALS = (SiteForbidden, SiteNotFound, SiteRefused)

FIRST = UnitPlan(ImportPhase.SETTINGS, "app-options", "app-options")
LAST = UnitPlan(ImportPhase.OPENING, "closed-app-options", "closed-app-options")


async def import_app_options(unit: ImportUnit) -> None:
    """Makes those that are absent, all of them open."""
    entries = await _entries(unit)
    if not entries:
        return
    unit.tally.expect(Kind.FIELD_CONTEXT, len(entries))
    losses = LossCounter(unit.tally)
    keys = await _keys(unit, entries)
    projects = await _projects(unit)
    for entry in entries:
        source = entry.attributes["field"]
        payload: Json = await read_json(unit.backup, entry)
        name = str(payload.get("name"))
        if source not in keys:
            losses.gone(Kind.FIELD_CONTEXT, Loss.FIELD_CONTEXT_WITHOUT_FIELD, source)
            continue
        try:
            kept = await _Writer(unit, source, keys[source], projects).write(_options(entry))
        except _REFUSALS as error:
            unit.tally.missing(Kind.FIELD_CONTEXT, name, "APP_OPTION_REFUSED", error.message)
            continue
        losses.add(Kind.FIELD_CONTEXT, Loss.APP_OPTION_KEPT, name, kept)
        unit.tally.done(Kind.FIELD_CONTEXT, lossy=bool(kept))
    losses.report()


async def close_app_options(unit: ImportUnit) -> None:
    """Says of those that this restore made what cannot be chosen, and what is by itself."""
    entries = await _entries(unit)
    keys = await _keys(unit, entries)
    projects = await _projects(unit)
    for entry in entries:
        source = entry.attributes["field"]
        if source in keys:
            await _Writer(unit, source, keys[source], projects).close(_options(entry))


async def _entries(unit: ImportUnit) -> list[Entry]:
    listed = [entry async for entry in unit.backup.entries(Kind.FIELD_CONTEXT)]
    return [entry for entry in listed if entry.attributes.get(LEARNT) == APP]


def _options(entry: Entry) -> list[Json]:
    return msgspec.json.decode(entry.attributes[APP_OPTIONS], type=list[Json])


async def _keys(unit: ImportUnit, entries: list[Entry]) -> dict[str, str]:
    """The keys of the destination's fields by the ids of those of the backup."""
    if not entries:
        return {}
    sources = [entry.attributes["field"] for entry in entries]
    targets = await unit.identities.get(identity_kinds.FIELD, sources)
    listed: list[Json] = await unit.site.get_json("/rest/api/3/field")
    keys = {str(each["id"]): str(each.get("key") or "") for each in listed}
    return {source: keys[each] for source, each in targets.items() if keys.get(each)}


async def _projects(unit: ImportUnit) -> dict[str, str]:
    sources = [entry.key async for entry in unit.backup.entries(Kind.PROJECT)]
    return await unit.identities.get(identity_kinds.PROJECT, sources)


@dataclass
class _Writer:
    unit: ImportUnit
    source: str
    """The id of the field in the backup."""
    key: str
    projects: Mapping[str, str]
    taken: set[str] = field(default_factory=set[str])

    async def write(self, options: list[Json]) -> int:
        """Makes the options; how many stay what the destination had under their names."""
        present = await all_values(self.unit.site, OPTIONS, field_key=self.key)
        ids = [self._place(each) for each in options]
        made = await self.unit.identities.get(identity_kinds.MADE_APP_OPTION, ids)
        kept = 0
        for option in options:
            wanted = self._body(option)
            found = self._same(present, option)
            if found is None:
                found = await self._make(option, wanted)
            elif self._place(option) not in made:
                kept += _essence(found) != _essence(wanted)
            pairs = {self._place(option): str(found["id"])}
            await self.unit.identities.put(identity_kinds.APP_OPTION, pairs)
        return kept

    async def close(self, options: list[Json]) -> None:
        """Gives our options the whole of what is said of them."""
        ids = [self._place(each) for each in options]
        made = await self.unit.identities.get(identity_kinds.MADE_APP_OPTION, ids)
        targets = await self.unit.identities.get(identity_kinds.APP_OPTION, ids)
        for option in options:
            wanted, target = self._body(option), targets.get(self._place(option))
            if self._place(option) not in made or target is None or wanted == _open(wanted):
                continue
            body = {**wanted, "id": int(target)}
            try:
                await self.unit.site.put_json(ONE, body, field_key=self.key, option=target)
            except _REFUSALS as error:
                name = f"{self.key}/{option['value']}"
                reason = "APP_OPTION_NOT_CLOSED"
                self.unit.tally.remark(Kind.FIELD_CONTEXT, name, reason, error.message)

    async def _make(self, option: Json, wanted: Json) -> Json:
        # Before it is made: the answer may be lost, and it is ours to change only then.
        made = {self._place(option): str(option["value"])}
        await self.unit.identities.put(identity_kinds.MADE_APP_OPTION, made)
        body = _open(wanted)
        found: Json = await self.unit.site.post_json(OPTIONS, body, field_key=self.key)
        self.taken.add(str(found["id"]))
        return found

    def _place(self, option: Json) -> str:
        """The numbers of options are those of their field alone."""
        return f"{self.source}/{option['id']}"

    def _same(self, present: list[Json], option: Json) -> Json | None:
        """The option of that name, unless another one became it."""
        for each in present:
            if each["value"] == option["value"] and str(each["id"]) not in self.taken:
                self.taken.add(str(each["id"]))
                return each
        return None

    def _body(self, option: Json) -> Json:
        """What an option is at the destination, for those of its projects that are there."""
        scope = _scope(option)
        there: Json = {"global": scope["global"]} if scope.get("global") is not None else {}
        projects: list[Json] = scope.get("projects2") or []
        listed = [
            {**each, "id": int(self.projects[str(each["id"])])}
            for each in projects
            if str(each["id"]) in self.projects
        ]
        if listed or not there:
            there["projects2"] = listed
        properties = {"properties": option["properties"]} if option.get("properties") else {}
        return {"value": option["value"], **properties, "config": {"scope": there}}


def _open(body: Json) -> Json:
    """The same, to be chosen everywhere where it is, and nowhere by itself."""
    scope: Json = body["config"]["scope"]
    there: Json = {"global": {}} if "global" in scope else {}
    if "projects2" in scope:
        there["projects2"] = [{"id": each["id"]} for each in scope["projects2"]]
    return {**body, "config": {"scope": there}}


def _scope(option: Json) -> Json:
    """Where an option is: without any word on it, everywhere."""
    config: Json = option.get("config") or {}
    scope: Json = config.get("scope") or {"global": {}}
    return scope


def _essence(option: Json) -> Json:
    scope = _scope(option)
    listed: list[Json] = scope.get("projects2") or []
    projects = sorted(listed, key=lambda each: int(each["id"]))
    return {
        "properties": option.get("properties") or {},
        "global": scope.get("global"),
        "projects": [{"id": e["id"], "attributes": e.get("attributes") or []} for e in projects],
    }
