"""Field schemes, which newer sites have instead of field configurations, under the same names.

Source: config/fieldschemes (Jira REST v3). No restored project has one of them before nothing else
is written (open_fields.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.former_fields import Items, as_field_scheme, items_by_field
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, all_values, by_name, fold, read_json
from sitekeep_restore.importers.jira.scheme_fields import Said, SchemeFields, target_of
from sitekeep_restore.importers.jira.scheme_homes import Home, SchemeHomes, has_projects
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.field_configurations import CONFIGURATION, FIELD_SCHEME, SCHEME
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

SCHEMES = "/rest/api/3/config/fieldschemes"
ONE = SCHEMES + "/{scheme}"

FIRST = UnitPlan(ImportPhase.SCHEMES, "field-schemes", "field-schemes")


async def schemes_of(site: SiteClient) -> list[Json]:
    """The field schemes of the destination; none: it has field configurations."""
    try:
        return await all_values(site, SCHEMES)
    except (SiteForbidden, SiteNotFound, SiteRefused):
        return []


async def import_field_schemes(unit: ImportUnit) -> None:
    """Every field scheme, and which project gets it at the end."""
    kind = Kind.FIELD_CONFIGURATION
    listed = [entry async for entry in unit.backup.entries(kind)]
    entries = [entry for entry in listed if entry.attributes.get("form") == FIELD_SCHEME]
    if not entries:
        return
    unit.tally.expect(kind, len(entries))
    losses = LossCounter(unit.tally)
    existing = await schemes_of(unit.site)
    writer = await _Writer.of(unit, existing, losses)
    for entry in entries:
        scheme: Json = await read_json(unit.backup, entry)
        if existing:
            # Each form of records has ids of its own, each from the same numbers on.
            await writer.write(entry, {**scheme, "id": entry.key})
        else:
            losses.gone(kind, Loss.FIELDS_OF_ANOTHER_GENERATION, str(scheme["name"]))
    losses.report()


async def import_former_schemes(unit: ImportUnit, existing: list[Json]) -> None:
    """What field configurations and their schemes say, where the destination has field schemes."""
    kind = Kind.FIELD_CONFIGURATION
    entries = [entry async for entry in unit.backup.entries(kind)]
    read = {entry.key: await read_json(unit.backup, entry) for entry in entries}
    configurations = [e for e in entries if e.attributes.get("form") == CONFIGURATION]
    said = {entry.key: _items(entry) for entry in configurations}
    default = next((e.key for e in configurations if read[e.key].get("isDefault")), "")
    types = [entry.key async for entry in unit.backup.entries(Kind.ISSUE_TYPE)]
    losses = LossCounter(unit.tally)
    writer = await _Writer.of(unit, existing, losses)
    for entry in entries:
        if entry.attributes.get("form") != SCHEME:
            continue
        chosen: dict[str, str] = msgspec.json.decode(entry.attributes.get("mappings") or "{}")
        usual = said.get(chosen.pop("default", default), {})
        by_type = {each: said[one] for each, one in chosen.items() if one in said}
        listed = as_field_scheme(usual, by_type, types)
        scheme = {**read[entry.key], "id": entry.key}
        if await writer.put(scheme, listed, entry) is not None:
            losses.add(kind, Loss.FIELD_CONFIGURATIONS_BECAME_SCHEMES, str(scheme["name"]))
            unit.tally.done(kind, lossy=True)
    own = default_of(existing)
    if own is not None and default in said and not writer.homes.in_use:
        scheme = {**own, "id": default, "isDefault": True}
        await writer.put(scheme, as_field_scheme(said[default], {}, types))
    losses.report()


def _items(entry: Entry) -> Items:
    return items_by_field(msgspec.json.decode(entry.attributes.get("items") or "[]"))


@dataclass(frozen=True)
class _Writer:
    unit: ImportUnit
    existing: list[Json]
    homes: SchemeHomes
    fields: Mapping[str, str]
    """Source id → target id of each custom field."""
    losses: LossCounter

    @classmethod
    async def of(cls, unit: ImportUnit, existing: list[Json], losses: LossCounter) -> _Writer:
        homes = SchemeHomes(
            unit, Kind.FIELD_CONFIGURATION, by_name(existing), await has_projects(unit)
        )
        sources = [entry.key async for entry in unit.backup.entries(Kind.FIELD)]
        fields = await unit.identities.get(identity_kinds.FIELD, sources)
        return cls(unit, existing, homes, fields, losses)

    async def write(self, entry: Entry, scheme: Json) -> None:
        """Makes a scheme, or makes the one of that name like it."""
        listed = msgspec.json.decode(entry.attributes.get("fields") or "[]", type=list[Json])
        lossy = await self.put(scheme, listed, entry)
        if lossy is not None:
            self.unit.tally.done(Kind.FIELD_CONFIGURATION, lossy=lossy)

    async def put(
        self, scheme: Json, listed: Sequence[Json], entry: Entry | None = None
    ) -> bool | None:
        """A scheme with those fields, for the projects of an entry; whether anything is lost.

        None: the site refuses it.
        """
        kind, name = Kind.FIELD_CONFIGURATION, str(scheme["name"])
        try:
            home = await self._home(scheme)
            target = await self._place(scheme, home)
            lost = await self._fill(target, listed)
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            self.unit.tally.missing(kind, name, "FIELD_SCHEME_REFUSED", error.message)
            return None
        self.losses.add(kind, Loss.FIELD_NOT_IN_SCHEME, name, lost)
        named = "" if entry is None else entry.attributes.get("projects", "")
        projects: list[str] = msgspec.json.decode(named or "[]")
        pairs = dict.fromkeys(projects, target)
        await self.unit.identities.put(identity_kinds.PROJECT_FIELDS, pairs)
        return bool(lost) or home.name != name

    async def _home(self, scheme: Json) -> Home:
        """The default scheme becomes the destination's one, whatever the two are called."""
        if scheme.get("isDefault") and not self.homes.in_use:
            found = default_of(self.existing)
            taken = self.homes.existing.get(fold(scheme["name"]))
            if found is not None and (taken is None or taken is found):
                return Home(str(scheme["name"]), found)
        return await self.homes.noted(scheme, is_equal=False)

    async def _place(self, scheme: Json, home: Home) -> str:
        site = self.unit.site
        body = {"name": home.name, "description": str(scheme.get("description") or "")}
        if home.found is None:
            await self.homes.note(scheme, home.name)
            made: Json = await site.post_json(SCHEMES, body)
            target = str(made["id"])
        else:
            target = str(home.found["id"])
            if any(str(home.found.get(name) or "") != text for name, text in body.items()):
                await site.put_json(ONE, body, scheme=target)
        await self.homes.keep(scheme, target)
        return target

    async def _fill(self, target: str, listed: Sequence[Json]) -> int:
        """Gives a scheme its fields; of how many fields something is lost."""
        kind = identity_kinds.ISSUE_TYPE
        types = await self.unit.identities.get(kind, {e for each in listed for e in _types(each)})
        wanted: dict[str, Said] = {}
        lost: set[str] = set()
        for each in listed:
            source = str(each["fieldId"])
            field = target_of(self.fields, source)
            said, is_whole = Said.of(each).at(types)
            if field is not None and said is not None:
                wanted[field] = said
            if not is_whole or field is None:
                lost.add(field or source)
        scheme = await SchemeFields.of(self.unit.site, target)
        return len(lost | await scheme.become(wanted, frozenset(self.fields.values())))


