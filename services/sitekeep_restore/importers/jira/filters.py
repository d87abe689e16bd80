"""Filters: created by the restoring account, then given to their owners.

What an earlier attempt created is found by its name and its query among the account's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.boards import BOARDS
from sitekeep_restore.importers.jira.filter_bodies import TargetFilter
from sitekeep_restore.importers.jira.filter_columns import import_columns
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.queries import Queries
from sitekeep_restore.importers.jira.reading import (
    Json,
    all_values,
    batch_of,
    fold,
    is_last_batch,
    read_all,
    read_json,
)
from sitekeep_restore.importers.jira.shares import Shares
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteError, SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

FILTERS_PER_UNIT = 50
FILTER = "/rest/api/3/filter"
ONE = "/rest/api/3/filter/{filter}"
ANY_SHARE = [("overrideSharePermissions", "true")]
"""Also permissions that the restoring account has no part in."""

_REFUSALS = (SiteRefused, SiteForbidden, SiteNotFound)
_NAME_TAKEN = frozenset({"filterName", "name"})

FIRST = UnitPlan(ImportPhase.PLANNING, "filters", "filters")
UNFINISHED = UnitPlan(ImportPhase.CLEAN_UP, "unfinished-filters", "unfinished-filters")
OWN = UnitPlan(ImportPhase.CLEAN_UP, "own-filters", "own-filters")


@dataclass
class _Context:
    """What the filters of one unit share."""

    unit: ImportUnit
    losses: LossCounter
    queries: Queries
    shares: Shares
    users: dict[str, str]
    caller: str
    doubled: frozenset[str]
    """Names that several filters of the backup have, folded."""
    known: dict[str, str]
    """Source → target id of the filters of the unit that are at the destination."""
    mine: list[Json]
    """On a later attempt: the account's own filters, one of which may be ours already."""

    def add(self, losses: Sequence[Loss], one: TargetFilter) -> None:
        """Notes what of a filter is lost."""
        for loss in losses:
            self.losses.add(Kind.FILTER, loss, one.name)

    async def set_columns(self, one: TargetFilter, target: str, *, own: bool) -> None:
        """Sets or, where somebody else owns the filter already, counts its columns."""
        await import_columns(self.unit, self.losses, one.id, one.name, target, own=own)


async def import_filters(unit: ImportUnit) -> None:
    """Some filters. A query that names a later one waits, and so does a name that others have."""
    entries = await batch_of(unit, Kind.FILTER, FILTERS_PER_UNIT)
    if is_last_batch(unit):
        unit.spawn(BOARDS)
    sources: list[Json] = [await read_json(unit.backup, entry) for entry in entries]
    if not sources:
        return
    unit.tally.expect(Kind.FILTER, len(sources))
    context = await _context(unit, sources)
    for source in sources:
        await _import(context, await _translated(context, source))
    context.losses.report()


async def _import(context: _Context, one: TargetFilter) -> None:
    """One filter; done once the site has it, also where a part of it did not come along."""
    current = await _current(context, one)
    if current is None:
        await context.set_columns(one, "", own=False)
        return
    losses: list[Loss] = []
    if context.shares.lost(_permissions(one.source)):
        losses.append(Loss.SHARE_DROPPED)
    if one.source.get("subscriptions"):
        losses.append(Loss.FILTER_SUBSCRIPTIONS)
    if one.is_completed_later:
        await context.unit.identities.put(identity_kinds.UNFINISHED_FILTER, {one.id: "1"})
    else:
        losses += await _finish(context, one, current)
    context.add(losses, one)
    context.unit.tally.done(Kind.FILTER, lossy=bool(losses))


async def _finish(context: _Context, one: TargetFilter, current: Json) -> list[Loss]:
    """Who may edit it, then its owner. Returns what did not come along."""
    own = _owner_of(current) == context.caller
    await context.set_columns(one, str(current["id"]), own=own)
    if not own:
        return list(one.losses(current))
    if one.edits:
        current = await _edit(context, current, one.edited(current)) or current
    return [*await _give_away(context, one, str(current["id"])), *one.losses(current)]


async def complete_filters(unit: ImportUnit) -> None:
    """Completes some filters of others; after the last ones come the account's own."""
    await _complete_batch(unit, stays=False)
    if is_last_batch(unit):
        unit.spawn(OWN)


async def complete_own_filters(unit: ImportUnit) -> None:
    """Completes some filters that stay with the restoring account: their names are free now."""
    await _complete_batch(unit, stays=True)


async def _complete_batch(unit: ImportUnit, *, stays: bool) -> None:
    entries = await batch_of(unit, Kind.FILTER, FILTERS_PER_UNIT)
    keys = [entry.key for entry in entries]
    unfinished = await unit.identities.get(identity_kinds.UNFINISHED_FILTER, keys)
    sources: list[Json] = [
        await read_json(unit.backup, entry) for entry in entries if entry.key in unfinished
    ]
    if not sources:
        return
    context = await _context(unit, sources)
    for source in sources:
        one = await _translated(context, source)
        if one.stays == stays:
            context.add(await _complete(context, one), one)
    context.losses.report()


