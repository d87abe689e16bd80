"""The contexts of custom fields, with their options: made before there are issues.

A default value would fill what restored issues leave empty, and an option that is disabled
cannot be chosen: both come when nothing else is written any more (field_defaults.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.field_options import import_options
from sitekeep_restore.importers.jira.fields import STOCK
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.offered_options import choose_offered
from sitekeep_restore.importers.jira.reading import Json, all_values, fold, read_json
from sitekeep_restore.importers.jira.scheme_homes import SUFFIX, has_projects_beyond
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.learnt_options import APP, LEARNT
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

CONTEXTS = "/rest/api/3/field/{field}/context"
ONE = CONTEXTS + "/{context}"
FIELDS_PER_UNIT = 10
LONGEST_NAME = 255

FIRST = UnitPlan(ImportPhase.SETTINGS, "field-contexts", "field-contexts")


async def plan_field_contexts(unit: ImportUnit) -> None:
    """Plans units of some fields each: the contexts of a field depend on each other."""
    by_field: dict[str, list[str]] = {}
    async for entry in unit.backup.entries(Kind.FIELD_CONTEXT):
        if entry.attributes.get(LEARNT) == APP:
            continue
        by_field.setdefault(entry.attributes["field"], []).append(entry.key)
    fields = sorted(by_field)
    for start in range(0, len(fields), FIELDS_PER_UNIT):
        part = {each: by_field[each] for each in fields[start : start + FIELDS_PER_UNIT]}
        key = f"field-contexts/{start:06d}"
        unit.spawn(UnitPlan(unit.plan.phase, key, "contexts-of-fields", {"fields": part}))


async def import_contexts_of_fields(unit: ImportUnit) -> None:
    """All contexts of some fields."""
    fields: dict[str, list[str]] = unit.plan.arguments["fields"]
    targets = await unit.identities.get(identity_kinds.FIELD, fields)
    made = await unit.identities.get(identity_kinds.MADE_FIELD, fields)
    kinds = await unit.identities.get(identity_kinds.FIELD_TYPE, fields)
    losses = LossCounter(unit.tally)
    projects = await _projects(unit)
    foreign = targets.keys() - made.keys()
    in_use = bool(foreign) and await has_projects_beyond(unit, set(projects.values()))
    for source, keys in fields.items():
        unit.tally.expect(Kind.FIELD_CONTEXT, len(keys))
        if source not in targets:
            loss = Loss.FIELD_CONTEXT_WITHOUT_FIELD
            losses.gone(Kind.FIELD_CONTEXT, loss, source, len(keys))
            continue
        found = [await unit.backup.entry(Kind.FIELD_CONTEXT, key) for key in keys]
        contexts = [await _source(unit, entry, projects) for entry in found if entry is not None]
        is_of_jira = kinds.get(source, "").startswith(STOCK)
        is_ours = source in made
        place = _Place(targets[source], is_ours, is_ours or not in_use, is_of_jira)
        await _Writer(unit, place, losses, contexts, list(projects.values())).write()
    losses.report()


async def _projects(unit: ImportUnit) -> dict[str, str]:
    """Source → target id of every restored project."""
    sources = [entry.key async for entry in unit.backup.entries(Kind.PROJECT)]
    return await unit.identities.get(identity_kinds.PROJECT, sources)


@dataclass(frozen=True)
class _Source:
    """A context of the backup, with ids of the destination."""

    entry: Entry
    context: Json
    projects: Sequence[str]
    types: Sequence[str]
    is_everywhere: bool
    is_gone: bool
    """Whether nothing that it is for is at the destination: it would be for everything there."""

    @property
    def name(self) -> str:
        return str(self.context["name"])

    @property
    def description(self) -> str:
        return str(self.context.get("description") or "")


async def _source(unit: ImportUnit, entry: Entry, projects: Mapping[str, str]) -> _Source:
    context: Json = await read_json(unit.backup, entry)
    named: list[str] = msgspec.json.decode(entry.attributes.get("projects") or "[]")
    typed: list[str] = msgspec.json.decode(entry.attributes.get("issue_types") or "[]")
    types = await unit.identities.get(identity_kinds.ISSUE_TYPE, typed)
    found = [projects[each] for each in named if each in projects]
    kinds = list(dict.fromkeys(types[each] for each in typed if each in types))
    is_everywhere = bool(context.get("isGlobalContext", not named))
    is_gone = bool((not is_everywhere and not found) or (typed and not kinds))
    return _Source(entry, context, found, kinds, is_everywhere, is_gone)


@dataclass(frozen=True)
class _Place:
    """A field of the destination."""

    field: str
    is_ours: bool
    """Whether this restore made it."""
    is_free: bool
    """Whether no project that was there before can be using it."""
    is_of_jira: bool
    """Whether its type is one of Jira's own: an app may keep the contexts of its fields itself."""


