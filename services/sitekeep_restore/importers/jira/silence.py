"""Silence while restoring: projects begin with a scheme of ours that sends no mail.

They get their own scheme when nothing else is written any more.
"""

from __future__ import annotations

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import (
    Json,
    all_values,
    batch_of,
    by_name,
    fold,
    is_last_batch,
    read_json,
)
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

SCHEMES = "/rest/api/3/notificationscheme"
ONE = "/rest/api/3/notificationscheme/{scheme}"
PROJECT = "/rest/api/3/project/{project}"
NAME = "Sitekeep: silent while restoring"
DESCRIPTION = (
    "Sends no mail. Made by Sitekeep; a project that has it although no restore is running "
    "should get another one."
)
PROJECTS_PER_UNIT = 50

LAST = UnitPlan(ImportPhase.OPENING, "notifications", "notifications")


async def begin_silence(unit: ImportUnit, existing: list[Json]) -> None:
    """Finds or makes the silent scheme. ``existing``: the schemes of the destination."""
    try:
        scheme: Json = by_name(existing).get(fold(NAME)) or await _make(unit)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        message = f"The site may send mail during the restore: {error.message}"
        unit.tally.remark(Kind.NOTIFICATION_SCHEME, NAME, "NOT_SILENT", message)
        return
    await unit.identities.put(identity_kinds.SILENT_SCHEME, {NAME: str(scheme["id"])})


async def _make(unit: ImportUnit) -> Json:
    body = {"name": NAME, "description": DESCRIPTION}
    created: Json = await unit.site.post_json(SCHEMES, body)
    return created


async def silent_scheme(unit: ImportUnit) -> Json:
    """What the body of a new project says so that it sends no mail."""
    known = await unit.identities.get(identity_kinds.SILENT_SCHEME, [NAME])
    return {"notificationScheme": int(known[NAME])} if NAME in known else {}


async def end_silence(unit: ImportUnit) -> None:
    """Gives some projects the scheme that they had; after the last ones ours is deleted."""
    entries = await batch_of(unit, Kind.PROJECT, PROJECTS_PER_UNIT)
    sources = [entry.key for entry in entries]
    projects = await unit.identities.get(identity_kinds.PROJECT, sources)
    schemes = await unit.identities.get(identity_kinds.PROJECT_NOTIFICATION_SCHEME, sources)
    prepared = await unit.identities.get(identity_kinds.PREPARED_PROJECT, sources)
    silent = (await silent_scheme(unit)).get("notificationScheme")
    for entry in entries:
        if entry.key not in projects or entry.key in prepared or silent is None:
            continue
        project: Json = await read_json(unit.backup, entry)
        scheme = schemes.get(entry.key) or await _default(unit, project)
        if scheme:
            await _assign(unit, projects[entry.key], str(project["key"]), scheme)
    if silent is not None and is_last_batch(unit):
        await _delete(unit, str(silent))


async def _default(unit: ImportUnit, project: Json) -> str:
    """The site's default scheme, where the backup does not say what a project had.

    A team-managed project has settings of its own in place of a scheme.
    """
    is_known = bool(unit.backup.pages(Kind.NOTIFICATION_SCHEME))
    if is_known and project.get("style") != "next-gen":
        return ""
    found = await all_values(unit.site, SCHEMES, [("onlyDefault", "true")])
    return str(found[0]["id"]) if found else ""


async def _assign(unit: ImportUnit, project: str, key: str, scheme: str) -> None:
    body = {"notificationScheme": int(scheme)}
    try:
        await unit.site.put_json(PROJECT, body, project=project)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        reason = "NOTIFICATIONS_NOT_PUT_BACK"
        message = f"The project stays silent: {error.message}"
        unit.tally.missing(Kind.NOTIFICATION_SCHEME, key, reason, message)


async def _delete(unit: ImportUnit, scheme: str) -> None:
    """A site refuses this as long as a project has the scheme: one that had none keeps it."""
    try:
        await unit.site.delete(ONE, scheme=scheme)
    except SiteNotFound:
        return
    except (SiteRefused, SiteForbidden) as error:
        message = f"Projects that had no notification scheme keep it: {error.message}"
        unit.tally.remark(Kind.NOTIFICATION_SCHEME, NAME, "SILENT_SCHEME_STAYS", message)
