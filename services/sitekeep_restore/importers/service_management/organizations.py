"""Organizations of customers, by name, with their properties; then who belongs to them."""

from __future__ import annotations

from itertools import groupby

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, batch_of, is_last_batch, read_json
from sitekeep_restore.importers.service_management.namesakes import Namesakes
from sitekeep_restore.importers.service_management.pages import API, REFUSALS, all_service_items
from sitekeep_restore.importers.service_management.people import add_people
from sitekeep_restore.importers.service_management.properties import write_properties
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

ORGANIZATIONS_PER_UNIT = 50
MEMBERS_PER_UNIT = 500
LIST = "/organization"
ONE = LIST + "/{organization}"

FIRST = UnitPlan(ImportPhase.CONFIGURATION, "organizations", "organizations")
MEMBERS = UnitPlan(ImportPhase.CONFIGURATION, "organization-members", "organization-members")


async def import_organizations(unit: ImportUnit) -> None:
    """Some organizations; after the last ones come the members of all."""
    entries = await batch_of(unit, Kind.ORGANIZATION, ORGANIZATIONS_PER_UNIT)
    if is_last_batch(unit):
        unit.spawn(MEMBERS)
    if not entries:
        return
    unit.tally.expect(Kind.ORGANIZATION, len(entries))
    known = await _known(unit)
    try:
        existing = await all_service_items(unit.site, LIST)
    except (SiteNotFound, SiteForbidden):
        losses = LossCounter(unit.tally)
        loss = Loss.SERVICE_MANAGEMENT_ABSENT
        losses.gone(Kind.ORGANIZATION, loss, entries[0].key, len(entries))
        losses.report()
        return
    there = Namesakes(existing, lambda item: str(item["name"]), known)
    for entry in entries:
        await _import(unit, entry, there, known.get(entry.key, ""))


async def linked_organizations(site: SiteClient, desk: str) -> frozenset[str] | None:
    """The organizations that a desk of the destination has; None: it does not show them."""
    try:
        found = await all_service_items(site, "/servicedesk/{desk}/organization", desk=desk)
    except REFUSALS:
        return None
    return frozenset(str(each["id"]) for each in found)


async def _known(unit: ImportUnit) -> dict[str, str]:
    """Which organizations became which, those of earlier units and attempts included."""
    sources = [entry.key async for entry in unit.backup.entries(Kind.ORGANIZATION)]
    return await unit.identities.get(identity_kinds.ORGANIZATION, sources)


async def _import(unit: ImportUnit, entry: Entry, there: Namesakes, target: str) -> None:
    organization: Json = await read_json(unit.backup, entry)
    name = str(organization["name"])
    try:
        if not target:
            found = there.take(name)
            found = found or await unit.site.post_json(API + LIST, {"name": name})
            target = str(found["id"])
    except REFUSALS as error:
        unit.tally.missing(Kind.ORGANIZATION, name, "ORGANIZATION_REFUSED", error.message)
        return
    await unit.identities.put(identity_kinds.ORGANIZATION, {entry.key: target})
    refused = await write_properties(unit, Kind.ORGANIZATION, entry, name, ONE, organization=target)
    unit.tally.done(Kind.ORGANIZATION, lossy=refused > 0)


async def import_organization_members(unit: ImportUnit) -> None:
    """Some of those who belong to organizations."""
    entries = await batch_of(unit, Kind.ORGANIZATION_MEMBER, MEMBERS_PER_UNIT)
    losses = LossCounter(unit.tally)
    kind = identity_kinds.ORGANIZATION
    targets = await unit.identities.get(kind, {_organization(entry) for entry in entries})
    for source, group in groupby(entries, _organization):
        part = list(group)
        unit.tally.expect(Kind.ORGANIZATION_MEMBER, len(part))
        if source in targets:
            path = {"organization": targets[source]}
            await add_people(unit, Kind.ORGANIZATION_MEMBER, part, f"{ONE}/user", **path)
        else:
            loss = Loss.ORGANIZATION_ABSENT
            losses.gone(Kind.ORGANIZATION_MEMBER, loss, source, len(part))
    losses.report()


def _organization(entry: Entry) -> str:
    return entry.attributes["organization"]
