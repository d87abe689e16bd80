"""Default values of fields, and which of their options are disabled: when all is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.field_options import OPTIONS, PER_REQUEST
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, batch_of
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.adf import is_list
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

DEFAULTS = "/rest/api/3/field/{field}/context/defaultValue"
CONTEXTS_PER_UNIT = 50

LAST = UnitPlan(ImportPhase.OPENING, "field-defaults", "field-defaults")

_REALMS: Mapping[str, str] = {
    "optionId": identity_kinds.OPTION,
    "cascadingOptionId": identity_kinds.OPTION,
    "optionIds": identity_kinds.OPTION,
    "accountId": identity_kinds.USER,
    "accountIds": identity_kinds.USER,
    "groupId": identity_kinds.GROUP,
    "groupIds": identity_kinds.GROUP,
    "projectId": identity_kinds.PROJECT,
    "versionId": identity_kinds.VERSION,
    "versionIds": identity_kinds.VERSION,
    "roleIds": identity_kinds.PROJECT_ROLE,
}
"""What the parts of a default value name (Jira REST v3, CustomFieldContextDefaultValue…)."""


async def import_field_defaults(unit: ImportUnit) -> None:
    """Default values and disabled options of some contexts."""
    entries = await batch_of(unit, Kind.FIELD_CONTEXT, CONTEXTS_PER_UNIT)
    keys = [entry.key for entry in entries]
    contexts = await unit.identities.get(identity_kinds.FIELD_CONTEXT, keys)
    sources = {entry.attributes["field"] for entry in entries}
    fields = await unit.identities.get(identity_kinds.FIELD, sources)
    losses = LossCounter(unit.tally)
    for source, target in fields.items():
        own = [e for e in entries if e.attributes["field"] == source and e.key in contexts]
        await _set_defaults(unit, target, own, contexts, losses)
        for entry in own:
            await _disable(unit, target, contexts[entry.key], entry)
    losses.report()


async def _set_defaults(
    unit: ImportUnit,
    field: str,
    entries: Sequence[Entry],
    contexts: Mapping[str, str],
    losses: LossCounter,
) -> None:
    defaults: list[Json] = []
    for entry in entries:
        if not entry.attributes.get("default"):
            continue
        default = await _translated(unit, msgspec.json.decode(entry.attributes["default"]))
        if default is None:
            loss = Loss.FIELD_DEFAULT_NOT_RESTORABLE
            losses.add(Kind.FIELD_CONTEXT, loss, f"{field}/{entry.key}")
        else:
            defaults.append({**default, "contextId": contexts[entry.key]})
    if defaults:
        await _put(unit, field, defaults)


async def _put(unit: ImportUnit, field: str, defaults: Sequence[Json]) -> None:
    """One that is refused fails the whole request: they are tried one by one then."""
    try:
        await unit.site.put_json(DEFAULTS, {"defaultValues": list(defaults)}, field=field)
    except (SiteForbidden, SiteNotFound, SiteRefused) as error:
        if len(defaults) > 1:
            for each in defaults:
                await _put(unit, field, [each])
            return
        name = f"{field}/{defaults[0]['contextId']}"
        reason = "FIELD_DEFAULT_REFUSED"
        unit.tally.missing(Kind.FIELD_CONTEXT, name, reason, error.message)


async def _translated(unit: ImportUnit, default: Json) -> Json | None:
    """The default value with ids of the destination; None where nothing of it is there."""
    found = await _parts(unit, default)
    found.pop("contextId", None)
    filtered: Json | None = default.get("userFilter")
    if filtered is not None:
        found["userFilter"] = await _parts(unit, filtered)
    named = [name for name in _REALMS if default.get(name)]
    return None if named and not any(found.get(name) for name in named) else found


async def _parts(unit: ImportUnit, value: Json) -> Json:
    found = {name: part for name, part in value.items() if name not in _REALMS}
    for name, realm in _REALMS.items():
        part: Any = value.get(name)
        if part is None:
            continue
        ids = [str(each) for each in part] if is_list(part) else [str(part)]
        pairs = await unit.identities.get(realm, ids)
        targets = [pairs[each] for each in ids if each in pairs]
        if is_list(part):
            found[name] = _numbers(targets) if name == "roleIds" else targets
        elif targets:
            found[name] = targets[0]
    return found


def _numbers(ids: Iterable[str]) -> list[int]:
    return [int(each) for each in ids]


async def _disable(unit: ImportUnit, field: str, context: str, entry: Entry) -> None:
    options: list[Json] = msgspec.json.decode(entry.attributes.get("options") or "[]")
    disabled = [str(option["id"]) for option in options if option.get("disabled")]
    pairs = await unit.identities.get(identity_kinds.OPTION, disabled)
    targets = [pairs[each] for each in disabled if each in pairs]
    for start in range(0, len(targets), PER_REQUEST):
        part = targets[start : start + PER_REQUEST]
        body = {"options": [{"id": each, "disabled": True} for each in part]}
        try:
            await unit.site.put_json(OPTIONS, body, field=field, context=context)
        except (SiteForbidden, SiteNotFound, SiteRefused) as error:
            message = f"{len(part)} options stay open: {error.message}"
            reason = "FIELD_OPTIONS_NOT_DISABLED"
            unit.tally.missing(Kind.FIELD_CONTEXT, f"{field}/{context}", reason, message)
