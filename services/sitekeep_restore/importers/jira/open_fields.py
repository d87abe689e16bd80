"""A field configuration in which nothing is required or hidden, for projects that are restored.

They get their own ones when nothing else is written any more.
"""

from __future__ import annotations

import contextlib

from sitekeep_restore.importers.jira import identity_kinds
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
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

FIRST = UnitPlan(ImportPhase.SCHEMES, "open-fields", "open-fields")
LAST = UnitPlan(ImportPhase.OPENING, "project-fields", "project-fields")

_ALWAYS_REQUIRED = frozenset({"summary", "issuetype"})
_OPEN = Said(False, False, "", "")
_CONFIGURATION, _SCHEME = "configuration", "scheme"


async def begin_open_fields(unit: ImportUnit) -> None:
    """Finds or makes our configuration and its scheme."""
    try:
        made = await _make(unit)
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
        _OPEN.change(field, said)
        for field, said in (await said_of(unit, target)).items()
        if said.is_hidden or (said.is_required and field not in _ALWAYS_REQUIRED)
    ]
    await change_fields(unit, target, changes)
    found = by_name(await all_values(unit.site, SCHEMES)).get(fold(NAME))
    scheme: Json = found or await unit.site.post_json(SCHEMES, body)
    mapping = {"issueTypeId": DEFAULT, "fieldConfigurationId": target}
    await unit.site.put_json(MAPPING, {"mappings": [mapping]}, scheme=str(scheme["id"]))
    return {_CONFIGURATION: target, _SCHEME: str(scheme["id"])}


async def open_fields_of(unit: ImportUnit) -> Json:
    """What the body of a new project says so that no field is required or hidden."""
    known = await unit.identities.get(identity_kinds.OPEN_FIELDS, [_SCHEME])
    return {"fieldConfigurationScheme": int(known[_SCHEME])} if _SCHEME in known else {}


async def end_open_fields(unit: ImportUnit) -> None:
    """Gives some projects the scheme that they had; after the last ones ours is deleted."""
    openings = await next_openings(unit, identity_kinds.PROJECT_FIELD_SCHEME)
    ours = await unit.identities.get(identity_kinds.OPEN_FIELDS, [_CONFIGURATION, _SCHEME])
    for opening in openings if ours else ():
        await _assign(unit, opening)
    if ours and is_last_batch(unit):
        await _delete(unit, ours)


async def _assign(unit: ImportUnit, opening: Opening) -> None:
    """A project without a scheme has the default one, which has no id."""
    body: Json = {"fieldConfigurationSchemeId": opening.scheme, "projectId": opening.project}
    try:
        await unit.site.put_json(f"{SCHEMES}/project", body)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        reason = "FIELD_CONFIGURATION_NOT_PUT_BACK"
        message = f"The project keeps the field configuration of the restore: {error.message}"
        unit.tally.missing(Kind.FIELD_CONFIGURATION, opening.key, reason, message)


async def _delete(unit: ImportUnit, ours: dict[str, str]) -> None:
    """A site refuses this as long as a project has it."""
    try:
        with contextlib.suppress(SiteNotFound):
            await unit.site.delete(ONE_SCHEME, scheme=ours[_SCHEME])
        with contextlib.suppress(SiteNotFound):
            await unit.site.delete(ONE, configuration=ours[_CONFIGURATION])
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        message = f"Projects still have it: {error.message}"
        unit.tally.remark(Kind.FIELD_CONFIGURATION, NAME, "OPEN_FIELDS_STAY", message)