async def _complete(context: _Context, one: TargetFilter) -> list[Loss]:
    """The first of the edits that the site takes, then the owner."""
    current = await _read(context, context.known[one.id])
    if _owner_of(current) != context.caller:
        await context.set_columns(one, str(current["id"]), own=False)
        return []
    for body in one.completions(current):
        edited = await _edit(context, current, body)
        if edited is not None:
            return await _finish(context, one, edited)
    return [Loss.FILTER_QUERY_REFUSED, *await _finish(context, one, current)]


async def _context(unit: ImportUnit, sources: Sequence[Json]) -> _Context:
    permissions = [permission for source in sources for permission in _permissions(source)]
    caller: Json = await unit.site.get_json("/rest/api/3/myself")
    account = str(caller["accountId"])
    return _Context(
        unit,
        LossCounter(unit.tally),
        await Queries.of(unit),
        await Shares.of(unit, permissions),
        await unit.identities.get(identity_kinds.USER, {_owner_of(each) for each in sources}),
        account,
        await _doubled_names(unit),
        await unit.identities.get(identity_kinds.FILTER, {str(each["id"]) for each in sources}),
        [] if unit.first_attempt else await _own_filters(unit, account),
    )


async def _doubled_names(unit: ImportUnit) -> frozenset[str]:
    names = Counter(fold(each.get("name")) for each in await read_all(unit.backup, Kind.FILTER))
    return frozenset(name for name, count in names.items() if count > 1)


async def _own_filters(unit: ImportUnit, account: str) -> list[Json]:
    query = [("accountId", account), ("expand", "jql"), ("orderBy", "id")]
    return await all_values(unit.site, f"{FILTER}/search", query)


def _permissions(source: Json) -> list[Json]:
    shares: list[Json] = source.get("sharePermissions") or []
    edits: list[Json] = source.get("editPermissions") or []
    return [*shares, *edits]


def _owner_of(listed: Json) -> str:
    owner: Json = listed.get("owner") or {}
    return str(owner.get("accountId") or "")


async def _translated(context: _Context, source: Json) -> TargetFilter:
    owner = context.users.get(_owner_of(source), "")
    return TargetFilter(
        source,
        await context.queries.rewritten(str(source.get("jql") or "")),
        context.shares.translated(source.get("sharePermissions") or ()),
        context.shares.translated(source.get("editPermissions") or ()),
        owner,
        fold(source["name"]) in context.doubled,
        owner in ("", context.caller),
    )


async def _current(context: _Context, one: TargetFilter) -> Json | None:
    """The filter at the destination: an earlier attempt's or a new one; None: refused."""
    if one.id in context.known:
        return await _read(context, context.known[one.id])
    current = await _create(context, one)
    if current is not None:
        context.known[one.id] = str(current["id"])
        await context.unit.identities.put(identity_kinds.FILTER, {one.id: str(current["id"])})
    return current


async def _read(context: _Context, target: str) -> Json:
    found: Json = await context.unit.site.get_json(ONE, ANY_SHARE, filter=target)
    return found


async def _create(context: _Context, one: TargetFilter) -> Json | None:
    """Tries what the site may take, from the whole filter down to a name."""
    refusal: SiteError | None = None
    for body in one.bodies():
        for name in one.names():
            try:
                return await _post(context, {**body, "name": name})
            except _REFUSALS as error:
                refusal = error
                if not _is_name_taken(error):
                    break
    message = refusal.message if refusal else ""
    context.unit.tally.missing(Kind.FILTER, one.name, "FILTER_REFUSED", message)
    return None


def _is_name_taken(error: SiteError) -> bool:
    return isinstance(error, SiteRefused) and bool(_NAME_TAKEN & set(error.errors))


async def _post(context: _Context, body: Json) -> Json:
    """Creates a filter unless an earlier attempt has created it without noting so."""
    taken = set(context.known.values())
    for mine in context.mine:
        same = mine["name"] == body["name"].strip() and mine.get("jql") == body["jql"]
        if same and str(mine["id"]) not in taken:
            return await _read(context, str(mine["id"]))
    created: Json = await context.unit.site.post_json(FILTER, body, ANY_SHARE)
    return created


async def _edit(context: _Context, current: Json, body: Json) -> Json | None:
    """The filter after an edit; None where the site refuses."""
    try:
        edited: Json = await context.unit.site.put_json(
            ONE, body, ANY_SHARE, filter=str(current["id"])
        )
    except _REFUSALS:
        return None
    return edited


async def _give_away(context: _Context, one: TargetFilter, target: str) -> list[Loss]:
    """Makes the original owner the owner; from then on nothing of it can be changed."""
    if one.owner == context.caller:
        return []
    try:
        if one.owner:
            await context.unit.site.put_json(
                f"{ONE}/owner", {"accountId": one.owner}, filter=target
            )
            return []
    except _REFUSALS:
        pass
    return [Loss.FILTER_OWNER_REPLACED]
