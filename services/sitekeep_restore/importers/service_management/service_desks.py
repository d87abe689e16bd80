"""Service desks: each comes with its project; what it has is made for it.

A project that came back as another type, because the site has no Jira Service Management, has
no desk: what the desk had is named as lost.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, read_all
from sitekeep_restore.importers.service_management import customers, request_types, requests
from sitekeep_restore.importers.service_management.pages import API, REFUSALS
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound
from sitekeep_shared.content.service_fields import SERVICE_PROJECT
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

ONE = API + "/servicedesk/{desk}"

_READ_ONLY = {
    Kind.QUEUE: Loss.QUEUE_NOT_RESTORED,
    Kind.KNOWLEDGE_BASE_ARTICLE: Loss.KNOWLEDGE_BASE_NOT_LINKED,
}

FIRST = UnitPlan(ImportPhase.SETTINGS, "service-desks", "service-desks")


async def import_service_desks(unit: ImportUnit) -> None:
    """Finds the desk of each restored project; plans what the desks have."""
    entries = [entry async for entry in unit.backup.entries(Kind.SERVICE_DESK)]
    unit.spawn(*[requests.of(each, "") for each in await _without_desk(unit, entries)])
    if not entries:
        return
    unit.tally.expect(Kind.SERVICE_DESK, len(entries))
    sources = [entry.attributes["project"] for entry in entries]
    projects = await unit.identities.get(identity_kinds.PROJECT, sources)
    losses = LossCounter(unit.tally)
    for entry in entries:
        target = await _desk(unit, projects.get(entry.attributes["project"], ""))
        if target:
            await unit.identities.put(identity_kinds.SERVICE_DESK, {entry.key: target})
            await _link_organizations(unit, entry, target)
            losses.add(Kind.SERVICE_DESK, Loss.SERVICE_DESK_CONFIGURATION, entry.attributes["key"])
            unit.tally.done(Kind.SERVICE_DESK, lossy=True)
        else:
            losses.gone(Kind.SERVICE_DESK, Loss.SERVICE_DESK_ABSENT, entry.attributes["key"])
    for kind, loss in _READ_ONLY.items():
        await _count(unit, kind, loss, losses)
    losses.report()
    unit.spawn(request_types.FIRST, customers.FIRST)
    unit.spawn(*[requests.of(entry.attributes["project"], entry.key) for entry in entries])


async def _without_desk(unit: ImportUnit, entries: Sequence[Entry]) -> list[str]:
    """The service projects of which the backup has no desk: no list shows archived ones."""
    known = {entry.attributes["project"] for entry in entries}
    projects = await read_all(unit.backup, Kind.PROJECT)
    found = [str(each["id"]) for each in projects if each.get("projectTypeKey") == SERVICE_PROJECT]
    return [each for each in found if each not in known]


async def _count(unit: ImportUnit, kind: Kind, loss: Loss, losses: LossCounter) -> None:
    """Says how many of a kind stay in the backup."""
    keys = [entry.key async for entry in unit.backup.entries(kind)]
    if keys:
        unit.tally.expect(kind, len(keys))
        losses.gone(kind, loss, keys[0], len(keys))


async def _desk(unit: ImportUnit, project: str) -> str:
    """The id of a project's desk; empty where there is none. A path may name the project."""
    if not project:
        return ""
    try:
        found: Json = await unit.site.get_json(ONE, desk=project)
    except (SiteNotFound, SiteForbidden):
        return ""
    return str(found["id"])


async def _link_organizations(unit: ImportUnit, entry: Entry, target: str) -> None:
    """Lets a desk have its organizations; one that it has already stays as it is."""
    sources: list[str] = msgspec.json.decode(entry.attributes.get("organizations") or "[]")
    known = await unit.identities.get(identity_kinds.ORGANIZATION, sources)
    key, reason = entry.attributes["key"], "ORGANIZATION_NOT_LINKED"
    absent = len(sources) - len(known)
    if absent:
        message = Loss.ORGANIZATION_ABSENT.value
        unit.tally.remark(Kind.SERVICE_DESK, key, reason, message, count=absent)
    for organization in known.values():
        body = {"organizationId": int(organization)}
        try:
            await unit.site.post(f"{ONE}/organization", body, desk=target)
        except REFUSALS as error:
            unit.tally.remark(Kind.SERVICE_DESK, key, reason, error.message)
