"""Groups by name, and who belongs to them."""

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
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

GROUPS_PER_UNIT = 50
MEMBERSHIPS_PER_UNIT = 100

FIRST = UnitPlan(ImportPhase.USERS_AND_GROUPS, "groups", "groups")
MEMBERSHIPS = UnitPlan(ImportPhase.USERS_AND_GROUPS, "memberships", "memberships")


async def import_groups(unit: ImportUnit) -> None:
    """Some groups; after the last ones come the memberships."""
    entries = await batch_of(unit, Kind.GROUP, GROUPS_PER_UNIT)
    groups: list[Json] = [await read_json(unit.backup, entry) for entry in entries]
    existing = by_name(await _existing(unit, groups))
    for group in groups:
        await _import_group(unit, group, existing)
    if is_last_batch(unit) and not unit.options.skip_users_and_groups:
        unit.spawn(MEMBERSHIPS)


async def _existing(unit: ImportUnit, groups: list[Json]) -> list[Json]:
    if not groups:
        return []
    query = [("groupName", str(group["name"])) for group in groups]
    return await all_values(unit.site, "/rest/api/3/group/bulk", query)


async def _import_group(unit: ImportUnit, group: Json, existing: Json) -> None:
    name = str(group["name"])
    found = existing.get(fold(name))
    if unit.options.skip_users_and_groups:
        if found is not None:
            await _keep(unit, group, found)
        return
    unit.tally.expect(Kind.GROUP)
    try:
        if found is None:
            found = await unit.site.post_json("/rest/api/3/group", {"name": name})
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        unit.tally.missing(Kind.GROUP, name, "GROUP_REFUSED", error.message)
        return
    await _keep(unit, group, found)
    unit.tally.done(Kind.GROUP)


async def _keep(unit: ImportUnit, group: Json, found: Json) -> None:
    pair = {str(group["groupId"]): str(found["groupId"])}
    await unit.identities.put(identity_kinds.GROUP, pair)


async def import_memberships(unit: ImportUnit) -> None:
    """Some memberships; one that is there already is as good as a new one."""
    entries = await batch_of(unit, Kind.MEMBERSHIP, MEMBERSHIPS_PER_UNIT)
    group_ids = {entry.attributes["group"] for entry in entries}
    groups = await unit.identities.get(identity_kinds.GROUP, group_ids)
    accounts = {entry.attributes["account"] for entry in entries}
    users = await unit.identities.get(identity_kinds.USER, accounts)
    unit.tally.expect(Kind.MEMBERSHIP, len(entries))
    for entry in entries:
        group = groups.get(entry.attributes["group"])
        user = users.get(entry.attributes["account"])
        if group is None or user is None:
            message = "The group or the account is not at the destination."
            reason = "MEMBER_NOT_AT_DESTINATION"
            unit.tally.not_restorable(Kind.MEMBERSHIP, entry.key, reason, message)
        else:
            await _join(unit, entry, group, user)


async def _join(unit: ImportUnit, entry: Entry, group: str, user: str) -> None:
    query = [("groupId", group)]
    try:
        await unit.site.post_json("/rest/api/3/group/user", {"accountId": user}, query)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        if not await _is_member(unit, group, user):
            unit.tally.missing(Kind.MEMBERSHIP, entry.key, "MEMBERSHIP_REFUSED", error.message)
            return
    unit.tally.done(Kind.MEMBERSHIP)


async def _is_member(unit: ImportUnit, group: str, user: str) -> bool:
    query = [("groupId", group), ("includeInactiveUsers", "true")]
    found = await all_values(unit.site, "/rest/api/3/group/member", query)
    return any(each.get("accountId") == user for each in found)
