"""Dashboards: filled by the restoring account, then given to their owners.

What an earlier attempt created is found by its name and description among the account's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.gadgets import Gadgets
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.queries import Queries
from sitekeep_restore.importers.jira.reading import (
    Json,
    all_values,
    batch_of,
    is_last_batch,
    read_json,
)
from sitekeep_restore.importers.jira.shares import Shares
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteError, SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

DASHBOARDS_PER_UNIT = 20
DASHBOARD = "/rest/api/3/dashboard"
ONE = "/rest/api/3/dashboard/{dashboard}"
BULK = "/rest/api/3/dashboard/bulk/edit"
AS_ADMIN = [("extendAdminPermissions", "true")]
NAME_LENGTH = 230
_REFUSALS = (SiteRefused, SiteForbidden, SiteNotFound)

DASHBOARDS = UnitPlan(ImportPhase.PLANNING, "dashboards", "dashboards")
"""Planned once all sprints are there: gadgets name filters, boards and sprints."""
OWN = UnitPlan(ImportPhase.PLANNING, "own-dashboards", "own-dashboards")


@dataclass
class _Context:
    """What the dashboards of one unit share."""

    unit: ImportUnit
    losses: LossCounter
    shares: Shares
    users: dict[str, str]
    caller: str
    gadgets: Gadgets
    known: dict[str, str]
    """Source → target id of the dashboards that are at the destination."""
    mine: list[Json]
    """On a later attempt: the account's own dashboards, one of which may be ours already."""

    def owner(self, source: Json) -> str:
        """The target account of the owner; empty: it is not at the destination."""
        return self.users.get(_owner_of(source), "")


def _owner_of(listed: Json) -> str:
    owner: Json = listed.get("owner") or {}
    return str(owner.get("accountId") or "")


async def import_dashboards(unit: ImportUnit) -> None:
    """Some dashboards of others; after the last ones come the account's own.

    Names are given once to an owner: those of others are given away before.
    """
    await _import_batch(unit, stays=False)
    if is_last_batch(unit):
        unit.spawn(OWN)


async def import_own_dashboards(unit: ImportUnit) -> None:
    """Some dashboards that stay with the restoring account."""
    await _import_batch(unit, stays=True)


async def _import_batch(unit: ImportUnit, *, stays: bool) -> None:
    entries = await batch_of(unit, Kind.DASHBOARD, DASHBOARDS_PER_UNIT)
    sources: list[tuple[Entry, Json]] = [
        (entry, await read_json(unit.backup, entry)) for entry in entries
    ]
    if not sources:
        return
    context = await _context(unit, [source for _, source in sources])
    for entry, source in sources:
        if (context.owner(source) in ("", context.caller)) == stays:
            unit.tally.expect(Kind.DASHBOARD)
            await _import(context, entry, source)
    context.losses.report()


async def _context(unit: ImportUnit, sources: Sequence[Json]) -> _Context:
    permissions = [
        permission
        for source in sources
        for name in ("sharePermissions", "editPermissions")
        for permission in source.get(name) or ()
    ]
    caller: Json = await unit.site.get_json("/rest/api/3/myself")
    account = str(caller["accountId"])
    known: dict[str, str] = {}
    mine: list[Json] = []
    if not unit.first_attempt:
        keys = [entry.key async for entry in unit.backup.entries(Kind.DASHBOARD)]
        known = await unit.identities.get(identity_kinds.DASHBOARD, keys)
        query = [("accountId", account), ("expand", "description"), ("orderBy", "id")]
        mine = await all_values(unit.site, f"{DASHBOARD}/search", query)
    return _Context(
        unit,
        LossCounter(unit.tally),
        await Shares.of(unit, permissions),
        await unit.identities.get(identity_kinds.USER, {_owner_of(each) for each in sources}),
        account,
        Gadgets(unit, await Queries.of(unit)),
        known,
        mine,
    )


async def _import(context: _Context, entry: Entry, source: Json) -> None:
    current = await _current(context, source)
    if current is None:
        return
    losses: list[Loss] = list(_losses(context, entry, source, current))
    if _owner_of(current) == context.caller:
        target = str(current["id"])
        losses += await context.gadgets.write(entry, target)
        losses += await _give_away(context, source, target)
    for loss in losses:
        context.losses.add(Kind.DASHBOARD, loss, str(source["name"]))
    context.unit.tally.done(Kind.DASHBOARD, lossy=bool(losses))


def _losses(context: _Context, entry: Entry, source: Json, current: Json) -> Iterator[Loss]:
    """What of it the destination did not take, its gadgets and its owner aside."""
    if current["name"] != str(source["name"]).strip():
        yield Loss.DASHBOARD_RENAMED
    if entry.attributes.get("state") == "archived":
        yield Loss.DASHBOARD_NOT_ARCHIVED
    for name in ("sharePermissions", "editPermissions"):
        if len(current.get(name) or ()) < len(source.get(name) or ()):
            yield Loss.SHARE_DROPPED


async def _current(context: _Context, source: Json) -> Json | None:
    """The dashboard at the destination: an earlier attempt's or a new one; None: refused."""
    identifier = str(source["id"])
    if identifier in context.known:
        return await _read(context, context.known[identifier])
    current = await _create(context, source)
    if current is not None:
        context.known[identifier] = str(current["id"])
        pair = {identifier: str(current["id"])}
        await context.unit.identities.put(identity_kinds.DASHBOARD, pair)
    return current


async def _read(context: _Context, target: str) -> Json:
    found: Json = await context.unit.site.get_json(ONE, dashboard=target)
    return found


async def _create(context: _Context, source: Json) -> Json | None:
    """With its permissions and its name, else with less of them."""
    refusal: SiteError | None = None
    name = str(source["name"])
    for shared in (True, False):
        for each in (name, f"{name[:NAME_LENGTH]} ({source['id']})"):
            try:
                return await _post(context, _body(context, source, each, shared=shared))
            except _REFUSALS as error:
                refusal = error
    message = refusal.message if refusal else ""
    context.unit.tally.missing(Kind.DASHBOARD, name, "DASHBOARD_REFUSED", message)
    return None


def _body(context: _Context, source: Json, name: str, *, shared: bool) -> Json:
    permissions = {
        part: context.shares.translated(source.get(part) or ()) if shared else []
        for part in ("sharePermissions", "editPermissions")
    }
    return {"name": name, "description": str(source.get("description") or ""), **permissions}


async def _post(context: _Context, body: Json) -> Json:
    """Creates a dashboard unless an earlier attempt has created it without noting so."""
    taken = set(context.known.values())
    for mine in context.mine:
        same = all((mine.get(part) or "") == body[part].strip() for part in ("name", "description"))
        if same and str(mine["id"]) not in taken:
            return await _read(context, str(mine["id"]))
    created: Json = await context.unit.site.post_json(DASHBOARD, body, AS_ADMIN)
    return created


async def _give_away(context: _Context, source: Json, target: str) -> list[Loss]:
    """Makes the original owner the owner; from then on nothing of it can be changed."""
    owner = context.owner(source)
    if owner == context.caller:
        return []
    body: Json = {
        "action": "changeOwner",
        "entityIds": [int(target)],
        "extendAdminPermissions": True,
        "changeOwnerDetails": {"newOwner": owner, "autofixName": False},
    }
    try:
        if owner and not (await context.unit.site.put_json(BULK, body)).get("entityErrors"):
            return []
    except _REFUSALS:
        pass
    return [Loss.DASHBOARD_OWNER_REPLACED]