def default_of(schemes: list[Json]) -> Json | None:
    """The scheme of the projects that were given no other."""
    return next((each for each in schemes if each.get("isDefault")), None)


async def assign(site: SiteClient, body: Mapping[str, Json]) -> dict[str, str]:
    """Gives projects schemes, and returns why by the id of each project that is refused.

    ``body``: the id of a scheme → ``projectIds`` (PUT config/fieldschemes/projects, Jira REST v3).
    """
    try:
        answer: Json | None = await site.put_json(f"{SCHEMES}/projects", body)
    except SiteRefused as error:
        answer = _results(error.body)
        if answer is None:
            projects = [str(one) for each in body.values() for one in each["projectIds"]]
            return dict.fromkeys(projects, error.message)
    results: list[Json] = (answer or {}).get("results", [])
    return {
        str(each["projectId"]): str(each.get("error"))
        for each in results
        if not each.get("success", True)
    }


def _results(body: bytes) -> Json | None:
    """The answer where all is refused: for each project by itself, or an error like any other."""
    try:
        answer = msgspec.json.decode(body, type=dict[str, list[dict[str, Any]]])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
    return answer if "results" in answer else None


def _types(item: Json) -> list[str]:
    own = [str(each["workTypeId"]) for each in item.get("workTypeParameters") or ()]
    return [*own, *(str(each) for each in item.get("restrictedToWorkTypes") or ())]
