"""What Jira Software knows of epics: written anew it stays the same, so nothing is doubled."""

from __future__ import annotations

from functools import partial

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.projects import TargetProject
from sitekeep_restore.importers.jira.reading import Json, read_json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entry_keys import issue_entry
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import concurrently

EPIC = "/rest/agile/1.0/epic/{epic}"
CONCURRENT_EPICS = 5


async def import_epics(unit: ImportUnit) -> None:
    """The epics of a range of issues."""
    project = TargetProject(**unit.plan.arguments["project"])
    first, last = (
        issue_entry(project.source, int(unit.plan.arguments[name])) for name in ("first", "last")
    )
    entries = [entry async for entry in unit.backup.entries(Kind.EPIC, first=first, last=last)]
    ids = [entry.attributes["id"] for entry in entries]
    targets = await unit.identities.get(identity_kinds.ISSUE, ids) if ids else {}
    sources: list[tuple[str, str, Json]] = [
        (
            entry.attributes["issue"],
            targets.get(entry.attributes["id"], ""),
            await read_json(unit.backup, entry),
        )
        for entry in entries
    ]
    calls = [partial(_import, unit, key, target, epic) for key, target, epic in sources]
    await concurrently(calls, limit=CONCURRENT_EPICS)


async def _import(unit: ImportUnit, key: str, target: str, epic: Json) -> None:
    unit.tally.expect(Kind.EPIC)
    kept = {name: epic[name] for name in ("name", "done") if epic.get(name) is not None}
    colour: Json = epic.get("color") or {}
    body = kept | ({"color": {"key": colour["key"]}} if colour.get("key") else {})
    message = "" if target else "The issue is not at the destination."
    try:
        if target:
            await unit.site.post(EPIC, body, epic=target)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        message = error.message
    if message:
        unit.tally.missing(Kind.EPIC, key, "EPIC_REFUSED", message)
    else:
        unit.tally.done(Kind.EPIC)