@dataclass
class _Writer:
    unit: ImportUnit
    place: _Place
    losses: LossCounter
    contexts: Sequence[_Source]
    restored: Sequence[str]
    existing: list[Json] = field(default_factory=list[Json])
    taken: set[str] = field(default_factory=set[str])

    async def write(self) -> None:
        """Makes every context of the field."""
        try:
            self.existing = await all_values(self.unit.site, CONTEXTS, field=self.place.field)
        except (SiteForbidden, SiteNotFound, SiteRefused) as error:
            if all(LEARNT in each.entry.attributes for each in self.contexts):
                await self._choose()
            else:
                self._refuse(self.place.field, error.message, len(self.contexts))
            return
        # That for everything first: it may have to give way, and a field has one of them.
        for source in sorted(self.contexts, key=lambda each: not each.is_everywhere):
            await self._write(source)
        await self._clear()

    async def _choose(self) -> None:
        """The field is one project's own, there as here: what it offers is not ours to change."""
        for source in self.contexts:
            key = f"{self.place.field}/{source.name}"
            try:
                lacking = await choose_offered(
                    self.unit, source.entry, self.place.field, source.projects
                )
            except (SiteForbidden, SiteNotFound, SiteRefused) as error:
                self._refuse(key, error.message)
                continue
            self.losses.add(Kind.FIELD_CONTEXT, Loss.OPTION_NOT_OFFERED, key, lacking)
            self.unit.tally.done(Kind.FIELD_CONTEXT, lossy=bool(lacking))

    async def _write(self, source: _Source) -> None:
        key = f"{self.place.field}/{source.name}"
        if source.is_gone:
            self.losses.gone(Kind.FIELD_CONTEXT, Loss.FIELD_CONTEXT_WITHOUT_PROJECTS, key)
            return
        narrowed = source.is_everywhere and not self.place.is_free
        if narrowed and not self._rest():
            await self._share(source, key)
            return
        try:
            target, present = await self._target(source, narrowed)
            self.taken.add(target)
            narrowed = narrowed and not self._is_everywhere(target)
            pairs = {source.entry.key: target}
            await self.unit.identities.put(identity_kinds.FIELD_CONTEXT, pairs)
            options: list[Json] = msgspec.json.decode(source.entry.attributes["options"])
            await import_options(self.unit, self.place.field, target, options, present)
        except (SiteForbidden, SiteNotFound, SiteRefused) as error:
            if self.place.is_of_jira:
                self._refuse(key, error.message)
            else:
                self.losses.gone(Kind.FIELD_CONTEXT, Loss.FIELD_CONTEXT_OF_AN_APP, key)
            return
        if narrowed:
            self.losses.add(Kind.FIELD_CONTEXT, Loss.FIELD_CONTEXT_NARROWED, key)
        self.unit.tally.done(Kind.FIELD_CONTEXT, lossy=narrowed)

    async def _share(self, source: _Source, key: str) -> None:
        """All restored projects have another context: the one of the destination serves the rest.

        It gets the options that it lacks and stays as it is otherwise.
        """
        shared = next((each for each in self.existing if each.get("isGlobalContext")), None)
        if shared is None:
            message = "It would be for projects that were there already."
            self._refuse(key, message)
            return
        options: list[Json] = msgspec.json.decode(source.entry.attributes["options"])
        target = str(shared["id"])
        try:
            if options:
                present = await self._options(target)
                await import_options(
                    self.unit, self.place.field, target, options, present, keep_order=True
                )
        except (SiteForbidden, SiteNotFound, SiteRefused) as error:
            self._refuse(key, error.message)
            return
        self.losses.gone(Kind.FIELD_CONTEXT, Loss.FIELD_CONTEXT_SHARED, key)

    def _refuse(self, key: str, message: str, count: int = 1) -> None:
        reason = "FIELD_CONTEXT_REFUSED"
        self.unit.tally.missing(Kind.FIELD_CONTEXT, key, reason, message, count=count)

    async def _target(self, source: _Source, narrowed: bool) -> tuple[str, Sequence[Json]]:
        """The context at the destination, and the options that it has already."""
        projects = self._rest() if narrowed else source.projects
        known = await self.unit.identities.get(identity_kinds.FIELD_CONTEXT, [source.entry.key])
        found = self._found(known.get(source.entry.key, ""))
        found = found or await self._same(source, projects)
        if found is None and narrowed:
            found = await self._equal(source)
        if found is None and source.is_everywhere and self.place.is_free:
            found = await self._for_everything(source)
        if found is not None:
            return await self._taken_over(source, found)
        body = {"name": self._free_name(source), "description": source.description}
        wanted = {"projectIds": list(projects), "issueTypeIds": list(source.types)}
        made: Json = await self.unit.site.post_json(
            CONTEXTS, {**body, **wanted}, field=self.place.field
        )
        return str(made["id"]), []

    async def _equal(self, source: _Source) -> Json | None:
        """One for all projects that says the same, so that nothing has to be written."""
        if source.entry.attributes["options"] != "[]" or source.entry.attributes.get("default"):
            return None
        for each in self.existing:
            text = str(each.get("description") or "")
            is_same = (each["name"], text) == (source.name, source.description)
            if is_same and each.get("isGlobalContext") and await self._can_become(source, each):
                return each
        return None

    def _rest(self) -> list[str]:
        """The restored projects that no other context is for."""
        named = {each for source in self.contexts for each in source.projects}
        return [each for each in self.restored if each not in named]

    def _is_everywhere(self, target: str) -> bool:
        found = self._found(target)
        return found is not None and bool(found.get("isGlobalContext"))

    def _found(self, target: str) -> Json | None:
        return next((each for each in self.existing if str(each["id"]) == target), None)

    async def _same(self, source: _Source, projects: Sequence[str]) -> Json | None:
        """One that an earlier attempt made: nothing else can be for a restored project."""
        if self.unit.first_attempt or not projects:
            return None
        mapped = await self._mapping("projectmapping", "projectId")
        for each in self.existing:
            if set(projects) & set(mapped.get(str(each["id"]), ())):
                return each
        return None

    async def _for_everything(self, source: _Source) -> Json | None:
        """The context for all projects that is there; one that cannot become ours goes."""
        for each in self.existing:
            if not each.get("isGlobalContext"):
                continue
            if await self._can_become(source, each):
                return each
            await self._delete(str(each["id"]))
        return None

    async def _can_become(self, source: _Source, found: Json) -> bool:
        """Whether it is for the same issue types, and has nothing of its own."""
        target = str(found["id"])
        mapped = await self._mapping("issuetypemapping", "issueTypeId")
        if set(mapped.get(target, ())) != set(source.types):
            return False
        if self.place.is_ours or not self.place.is_of_jira:
            # Of a field of an app a backup knows neither options nor a default value.
            return True
        return not await self._options(target) and not await self._defaults()

    async def _options(self, target: str) -> list[Json]:
        template = ONE + "/option"
        return await all_values(self.unit.site, template, field=self.place.field, context=target)

    async def _defaults(self) -> list[Json]:
        template = CONTEXTS + "/defaultValue"
        return await all_values(self.unit.site, template, field=self.place.field)

    async def _mapping(self, noun: str, name: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        template = f"{CONTEXTS}/{noun}"
        for each in await all_values(self.unit.site, template, field=self.place.field):
            if each.get(name):
                found.setdefault(str(each["contextId"]), []).append(str(each[name]))
        return found

    async def _taken_over(self, source: _Source, found: Json) -> tuple[str, Sequence[Json]]:
        target, name = str(found["id"]), self._free_name(source, str(found["id"]))
        if (found["name"], str(found.get("description") or "")) != (name, source.description):
            body = {"name": name, "description": source.description}
            await self.unit.site.put_json(ONE, body, field=self.place.field, context=target)
        if source.entry.attributes["options"] == "[]":
            return target, []
        return target, await self._options(target)

    def _free_name(self, source: _Source, own: str = "") -> str:
        others = {fold(e["name"]) for e in self.existing if str(e["id"]) != own}
        if fold(source.name) not in others:
            return source.name
        return source.name[: LONGEST_NAME - len(SUFFIX)] + SUFFIX

    async def _clear(self) -> None:
        """A field begins with a context for everything: away with one that the source lacks."""
        for each in self.existing:
            target = str(each["id"])
            if self.place.is_ours and each.get("isGlobalContext") and target not in self.taken:
                await self._delete(target)

    async def _delete(self, target: str) -> None:
        try:
            await self.unit.site.delete(ONE, field=self.place.field, context=target)
        except SiteNotFound:
            pass
        except (SiteForbidden, SiteRefused) as error:
            message = f"A context of the destination stays: {error.message}"
            reason = "FIELD_CONTEXT_STAYS"
            self.unit.tally.remark(Kind.FIELD_CONTEXT, self.place.field, reason, message)
        self.existing = [each for each in self.existing if str(each["id"]) != target]
