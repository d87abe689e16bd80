"""Users are mapped, never invited; groups are made by name; memberships are added."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from typing import Any

import msgspec

from sitekeep_restore.importers.confluence.ranges import entries_of, plan_ranges
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.confluence_lists import V1, V2, read_all
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

PLAN = "people"
USERS = "users"
GROUPS = "groups"
MEMBERSHIPS = "memberships"

FIRST = UnitPlan(ImportPhase.USERS_AND_GROUPS, "people", PLAN)

_USERS_PER_UNIT = 250
"""The most ids that v2 ``POST /users-bulk`` takes."""
_GROUPS_PER_UNIT = 100
_MEMBERSHIPS_PER_UNIT = 100
_PAGE = (("limit", "200"),)


class _User(msgspec.Struct):
    account: str = msgspec.field(name="accountId", default="")
    email: str = ""
    name: str = msgspec.field(name="displayName", default="")


async def plan_people(unit: ImportUnit) -> None:
    """Plans users; groups and memberships unless they are to be skipped."""
    await plan_ranges(unit, Kind.USER, USERS, _USERS_PER_UNIT)
    if not unit.options.skip_users_and_groups:
        await plan_ranges(unit, Kind.GROUP, GROUPS, _GROUPS_PER_UNIT)
        phase = ImportPhase.CONFIGURATION
        await plan_ranges(unit, Kind.MEMBERSHIP, MEMBERSHIPS, _MEMBERSHIPS_PER_UNIT, phase=phase)


async def import_users(unit: ImportUnit) -> None:
    """Finds each user at the destination, by account id, else by e-mail. Raises SiteError."""
    users = [
        msgspec.json.decode(await unit.backup.read(entry), type=_User)
        async for entry in entries_of(unit)
    ]
    targets = {account: account for account in await _present(unit, users)}
    absent = [user for user in users if user.account not in targets]
    targets |= await _by_email(unit, absent)
    await unit.identities.put(Kind.USER.value, targets)
    if not unit.options.skip_users_and_groups:
        _count_users(unit, users, targets)


def _count_users(unit: ImportUnit, users: list[_User], targets: dict[str, str]) -> None:
    for user in users:
        unit.tally.expect(Kind.USER)
        if user.account in targets:
            unit.tally.done(Kind.USER)
        else:
            unit.tally.not_restorable(
                Kind.USER,
                user.name or user.account,
                "USER_KEPT_AS_TEXT",
                "The person has no account at the destination: the name stands there as text.",
            )


async def _present(unit: ImportUnit, users: list[_User]) -> list[str]:
    body = {"accountIds": [user.account for user in users]}
    answer = await unit.site.post_json(f"{V2}/users-bulk", body, read=True)
    return [user["accountId"] for user in answer["results"] if _is_known(user)]


def _is_known(user: dict[str, Any]) -> bool:
    """Confluence answers unknown ids with a user without an account, or not at all."""
    return bool(user.get("accountId")) and user.get("type") != "unknown"


async def _by_email(unit: ImportUnit, users: list[_User]) -> dict[str, str]:
    """Users of the destination with the same visible e-mail address."""
    wanted = {user.email.casefold(): user.account for user in users if user.email}
    found: dict[str, str] = {}
    if not wanted:
        return found
    async for user in _users_of(unit):
        account = wanted.get(user.email.casefold()) if user.email else None
        if account is not None:
            found[account] = user.account
    return found


async def _users_of(unit: ImportUnit) -> AsyncIterator[_User]:
    query = (("cql", "type=user"), *_PAGE)
    async for item in read_all(unit.site, f"{V1}/search/user", query):
        yield msgspec.convert(msgspec.json.decode(item)["user"], _User)


async def import_groups(unit: ImportUnit) -> None:
    """Maps groups by name and makes those that are not there. Raises SiteError."""
    present = await _groups_of(unit)
    async for entry in entries_of(unit):
        unit.tally.expect(Kind.GROUP)
        name: str = msgspec.json.decode(await unit.backup.read(entry))["name"]
        target = present.get(name.casefold()) or await _make_group(unit, name)
        if target is not None:
            await unit.identities.put(Kind.GROUP.value, {entry.key: target})
            unit.tally.done(Kind.GROUP)


async def _groups_of(unit: ImportUnit) -> dict[str, str]:
    groups = read_all(unit.site, f"{V1}/group", _PAGE)
    decoded = [msgspec.json.decode(item) async for item in groups]
    return {group["name"].casefold(): group["id"] for group in decoded}


async def _make_group(unit: ImportUnit, name: str) -> str | None:
    try:
        group = await unit.site.post_json(f"{V1}/group", {"name": name})
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        unit.tally.missing(Kind.GROUP, name, "GROUP_REFUSED", error.message)
        return None
    return str(group["id"])


async def import_memberships(unit: ImportUnit) -> None:
    """Adds the members that a group lacks. Raises SiteError."""
    entries = [entry async for entry in entries_of(unit)]
    groups = await unit.identities.get(
        Kind.GROUP.value, {entry.attributes["group"] for entry in entries}
    )
    users = await unit.identities.get(
        Kind.USER.value, {entry.attributes["account"] for entry in entries}
    )
    members = {group: await _members_of(unit, group) for group in set(groups.values())}
    for entry in entries:
        group = groups.get(entry.attributes["group"])
        user = users.get(entry.attributes["account"])
        await _add(unit, entry, group, user, members.get(group or "", ()))


async def _members_of(unit: ImportUnit, group: str) -> set[str]:
    template = f"{V1}/group/{{group}}/membersByGroupId"
    members = read_all(unit.site, template, _PAGE, group=group)
    return {msgspec.json.decode(item, type=_User).account async for item in members}


async def _add(
    unit: ImportUnit, entry: Entry, group: str | None, user: str | None, members: Collection[str]
) -> None:
    unit.tally.expect(Kind.MEMBERSHIP)
    if group is None or user is None:
        reason = "GROUP_NOT_RESTORED" if group is None else "USER_NOT_AT_DESTINATION"
        message = "The group or the person is not at the destination."
        unit.tally.not_restorable(Kind.MEMBERSHIP, entry.key, reason, message)
        return
    if user not in members and not await _post_member(unit, entry, group, user):
        return
    unit.tally.done(Kind.MEMBERSHIP)


async def _post_member(unit: ImportUnit, entry: Entry, group: str, user: str) -> bool:
    query = (("groupId", group),)
    try:
        await unit.site.post(f"{V1}/group/userByGroupId", {"accountId": user}, query)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        unit.tally.missing(Kind.MEMBERSHIP, entry.key, "MEMBERSHIP_REFUSED", error.message)
        return False
    return True
