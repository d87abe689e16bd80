"""Custom fields: by name and type, created where absent, with their options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, all_values, batch_of, fold, read_json
from sitekeep_restore.importers.product_discovery.prepared import PreparedProjects
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.discovery_fields import substitute_of
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

FIELDS_PER_UNIT = 25
OPTIONS_PER_REQUEST = 1000
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
            await _import_custom(unit, entry, field, existing, losses)
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
    unit: ImportUnit, entry: Entry, field: Json, existing: list[Json], losses: LossCounter
) -> None:
    source, changed = str(field["id"]), False
    substitute = substitute_of(field.get("schema") or {})
    if substitute:
        field, changed = {"name": field["name"], "schema": {"custom": STOCK + substitute}}, True
    name, kind = str(field["name"]), custom_type(field)
    found = _same_field(field, existing)
    if found is None and kind.removeprefix(STOCK) not in SEARCHERS:
        losses.gone(Kind.FIELD, Loss.FIELD_NOT_CREATABLE, f"{name} ({kind})")
        return
    if found is None:
        found = await _create(unit, field)
        if found is None:
            return
        existing.append(found)
    elif kind.startswith(STOCK) and not unit.first_attempt:
        # An earlier attempt may have created it without getting as far as the screen.
        await _put_on_screen(unit, str(found["id"]))
    target = str(found["id"])
    merged = False
    if kind.startswith(STOCK):
        merged = await _import_options(unit, target, entry.attributes.get("options", "[]"))
    await unit.identities.put(identity_kinds.FIELD, {source: target})
    await unit.identities.put(identity_kinds.FIELD_TYPE, {source: kind})
    if merged:
        losses.add(Kind.FIELD, Loss.FIELD_CONTEXTS_MERGED, name)
    if changed:
        losses.add(Kind.FIELD, Loss.FIELD_TYPE_CHANGED, name)
    unit.tally.done(Kind.FIELD, lossy=merged or changed)


def _same_field(field: Json, existing: Sequence[Json]) -> Json | None:
    """The field of that name and type, unless it belongs to a single project."""
    wanted = (fold(field["name"]), custom_type(field))
    for each in existing:
        scope: Json = each.get("scope") or {}
        if (fold(each["name"]), custom_type(each)) == wanted and not scope.get("project"):
            return each
    return None


async def _create(unit: ImportUnit, field: Json) -> Json | None:
    name, kind = str(field["name"]), custom_type(field)
    searcher = STOCK + SEARCHERS[kind.removeprefix(STOCK)]
    body = {"name": name, "type": kind, "searcherKey": searcher}
    try:
        created: Json = await unit.site.post_json("/rest/api/3/field", body)
        await _put_on_screen(unit, str(created["id"]))
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        unit.tally.missing(Kind.FIELD, name, "FIELD_REFUSED", error.message)
        return None
    return created


async def _put_on_screen(unit: ImportUnit, field_id: str) -> None:
    """Onto the default screen; a field that is there already is refused, which is fine."""
    template = "/rest/api/3/screens/addToDefault/{field}"
    try:
        await unit.site.post_json(template, None, field=field_id)
    except (SiteRefused, SiteNotFound):
        return


async def _import_options(unit: ImportUnit, field_id: str, listed: str) -> bool:
    """Options of every context go into one; returns whether there were several contexts."""
    contexts: list[Json] = msgspec.json.decode(listed)
    context_id = await _context(unit, field_id, contexts)
    if context_id is None:
        return False
    options: list[Json] = [each for context in contexts for each in context["options"]]
    known = await _options(unit, field_id, context_id)
    parents = [option for option in options if not option.get("optionId")]
    pairs = await _add_options(unit, field_id, context_id, parents, known, {})
    children = [option for option in options if option.get("optionId")]
    pairs |= await _add_options(unit, field_id, context_id, children, known, pairs)
    await unit.identities.put(identity_kinds.OPTION, pairs)
    return len(contexts) > 1


async def _context(unit: ImportUnit, field_id: str, contexts: Sequence[Json]) -> str | None:
    """The one context of a field for all projects, created where there is none."""
    template = "/rest/api/3/field/{field}/context"
    try:
        found = await all_values(unit.site, template, field=field_id)
        if found:
            return str(found[0]["id"])
        context: Json = contexts[0]["context"] if contexts else {"name": "All projects"}
        body = {"name": context["name"], "description": str(context.get("description") or "")}
        created: Json = await unit.site.post_json(template, body, field=field_id)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        unit.tally.remark(Kind.FIELD, field_id, "FIELD_CONTEXT_REFUSED", error.message)
        return None
    return str(created["id"])


Known = dict[tuple[str, str], str]
"""Parent's target id and value → target id of an option."""


async def _options(unit: ImportUnit, field_id: str, context_id: str) -> Known:
    template = "/rest/api/3/field/{field}/context/{context}/option"
    try:
        found = await all_values(unit.site, template, field=field_id, context=context_id)
    except (SiteRefused, SiteNotFound):
        return {}
    return {_place(option): str(option["id"]) for option in found}


def _place(option: Json) -> tuple[str, str]:
    return (str(option.get("optionId") or ""), str(option["value"]))


async def _add_options(
    unit: ImportUnit,
    field_id: str,
    context_id: str,
    options: Sequence[Json],
    known: Known,
    parents: dict[str, str],
) -> dict[str, str]:
    """Source → target id of the options, those that are absent created."""
    places = {
        str(option["id"]): (parents.get(str(option.get("optionId")), ""), str(option["value"]))
        for option in options
    }
    disabled = {places[str(each["id"])]: bool(each.get("disabled")) for each in options}
    absent = [place for place in dict.fromkeys(places.values()) if place not in known]
    for start in range(0, len(absent), OPTIONS_PER_REQUEST):
        part = [
            _new_option(place, disabled[place])
            for place in absent[start : start + OPTIONS_PER_REQUEST]
        ]
        known |= await _post_options(unit, field_id, context_id, part)
    return {source: known[place] for source, place in places.items() if place in known}


def _new_option(place: tuple[str, str], disabled: bool) -> dict[str, Any]:
    option: dict[str, Any] = {"value": place[1], "disabled": disabled}
    return {**option, "optionId": place[0]} if place[0] else option


async def _post_options(
    unit: ImportUnit, field_id: str, context_id: str, options: Sequence[Json]
) -> Known:
    template = "/rest/api/3/field/{field}/context/{context}/option"
    body = {"options": list(options)}
    try:
        answer: Json = await unit.site.post_json(template, body, field=field_id, context=context_id)
    except (SiteRefused, SiteForbidden) as error:
        message = f"{len(options)} options: {error.message}"
        unit.tally.missing(Kind.FIELD, field_id, "FIELD_OPTIONS_REFUSED", message)
        return {}
    created: list[Json] = answer.get("options", [])
    return {_place(option): str(option["id"]) for option in created}
