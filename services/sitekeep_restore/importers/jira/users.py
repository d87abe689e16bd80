"""Users: the same account where it is a member, an invitation by e-mail where it is not.

Nobody is invited whom the source site shut out, and no customer who only knows a portal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sitekeep_restore.importers.jira import groups, identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, batch_of, fold, is_last_batch, read_json
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

USERS_PER_UNIT = 1000
PAGE_SIZE = 1000
"""The largest page of users/search (Jira REST v3)."""

FIRST = UnitPlan(ImportPhase.USERS_AND_GROUPS, "users", "users")


@dataclass(frozen=True)
class _Members:
    """Who is a member of the destination."""

    account_ids: frozenset[str]
    by_email: Mapping[str, str]


async def import_users(unit: ImportUnit) -> None:
    """Some users; after the last ones come the groups."""
    entries = await batch_of(unit, Kind.USER, USERS_PER_UNIT)
    users: list[Json] = [await read_json(unit.backup, entry) for entry in entries]
    members = await _members(unit)
    present = {str(user["accountId"]) for user in users} & members.account_ids
    await unit.identities.put(identity_kinds.USER, {account: account for account in present})
    absent = [user for user in users if user["accountId"] not in present]
    if unit.options.skip_users_and_groups:
        _remark_absent(unit, absent)
    else:
        unit.tally.expect(Kind.USER, len(users))
        unit.tally.done(Kind.USER, count=len(present))
        await _bring_back(unit, absent, members)
    if is_last_batch(unit):
        unit.spawn(groups.FIRST)


async def _members(unit: ImportUnit) -> _Members:
    """Everyone whom the destination lists; users/search ends with an empty page."""
    found: list[Json] = []
    while True:
        query = [("startAt", str(len(found))), ("maxResults", str(PAGE_SIZE))]
        page: list[Json] = await unit.site.get_json("/rest/api/3/users/search", query)
        if not page:
            break
        found.extend(page)
    emails = {fold(user.get("emailAddress")): str(user["accountId"]) for user in found}
    return _Members(frozenset(str(user["accountId"]) for user in found), emails)


def _remark_absent(unit: ImportUnit, absent: Sequence[Json]) -> None:
    if absent:
        message = "Not at the destination: mentions and fields of these accounts become text."
        name = str(absent[0].get("displayName", ""))
        unit.tally.remark(Kind.USER, name, "USERS_SKIPPED", message, count=len(absent))


async def _bring_back(unit: ImportUnit, users: Sequence[Json], members: _Members) -> None:
    losses = LossCounter(unit.tally)
    for user in users:
        name = str(user.get("displayName", user["accountId"]))
        if user.get("accountType") == "app":
            losses.gone(Kind.USER, Loss.APP_ACCOUNT_NOT_RESTORED, name)
        elif user.get("accountType") == "customer":
            message = "Customers of service desks are neither invited nor written to."
            unit.tally.not_restorable(Kind.USER, name, "CUSTOMER_NOT_INVITED", message)
        elif not user.get("active", True):
            message = "Deactivated: an invitation would let the person in, so there is none."
            unit.tally.not_restorable(Kind.USER, name, "USER_DEACTIVATED", message)
        elif not user.get("emailAddress"):
            message = "Not a member of the destination, and the backup holds no e-mail address."
            unit.tally.not_restorable(Kind.USER, name, "USER_NOT_AT_DESTINATION", message)
        else:
            await _invite(unit, user, name, members)
    losses.report()


async def _invite(unit: ImportUnit, user: Json, name: str, members: _Members) -> None:
    """Adds a person by e-mail unless the address is a member's: ours of an earlier attempt."""
    email = str(user["emailAddress"])
    target = members.by_email.get(fold(email))
    try:
        if target is None:
            body: Json = {"emailAddress": email, "products": []}
            created: Json = await unit.site.post_json("/rest/api/3/user", body)
            target = str(created["accountId"])
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        unit.tally.missing(Kind.USER, name, "USER_NOT_INVITED", error.message)
        return
    await unit.identities.put(identity_kinds.USER, {str(user["accountId"]): target})
    unit.tally.done(Kind.USER, lossy=target != user["accountId"])
