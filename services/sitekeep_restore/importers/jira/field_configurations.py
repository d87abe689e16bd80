"""Field configurations and their schemes, under the same names.

No restored project has one of them before nothing else is written (open_fields.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.field_schemes import import_former_schemes, schemes_of
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import (
    Json,
    all_values,
    batch_of,
    by_name,
    is_last_batch,
    read_json,
)
from sitekeep_restore.importers.jira.scheme_fields import target_of
from sitekeep_restore.importers.jira.scheme_homes import SchemeHomes, has_projects
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.field_configurations import CONFIGURATION, FIELD_SCHEME, SCHEME
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

CONFIGURATIONS = "/rest/api/3/fieldconfiguration"
ONE = CONFIGURATIONS + "/{configuration}"
FIELDS = ONE + "/fields"
SCHEMES = "/rest/api/3/fieldconfigurationscheme"
ONE_SCHEME = SCHEMES + "/{scheme}"
MAPPING = ONE_SCHEME + "/mapping"
DEFAULT = "default"
PER_UNIT = 20
ITEMS_PER_REQUEST = 100

FIRST = UnitPlan(ImportPhase.SCHEMES, "field-configurations", "field-configurations")
_SCHEMES_LATER = UnitPlan(
    ImportPhase.SCHEMES, "field-configuration-schemes", "field-configuration-schemes"
)

_RENDERERS = frozenset({"text-renderer", "wiki-renderer"})
"""Those that a request can choose (Jira REST v3, PUT fieldconfiguration/{id}/fields)."""


class Said(NamedTuple):
    """What a configuration says about a field."""

    is_hidden: bool
    is_required: bool
    description: str
    renderer: str

    @classmethod
    def of(cls, item: Json) -> Said:
        """A hidden field has nothing else."""
        if item.get("isHidden"):
            return cls(True, False, "", "")
        renderer = str(item.get("renderer") or "")
        renderer = renderer if renderer in _RENDERERS else ""
        text = str(item.get("description") or "")
        return cls(False, bool(item.get("isRequired")), text, renderer)

    def change(self, field: str, before: Said) -> Json:
        """The part of a request that makes it so."""
        if self.is_hidden:
            return {"id": field, "isHidden": True}
        body: Json = {"id": field, "isHidden": False, "isRequired": self.is_required}
        if self.description != before.description:
            body["description"] = self.description
        if self.renderer and self.renderer != before.renderer:
            body["renderer"] = self.renderer
        return body


async def import_field_configurations(unit: ImportUnit) -> None:
    """Some configurations; after the last ones their schemes."""
    batch = await batch_of(unit, Kind.FIELD_CONFIGURATION, PER_UNIT)
    entries = [entry for entry in batch if entry.attributes.get("form") == CONFIGURATION]
    unit.tally.expect(Kind.FIELD_CONFIGURATION, len(entries))
    if entries and await schemes_of(unit.site):
        await _carry_in_schemes(unit, entries)
    elif entries:
        writer = _Writer(unit, await _homes(unit, CONFIGURATIONS), LossCounter(unit.tally))
        for entry in entries:
            await writer.write(entry, await read_json(unit.backup, entry))
        writer.losses.report()
    if is_last_batch(unit):
        unit.spawn(_SCHEMES_LATER)


async def _carry_in_schemes(unit: ImportUnit, entries: Sequence[Entry]) -> None:
    """Says that configurations are no more: field schemes say what they say."""
    losses = LossCounter(unit.tally)
    for entry in entries:
        item: Json = await read_json(unit.backup, entry)
        loss = Loss.FIELD_CONFIGURATIONS_BECAME_SCHEMES
        losses.add(Kind.FIELD_CONFIGURATION, loss, str(item.get("name")))
        unit.tally.done(Kind.FIELD_CONFIGURATION, lossy=True)
    losses.report()


async def _homes(unit: ImportUnit, template: str) -> SchemeHomes:
    try:
        existing = await all_values(unit.site, template)
    except (SiteForbidden, SiteNotFound, SiteRefused):
        # A site that has them no longer says so again when one is made.
        existing = []
    in_use = await has_projects(unit)
    return SchemeHomes(unit, Kind.FIELD_CONFIGURATION, by_name(existing), in_use)


async def said_of(unit: ImportUnit, configuration: str) -> dict[str, Said]:
    """What a configuration of the destination says about each field."""
    found = await all_values(unit.site, FIELDS, configuration=configuration)
    return {str(item["id"]): Said.of(item) for item in found}


async def change_fields(unit: ImportUnit, configuration: str, changes: Sequence[Json]) -> int:
    """Changes a configuration; how many fields the site refuses to have so.

    One that is refused fails the whole request: they are tried one by one then.
    """
    refused = 0
    for start in range(0, len(changes), ITEMS_PER_REQUEST):
        part = changes[start : start + ITEMS_PER_REQUEST]
        try:
            body = {"fieldConfigurationItems": list(part)}
            await unit.site.put_json(FIELDS, body, configuration=configuration)
        except SiteRefused:
            if len(part) == 1:
                refused += 1
                continue
            for each in part:
                refused += await change_fields(unit, configuration, [each])
    return refused


@dataclass
class _Writer:
    unit: ImportUnit
    homes: SchemeHomes
    losses: LossCounter

    async def write(self, entry: Entry, configuration: Json) -> None:
        """Makes a configuration, or makes the one of that name like it."""
        name = str(configuration["name"])
        try:
            target, renamed = await self._place(configuration)
            lost = await self._fill(target, entry)
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            reason = "FIELD_CONFIGURATION_REFUSED"
            self.unit.tally.missing(Kind.FIELD_CONFIGURATION, name, reason, error.message)
            return
        loss = Loss.FIELD_NOT_CONFIGURED
        self.losses.add(Kind.FIELD_CONFIGURATION, loss, name, lost)
        self.unit.tally.done(Kind.FIELD_CONFIGURATION, lossy=bool(lost) or renamed)

    async def _place(self, configuration: Json) -> tuple[str, bool]:
        """The configuration at the destination, and whether it has another name."""
        home = await self.homes.noted(configuration, is_equal=False)
        text = str(configuration.get("description") or "")
        body = {"name": home.name, "description": text}
        if home.found is None:
            await self.homes.note(configuration, home.name)
            made: Json = await self.unit.site.post_json(CONFIGURATIONS, body)
            target = str(made["id"])
        else:
            target = str(home.found["id"])
            differs = str(home.found.get("description") or "") != text
            if differs and not home.found.get("isDefault"):
                await self.unit.site.put_json(ONE, body, configuration=target)
        await self.homes.keep(configuration, target)
        return target, home.name != configuration["name"]

    async def _fill(self, target: str, entry: Entry) -> int:
        """Makes what it says that of the backup; about how many fields it does not."""
        items: list[Json] = msgspec.json.decode(entry.attributes.get("items") or "[]")
        ids = [str(item["id"]) for item in items]
        custom = await self.unit.identities.get(identity_kinds.FIELD, ids)
        present = await said_of(self.unit, target)
        changes: list[Json] = []
        lost = 0
        for item in items:
            field, wanted = target_of(custom, str(item["id"])), Said.of(item)
            if field is None or field not in present:
                lost += wanted != _NOTHING
            elif wanted != present[field]:
                changes.append(wanted.change(field, present[field]))
        return lost + await change_fields(self.unit, target, changes)


_NOTHING = Said(False, False, "", "")


async def import_field_configuration_schemes(unit: ImportUnit) -> None:
    """Every scheme, and which project gets it at the end."""
    entries = [
        entry
        async for entry in unit.backup.entries(Kind.FIELD_CONFIGURATION)
        if entry.attributes.get("form") == SCHEME
    ]
    unit.tally.expect(Kind.FIELD_CONFIGURATION, len(entries))
    listed = [entry async for entry in unit.backup.entries(Kind.FIELD_CONFIGURATION)]
    forms = {entry.attributes.get("form") for entry in listed}
    newer = await schemes_of(unit.site) if CONFIGURATION in forms else []
    if newer and FIELD_SCHEME in forms:
        # What the site had before: its own field schemes say it already.
        await _carry_in_schemes(unit, entries)
    elif newer:
        await import_former_schemes(unit, newer)
    if newer or not entries:
        return
    losses = LossCounter(unit.tally)
    homes = await _homes(unit, SCHEMES)
    for entry in entries:
        scheme: Json = await read_json(unit.backup, entry)
        # Schemes and configurations have ids of their own, each from the same numbers on.
        await _write_scheme(unit, homes, entry, {**scheme, "id": entry.key}, losses)
    losses.report()


async def _write_scheme(
    unit: ImportUnit, homes: SchemeHomes, entry: Entry, scheme: Json, losses: LossCounter
) -> None:
    name = str(scheme["name"])
    wanted, lost = await _wanted(unit, entry)
    try:
        home = await homes.noted(scheme, is_equal=False)
        body = {"name": home.name, "description": str(scheme.get("description") or "")}
        if home.found is None:
            await homes.note(scheme, home.name)
            made: Json = await unit.site.post_json(SCHEMES, body)
            target = str(made["id"])
        else:
            target = str(home.found["id"])
            if str(home.found.get("description") or "") != body["description"]:
                await unit.site.put_json(ONE_SCHEME, body, scheme=target)
        await homes.keep(scheme, target)
        await _map(unit, target, wanted)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        reason = "FIELD_CONFIGURATION_SCHEME_REFUSED"
        unit.tally.missing(Kind.FIELD_CONFIGURATION, name, reason, error.message)
        return
    losses.add(Kind.FIELD_CONFIGURATION, Loss.FIELD_CONFIGURATION_NOT_IN_SCHEME, name, lost)
    unit.tally.done(Kind.FIELD_CONFIGURATION, lossy=bool(lost) or home.name != name)
    projects: list[str] = msgspec.json.decode(entry.attributes.get("projects") or "[]")
    pairs = dict.fromkeys(projects, target)
    await unit.identities.put(identity_kinds.PROJECT_FIELD_SCHEME, pairs)


async def _wanted(unit: ImportUnit, entry: Entry) -> tuple[dict[str, str], int]:
    """The configuration of each issue type, and how many are not at the destination."""
    listed: dict[str, str] = msgspec.json.decode(entry.attributes.get("mappings") or "{}")
    kind = identity_kinds.FIELD_CONFIGURATION
    configurations = await unit.identities.get(kind, listed.values())
    types = {**await unit.identities.get(identity_kinds.ISSUE_TYPE, listed), DEFAULT: DEFAULT}
    found: dict[str, str] = {}
    lost = 0
    for name, each in listed.items():
        if name in types and each in configurations:
            found.setdefault(types[name], configurations[each])
        else:
            lost += 1
    return found, lost


async def _map(unit: ImportUnit, target: str, wanted: Mapping[str, str]) -> None:
    query = [("fieldConfigurationSchemeId", target)]
    listed = await all_values(unit.site, f"{SCHEMES}/mapping", query)
    present = {str(e["issueTypeId"]): str(e["fieldConfigurationId"]) for e in listed}
    gone = [name for name in present if name not in wanted]
    if gone:
        await unit.site.post(MAPPING + "/delete", {"issueTypeIds": gone}, scheme=target)
    changed = [
        {"issueTypeId": name, "fieldConfigurationId": each}
        for name, each in wanted.items()
        if present.get(name) != each
    ]
    if changed:
        await unit.site.put_json(MAPPING, {"mappings": changed}, scheme=target)
