"""The first and the last unit: the restoring account's own preferences and both addresses."""

from __future__ import annotations

from urllib.parse import urlsplit

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.left_out import repeat_what_is_left_out
from sitekeep_restore.importers.jira.reading import Json, read_json, take
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PREFERENCES = "/rest/api/3/mypreferences"
AUTOWATCH = "user.autowatch.disabled"

FIRST = UnitPlan(ImportPhase.USERS_AND_GROUPS, "begin", "begin")
LAST = UnitPlan(ImportPhase.CLEAN_UP, "end", "end")


async def begin(unit: ImportUnit) -> None:
    """Turns autowatch off for the restoring account and notes both addresses.

    What the backup says it lacks is repeated.
    """
    repeat_what_is_left_out(unit)
    known = await unit.identities.get(identity_kinds.PREFERENCE, [AUTOWATCH])
    if not known:
        before = await _preference(unit)
        await unit.identities.put(identity_kinds.PREFERENCE, {AUTOWATCH: before})
    await _set_preference(unit, True)
    await _note_addresses(unit)


async def end(unit: ImportUnit) -> None:
    """Gives the restoring account its preference back."""
    known = await unit.identities.get(identity_kinds.PREFERENCE, [AUTOWATCH])
    before = known.get(AUTOWATCH, "")
    if before:
        await _set_preference(unit, before == "true")
        return
    try:
        await unit.site.delete(PREFERENCES, [("key", AUTOWATCH)])
    except (SiteNotFound, SiteRefused, SiteForbidden):
        return


async def _preference(unit: ImportUnit) -> str:
    try:
        body = await unit.site.get(PREFERENCES, [("key", AUTOWATCH)])
    except (SiteNotFound, SiteRefused):
        return ""
    return body.decode().strip().strip('"')


async def _set_preference(unit: ImportUnit, disabled: bool) -> None:
    """The value is sent bare: ``true``, not as a JSON string, else Jira keeps the quotes."""
    try:
        await unit.site.put_json(PREFERENCES, disabled, [("key", AUTOWATCH)])
    except (SiteForbidden, SiteNotFound, SiteRefused) as error:
        unit.tally.remark(Kind.WATCHER, AUTOWATCH, "AUTOWATCH_NOT_SET", error.message)


async def _note_addresses(unit: ImportUnit) -> None:
    """Keeps the addresses of both sites, so that links from one item to another can follow."""
    source = await _source_address(unit)
    if source:
        info: Json = await unit.site.get_json("/rest/api/3/serverInfo")
        pair = {"source": source, "target": _address(info.get("baseUrl"))}
        await unit.identities.put(identity_kinds.SITE, pair)


async def _source_address(unit: ImportUnit) -> str:
    """What the first project, or issue type where there is none, says of itself; else empty."""
    for kind in (Kind.PROJECT, Kind.ISSUE_TYPE):
        entries, _ = await take(unit.backup, kind, 1)
        if entries:
            found: Json = await read_json(unit.backup, entries[0])
            return _address(found.get("self"))
    return ""


def _address(url: object) -> str:
    parts = urlsplit(str(url or ""))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
