"""Screens that let everything in while restoring; the projects get their own ones at the end.

An edit sets what is on the edit screen of its project alone, and a create fills every field of the
create screen that has a default value. So restored projects begin with screens of ours: one for
editing with all fields, one for creating with as few as a create needs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.openings import Opening, next_openings
from sitekeep_restore.importers.jira.reading import (
    Json,
    all_values,
    by_name,
    fold,
    is_last_batch,
)
from sitekeep_restore.importers.jira.screen_schemes import DEFAULT, ONE_TYPED, SCHEMES, TYPED
from sitekeep_restore.importers.jira.screen_schemes import ONE as ONE_SCHEME
from sitekeep_restore.importers.jira.screens import OF_ALL_PROJECTS, ONE, SCREENS, TABS, add_field
from sitekeep_restore.importers.service_management.request_fields import fields_to_write
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

NAME = "Sitekeep: open while restoring"
CREATE = "Sitekeep: create while restoring"
DESCRIPTION = (
    "Made by Sitekeep; a project that has it although no restore is running should get another one."
)
DEFAULT_TYPED = "Default Issue Type Screen Scheme"
"""The name of the scheme that every site begins with."""
CREATED_WITH = frozenset({"summary", "issuetype", "parent", "labels"})
"""The fields that a create of ours may set."""

FIRST = UnitPlan(ImportPhase.SCHEMES, "open-screens", "open-screens")
LAST = UnitPlan(ImportPhase.OPENING, "project-screens", "project-screens")

_EDIT, _CREATE, _SCHEME, _TYPED = "edit", "create", "scheme", "typed"


async def begin_open_screens(unit: ImportUnit) -> None:
    """Finds or makes our screens and their schemes."""
    try:
        made = await _make(unit)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        message = f"Values of fields that are on no default screen may be refused: {error.message}"
        unit.tally.remark(Kind.SCREEN, NAME, "SCREENS_NOT_OPEN", message)
        return
    await unit.identities.put(identity_kinds.OPEN_SCREENS, made)


async def _make(unit: ImportUnit) -> dict[str, str]:
    screens = by_name(await all_values(unit.site, SCREENS, OF_ALL_PROJECTS))
    sources = [entry.key async for entry in unit.backup.entries(Kind.FIELD)]
    fields = await unit.identities.get(identity_kinds.FIELD, sources)
    custom = {*fields.values(), *await fields_to_write(unit)}
    edit = await _screen(unit, screens.get(fold(NAME)), NAME, custom)
    create = await _screen(unit, screens.get(fold(CREATE)), CREATE, None)
    found = by_name(await all_values(unit.site, SCHEMES)).get(fold(NAME))
    chosen = {DEFAULT: int(edit), "create": int(create)}
    named = {"name": NAME, "description": DESCRIPTION}
    scheme: Json = found or await unit.site.post_json(SCHEMES, {**named, "screens": chosen})
    found = by_name(await all_values(unit.site, TYPED)).get(fold(NAME))
    mapping = {"issueTypeId": DEFAULT, "screenSchemeId": str(scheme["id"])}
    body = {**named, "issueTypeMappings": [mapping]}
    typed: Json = found or await unit.site.post_json(TYPED, body)
    ids = {_SCHEME: str(scheme["id"]), _TYPED: str(typed["id"])}
    return {_EDIT: edit, _CREATE: create, **ids}


async def _screen(
    unit: ImportUnit, found: Json | None, name: str, custom: Collection[str] | None
) -> str:
    """A screen with Jira's own fields and those custom ones; without any: for creating."""
    body = {"name": name, "description": DESCRIPTION}
    screen: Json = found or await unit.site.post_json(SCREENS, body)
    target = str(screen["id"])
    tabs: list[Json] = await unit.site.get_json(TABS, screen=target)
    if not tabs:
        tabs = [await unit.site.post_json(TABS, {"name": name}, screen=target)]
    available: list[Json] = await unit.site.get_json(ONE + "/availableFields", screen=target)
    for each in available:
        field = str(each["id"])
        is_own = not field.startswith("customfield_")
        wanted = field in CREATED_WITH if custom is None else is_own or field in custom
        if wanted:
            await add_field(unit, target, str(tabs[0]["id"]), field)
    return target


async def open_screens_of(unit: ImportUnit) -> Json:
    """What the body of a new project says so that its screens are open."""
    known = await unit.identities.get(identity_kinds.OPEN_SCREENS, [_TYPED])
    return {"issueTypeScreenScheme": int(known[_TYPED])} if _TYPED in known else {}


async def end_open_screens(unit: ImportUnit) -> None:
    """Gives some projects the screens that they had; after the last ones ours are deleted."""
    openings = await next_openings(unit, identity_kinds.PROJECT_SCREEN_SCHEME)
    ours = await unit.identities.get(identity_kinds.OPEN_SCREENS, [_EDIT, _CREATE, _SCHEME, _TYPED])
    losses = LossCounter(unit.tally)
    for opening in openings if ours else ():
        if opening.scheme is None:
            losses.add(Kind.PROJECT, Loss.SCREENS_BY_DEFAULT, opening.key)
        await _assign(unit, opening, opening.scheme or await _default(unit))
    losses.report()
    if ours and is_last_batch(unit):
        await _delete(unit, ours)


async def _default(unit: ImportUnit) -> str:
    found = by_name(await all_values(unit.site, TYPED)).get(fold(DEFAULT_TYPED))
    return str(found["id"]) if found else ""


async def _assign(unit: ImportUnit, opening: Opening, scheme: str) -> None:
    body = {"issueTypeScreenSchemeId": scheme, "projectId": opening.project}
    try:
        await unit.site.put_json(f"{TYPED}/project", body)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        reason = "SCREENS_NOT_PUT_BACK"
        message = f"The project keeps the screens of the restore: {error.message}"
        unit.tally.missing(Kind.ISSUE_TYPE_SCREEN_SCHEME, opening.key, reason, message)


async def _delete(unit: ImportUnit, ours: dict[str, str]) -> None:
    """A site refuses this as long as a project has one of them."""
    site = unit.site
    try:
        for template, name in ((ONE_TYPED, _TYPED), (ONE_SCHEME, _SCHEME)):
            with contextlib.suppress(SiteNotFound):
                await site.delete(template, scheme=ours[name])
        for name in (_EDIT, _CREATE):
            with contextlib.suppress(SiteNotFound):
                await site.delete(ONE, screen=ours[name])
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        message = f"Projects still have it: {error.message}"
        unit.tally.remark(Kind.SCREEN, NAME, "OPEN_SCREENS_STAY", message)
