"""Users, groups and memberships, through Confluence v1 (v2 has no list of users).

The search for users hides those who are not active; those of them whom content or groups
name are looked up by id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from sitekeep_backup.exporters.confluence.chains import Listing, first_key, walk
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.content.confluence_lists import V1, V2, ListPage
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

USERS = "users"
GROUPS = "groups"
MEMBERSHIPS = "memberships"
HIDDEN_USER = "hidden-user"

SEARCH_LIMIT = 10_000
"""The most users that the search gives, whatever the site has."""

_PAGE = 200
_LOOK_UP = 250
"""The most ids that v2 ``POST /users-bulk`` takes."""

_HIDDEN_STATUSES = frozenset({"inactive", "closed"})
_MENTION = re.compile(rb'ri:account-id=\\?"([^"\\]+)')

FIRST = (
    UnitPlan(ExportPhase.USERS_AND_GROUPS, first_key("users"), USERS),
    UnitPlan(ExportPhase.USERS_AND_GROUPS, first_key("groups"), GROUPS),
)


class _Hit(msgspec.Struct):
    user: msgspec.Raw


class _User(msgspec.Struct):
    account: str = msgspec.field(name="accountId", default="")


class _Looked(msgspec.Struct):
    account: str = msgspec.field(name="accountId", default="")
    status: str = msgspec.field(name="accountStatus", default="")


class _Bulk(msgspec.Struct):
    results: list[msgspec.Raw]


class _Group(msgspec.Struct):
    id: str
    name: str


async def export_users(unit: ExportUnit) -> None:
    """Keeps some pages of users (v1 ``GET /search/user``). Raises SiteError."""

    async def keep(page: ListPage) -> None:
        if (
            page.total is not None
            and page.total > SEARCH_LIMIT
            and "query" not in unit.plan.arguments
        ):
            _remark_limit(unit, page.total)
        for item in page.items:
            await _keep_user(unit, bytes(msgspec.json.decode(item, type=_Hit).user))

    query = (("cql", "type=user"), ("limit", str(_PAGE)))
    await walk(unit, Listing(f"{V1}/search/user", query), keep)


def _remark_limit(unit: ExportUnit, total: int) -> None:
    unit.tally.missing(
        Kind.USER,
        "users",
        "USER_SEARCH_LIMIT",
        f"The site has {total} users, its search gives {SEARCH_LIMIT} at most.",
        count=total - SEARCH_LIMIT,
    )


async def _keep_user(unit: ExportUnit, user: bytes) -> None:
    account = msgspec.json.decode(user, type=_User).account
    if not account:
        return
    unit.tally.expect(Kind.USER)
    await unit.records.put_record(Kind.USER, account, user)
    unit.tally.done(Kind.USER, len(user))


async def export_groups(unit: ExportUnit) -> None:
    """Keeps some pages of groups and plans their memberships. Raises SiteError."""

    async def keep(page: ListPage) -> None:
        for item in page.items:
            await _keep_group(unit, item)

    await walk(unit, Listing(f"{V1}/group", (("limit", str(_PAGE)),)), keep)


async def _keep_group(unit: ExportUnit, item: bytes) -> None:
    group = msgspec.json.decode(item, type=_Group)
    unit.tally.expect(Kind.GROUP)
    await unit.records.put_record(Kind.GROUP, group.id, item, attributes={"name": group.name})
    unit.tally.done(Kind.GROUP, len(item))
    key = first_key("memberships", group.id)
    unit.spawn(UnitPlan(ExportPhase.USERS_AND_GROUPS, key, MEMBERSHIPS, {"group": group.id}))


async def export_memberships(unit: ExportUnit) -> None:
    """Keeps some pages of the members of one group. Raises SiteError."""
    group: str = unit.plan.arguments["group"]

    async def keep(page: ListPage) -> None:
        for item in page.items:
            await _keep_membership(unit, group, item)
        await look_up_hidden(unit, [_account_of(item) for item in page.items])

    listing = Listing(
        f"{V1}/group/{{group}}/membersByGroupId", (("limit", str(_PAGE)),), {"group": group}
    )
    await walk(unit, listing, keep)


async def _keep_membership(unit: ExportUnit, group: str, item: bytes) -> None:
    account = _account_of(item)
    attributes = {"group": group, "account": account}
    unit.tally.expect(Kind.MEMBERSHIP)
    await unit.records.put_record(
        Kind.MEMBERSHIP, f"{group}/{account}", item, attributes=attributes
    )
    unit.tally.done(Kind.MEMBERSHIP, len(item))


def _account_of(user: bytes) -> str:
    return msgspec.json.decode(user, type=_User).account


def mentioned_in(item: bytes) -> set[str]:
    """The account ids that the body of an item names."""
    return {found.decode() for found in _MENTION.findall(item)}


async def look_up_hidden(unit: ExportUnit, accounts: Iterable[str]) -> None:
    """Plans to keep those accounts that the search hides because they are not active.

    The plan's key is the account: however often it is met, it is kept once. Raises SiteError.
    """
    wanted = sorted({account for account in accounts if account})
    for start in range(0, len(wanted), _LOOK_UP):
        body = {"accountIds": wanted[start : start + _LOOK_UP]}
        for item in (await unit.site.post_for(f"{V2}/users-bulk", body, _Bulk)).results:
            found = msgspec.json.decode(item, type=_Looked)
            if found.account and found.status in _HIDDEN_STATUSES:
                unit.spawn(_hidden(unit, found.account, bytes(item)))


def _hidden(unit: ExportUnit, account: str, user: bytes) -> UnitPlan:
    arguments = {"user": user.decode()}
    return UnitPlan(unit.plan.phase, f"hidden-users/{account}", HIDDEN_USER, arguments)


async def export_hidden_user(unit: ExportUnit) -> None:
    """Keeps a user who is not active, as v2 ``POST /users-bulk`` gave it."""
    await _keep_user(unit, unit.plan.arguments["user"].encode())
