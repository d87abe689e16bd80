"""Custom fields: by name and type, created where absent; their contexts come later."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, batch_of, fold, project_of, read_json
from sitekeep_restore.importers.product_discovery.plain_fields import make_usable
from sitekeep_restore.importers.product_discovery.prepared import PreparedProjects
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.discovery_fields import substitute_of
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

FIELDS_PER_UNIT = 25
STOCK = "com.atlassian.jira.plugin.system.customfieldtypes:"

FIRST = UnitPlan(ImportPhase.CONFIGURATION, "fields", "fields")

SEARCHERS = {
    "textfield": "textsearcher",
    "textarea": "textsearcher",
    "float": "exactnumber",
    "datepicker": "daterange",
    "datetime": "datetimerange",
    "url": "exacttextsearcher",
    "labels": "labelsearcher",
    "select": "multiselectsearcher",
    "radiobuttons": "multiselectsearcher",
    "multiselect": "multiselectsearcher",
    "multicheckboxes": "multiselectsearcher",
    "cascadingselect": "cascadingselectsearcher",
    "userpicker": "userpickergroupsearcher",
    "multiuserpicker": "userpickergroupsearcher",
    "grouppicker": "grouppickersearcher",
    "multigrouppicker": "grouppickersearcher",
    "project": "projectsearcher",
    "version": "versionsearcher",
    "multiversion": "versionsearcher",
}
"""The types that REST can create, each with its searcher (Jira REST v3, POST field)."""


async def import_fields(unit: ImportUnit) -> None:
    """Some fields. Jira's own ones are there; only custom ones are created."""
    losses = LossCounter(unit.tally)
    prepared = PreparedProjects(unit)
    entries = await batch_of(unit, Kind.FIELD, FIELDS_PER_UNIT)
    existing: list[Json] = await unit.site.get_json("/rest/api/3/field")
    for entry in entries:
        field: Json = await read_json(unit.backup, entry)
        unit.tally.expect(Kind.FIELD)
        own = await prepared.custom_field(field, existing)
        if own is not None:
            await _keep(unit, field, own)
            unit.tally.done(Kind.FIELD)
        elif custom_type(field):
            await _import_custom(unit, field, existing, losses)
        else:
            unit.tally.done(Kind.FIELD)
    losses.report()


async def _keep(unit: ImportUnit, field: Json, found: Json) -> None:
    source = str(field["id"])
    await unit.identities.put(identity_kinds.FIELD, {source: str(found["id"])})
    await unit.identities.put(identity_kinds.FIELD_TYPE, {source: custom_type(found)})


def custom_type(field: Json) -> str:
    """The key of a custom field's type; empty for Jira's own fields."""
    schema: Json = field.get("schema") or {}
    return str(schema.get("custom") or "")


async def _import_custom(
    unit: ImportUnit, field: Json, existing: list[Json], losses: LossCounter
) -> None:
    substitute = substitute_of(field.get("schema") or {})
    if substitute:
        field = {**field, "schema": {"custom": STOCK + substitute}}
    name, kind = str(field["name"]), custom_type(field)
    found = await _same_field(unit, field, existing)
    if found is None and kind.removeprefix(STOCK) not in SEARCHERS:
        losses.gone(Kind.FIELD, Loss.FIELD_NOT_CREATABLE, f"{name} ({kind})")
        return
    if found is None:
        found = await _create(unit, field)
        if found is None:
            return
        existing.append(found)
    source, target = str(field["id"]), str(found["id"])
    await unit.identities.put(identity_kinds.FIELD, {source: target})
    await unit.identities.put(identity_kinds.FIELD_TYPE, {source: kind})
    await unit.identities.put(identity_kinds.SOURCE_OF_FIELD, {target: source})
    if substitute:
        await make_usable(unit, target)
        losses.add(Kind.FIELD, Loss.FIELD_TYPE_CHANGED, name)
    unit.tally.done(Kind.FIELD, lossy=bool(substitute))


async def _same_field(unit: ImportUnit, field: Json, existing: Sequence[Json]) -> Json | None:
    """The field of that name and type, unless another one of the source became it."""
    wanted = (fold(field["name"]), custom_type(field))
    same = [
        each
        for each in existing
        if (fold(each["name"]), custom_type(each)) == wanted and not project_of(each)
    ]
    ids = [str(each["id"]) for each in same]
    sources = await unit.identities.get(identity_kinds.SOURCE_OF_FIELD, ids)
    own = str(field["id"])
    return next((each for each in same if sources.get(str(each["id"]), own) == own), None)


async def _create(unit: ImportUnit, field: Json) -> Json | None:
    name, kind = str(field["name"]), custom_type(field)
    searcher = STOCK + SEARCHERS[kind.removeprefix(STOCK)]
    body = {"name": name, "type": kind, "searcherKey": searcher}
    # Before it is made: the answer may be lost, and its contexts are ours to change only then.
    await unit.identities.put(identity_kinds.MADE_FIELD, {str(field["id"]): name})
    try:
        created: Json = await unit.site.post_json("/rest/api/3/field", body)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        unit.tally.missing(Kind.FIELD, name, "FIELD_REFUSED", error.message)
        return None
    return created
