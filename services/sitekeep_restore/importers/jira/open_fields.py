"""What lets values into all fields while restoring: nothing is required, nothing is hidden.

A field configuration with its scheme, or a field scheme where the site has those. The projects
get their own ones when nothing else is written any more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from sitekeep_restore.importers.jira import field_schemes, identity_kinds
from sitekeep_restore.importers.jira.field_configurations import (
    CONFIGURATIONS,
    DEFAULT,
    MAPPING,
    ONE,
    ONE_SCHEME,
    SCHEMES,
    Said,
    change_fields,
    said_of,
)
from sitekeep_restore.importers.jira.open_screens import DESCRIPTION, NAME
from sitekeep_restore.importers.jira.openings import Opening, next_openings
from sitekeep_restore.importers.jira.reading import (
    Json,
    all_values,
    by_name,
    fold,
    is_last_batch,
)
from sitekeep_restore.importers.jira.scheme_fields import OPEN, SchemeFields
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

FIRST = UnitPlan(ImportPhase.SCHEMES, "open-fields", "open-fields")
LAST = UnitPlan(ImportPhase.OPENING, "project-fields", "project-fields")

_ALWAYS_REQUIRED = frozenset({"summary", "issuetype"})
_SAID = Said(False, False, "", "")
_CONFIGURATION, _SCHEME, _FIELD_SCHEME = "configuration", "scheme", "field scheme"
_REASON = "FIELD_CONFIGURATION_NOT_PUT_BACK"
_WHY = "The project keeps the field configuration of the restore: "


async def begin_open_fields(unit: ImportUnit) -> None:
    """Finds or makes ours."""
    try:
        schemes = await field_schemes.schemes_of(unit.site)
        made = await (_make_field_scheme(unit, schemes) if schemes else _make(unit))
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        message = f"Values of hidden fields may be refused: {error.message}"
        unit.tally.remark(Kind.FIELD_CONFIGURATION, NAME, "FIELDS_NOT_OPEN", message)
        return
    await unit.identities.put(identity_kinds.OPEN_FIELDS, made)


async def _make(unit: ImportUnit) -> dict[str, str]:
    body = {"name": NAME, "description": DESCRIPTION}
    found = by_name(await all_values(unit.site, CONFIGURATIONS)).get(fold(NAME))
    configuration: Json = found or await unit.site.post_json(CONFIGURATIONS, body)
    target = str(configuration["id"])
    changes = [
        _SAID.change(field, said)
        for field, said in (await said_of(unit, target)).items()
        if said.is_hidden or (said.is_required and field not in _ALWAYS_REQUIRED)
    ]
    await change_fields(unit, target, changes)
    found = by_name(await all_values(unit.site, SCHEMES)).get(fold(NAME))
    scheme: Json = found or await unit.site.post_json(SCHEMES, body)
    mapping = {"issueTypeId": DEFAULT, "fieldConfigurationId": target}
    await unit.site.put_json(MAPPING, {"mappings": [mapping]}, scheme=str(scheme["id"]))
    return {_CONFIGURATION: target, _SCHEME: str(scheme["id"])}


async def _make_field_scheme(unit: ImportUnit, schemes: Sequence[Json]) -> dict[str, str]:
    """A scheme with every field that the site lets it have."""
    body = {"name": NAME, "description": DESCRIPTION}
    found = by_name(schemes).get(fold(NAME))
    scheme: Json = found or await unit.site.post_json(field_schemes.SCHEMES, body)
    fields: list[Json] = await unit.site.get_json("/rest/api/3/field")
    present = await SchemeFields.of(unit.site, str(scheme["id"]))
    wanted = {
        field: OPEN
        for field in (str(each["id"]) for each in fields)
        if field not in present.present or present.present[field].is_removable
    }
    await present.become(wanted, frozenset())
    return {_FIELD_SCHEME: str(scheme["id"])}


async def open_fields_of(unit: ImportUnit) -> Json:
    """What the body of a new project says so that no field is required or hidden."""
    known = await unit.identities.get(identity_kinds.OPEN_FIELDS, [_SCHEME, _FIELD_SCHEME])
    if _FIELD_SCHEME in known:
        return {"fieldScheme": int(known[_FIELD_SCHEME])}
    return {"fieldConfigurationScheme": int(known[_SCHEME])} if _SCHEME in known else {}


async def end_open_fields(unit: ImportUnit) -> None:
    """Gives some projects the scheme that they had; after the last ones ours is deleted."""
    names = [_CONFIGURATION, _SCHEME, _FIELD_SCHEME]
    ours = await unit.identities.get(identity_kinds.OPEN_FIELDS, names)
    is_newer = _FIELD_SCHEME in ours
    kind = identity_kinds.PROJECT_FIELDS if is_newer else identity_kinds.PROJECT_FIELD_SCHEME
    openings = await next_openings(unit, kind)
    if is_newer and openings:
        await _assign_field_schemes(unit, openings)
    for opening in openings if ours and not is_newer else ():
        await _assign(unit, opening)
    if ours and is_last_batch(unit):
        await _delete(unit, ours)


async def _assign(unit: ImportUnit, opening: Opening) -> None:
    """A project without a scheme has the default one, which has no id."""
    body: Json = {"fieldConfigurationSchemeId": opening.scheme, "projectId": opening.project}
    try:
        await unit.site.put_json(f"{SCHEMES}/project", body)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        message = f"{_WHY}{error.message}"
        unit.tally.missing(Kind.FIELD_CONFIGURATION, opening.key, _REASON, message)


async def _assign_field_schemes(unit: ImportUnit, openings: Sequence[Opening]) -> None:
    """One request for all; a project of which the backup knows no scheme has the default one."""
    default = field_schemes.default_of(await field_schemes.schemes_of(unit.site)) or {}
    chosen: dict[str, list[int]] = {}
    for opening in openings:
        scheme = opening.scheme or str(default.get("id", ""))
        chosen.setdefault(scheme, []).append(int(opening.project))
    body = {scheme: {"projectIds": projects} for scheme, projects in chosen.items()}
    refused = await field_schemes.assign(unit.site, body)
    for opening in openings:
        if opening.project in refused:
            message = f"{_WHY}{refused[opening.project]}"
            unit.tally.missing(Kind.FIELD_CONFIGURATION, opening.key, _REASON, message)


async def _delete(unit: ImportUnit, ours: dict[str, str]) -> None:
    """A site refuses this as long as a project has it."""
    site = unit.site
    try:
        if _FIELD_SCHEME in ours:
            with contextlib.suppress(SiteNotFound):
                await site.delete(field_schemes.ONE, scheme=ours[_FIELD_SCHEME])
            return
        with contextlib.suppress(SiteNotFound):
            await site.delete(ONE_SCHEME, scheme=ours[_SCHEME])
        with contextlib.suppress(SiteNotFound):
            await site.delete(ONE, configuration=ours[_CONFIGURATION])
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        message = f"Projects still have it: {error.message}"
        unit.tally.remark(Kind.FIELD_CONFIGURATION, NAME, "OPEN_FIELDS_STAY", message)
