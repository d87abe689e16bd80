"""Plans with their teams: made from what is restored, then archived or put into the trash.

What an earlier attempt created is found by its name among those that no other plan became and that
were not there before the restore made its first one.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.plan_bodies import PlanBody
from sitekeep_restore.importers.jira.plan_teams import import_teams
from sitekeep_restore.importers.jira.reading import Json, batch_of, read_json
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

PLANS_PER_UNIT = 20
PAGE_SIZE = "50"
PLANS = "/rest/api/3/plans/plan"
ONE = PLANS + "/{plan}"
BY_ID = [("useGroupId", "true")]
ANY_STATE = [("includeArchived", "true"), ("includeTrashed", "true")]
_ENDS = {"Archived": "archive", "Trashed": "trash"}
_NOTED = "noted"
_REFUSALS = (SiteRefused, SiteForbidden, SiteNotFound)

FIRST = UnitPlan(ImportPhase.CLEAN_UP, "plans", "plans")
"""Plans name boards, filters, issues and versions: all of them are there."""


@dataclass
class _Context:
    """What the plans of one unit share."""

    unit: ImportUnit
    losses: LossCounter
    known: dict[str, str]
    """Source → target id of the plans that are at the destination."""
    there: list[Json]
    """On a later attempt: plans that came to the destination meanwhile; one of them may be ours."""


async def import_plans(unit: ImportUnit) -> None:
    """Some plans."""
    entries = await batch_of(unit, Kind.PLAN, PLANS_PER_UNIT)
    if not entries:
        return
    unit.tally.expect(Kind.PLAN, len(entries))
    context = await _context(unit)
    for entry in entries:
        await _import(context, entry)
    context.losses.report()


async def _context(unit: ImportUnit) -> _Context:
    losses = LossCounter(unit.tally)
    were_noted = await _note_earlier(unit)
    if unit.first_attempt or not were_noted:
        return _Context(unit, losses, {}, [])
    keys = [entry.key async for entry in unit.backup.entries(Kind.PLAN)]
    known = await unit.identities.get(identity_kinds.PLAN, keys)
    there = await _there(unit)
    earlier = await unit.identities.get(
        identity_kinds.EARLIER_PLAN, [str(plan["id"]) for plan in there]
    )
    new = [plan for plan in there if str(plan["id"]) not in earlier]
    return _Context(unit, losses, known, new)


async def _note_earlier(unit: ImportUnit) -> bool:
    """Notes the plans that are there before the first of ours; whether they were noted already.

    Else no attempt has made any plan yet.
    """
    kind = identity_kinds.EARLIER_PLAN
    if await unit.identities.get(kind, [_NOTED]):
        return True
    found = [str(plan["id"]) for plan in await _there(unit)]
    await unit.identities.put(kind, {**dict.fromkeys(found, _NOTED), _NOTED: _NOTED})
    return False


async def _there(unit: ImportUnit) -> list[Json]:
    found: list[Json] = []
    cursor = ""
    while True:
        more = [("cursor", cursor)] if cursor else []
        query = [*ANY_STATE, ("maxResults", PAGE_SIZE), *more]
        try:
            page: Json = await unit.site.get_json(PLANS, query)
        except (SiteForbidden, SiteNotFound):
            return found
        found += page.get("values") or []
        cursor = str(page.get("nextPageCursor") or "")
        if not cursor or page.get("last", page.get("isLast")):
            return found


async def _import(context: _Context, entry: Entry) -> None:
    source: Json = await read_json(context.unit.backup, entry)
    body = PlanBody(context.unit, source)
    target = await _target(context, entry.key, body)
    if target is None:
        return
    losses = [Loss.PLAN_TIME]
    teams: list[Json] = msgspec.json.decode(entry.attributes.get("teams") or "[]")
    losses += await import_teams(body, target, teams)
    losses += [Loss.PLAN_PART_NOT_RESTORED] if body.lost else []
    for loss in losses:
        context.losses.add(Kind.PLAN, loss, body.name)
    await _end(context, body, target)
    context.unit.tally.done(Kind.PLAN, lossy=True)


async def _target(context: _Context, key: str, body: PlanBody) -> str | None:
    """The plan at the destination: an earlier attempt's or a new one; None: refused."""
    if key in context.known:
        # What of it is lost has to be said by this attempt, too.
        await body.whole()
        return context.known[key]
    target = await _find_or_create(context, body)
    if target is not None:
        context.known[key] = target
        await context.unit.identities.put(identity_kinds.PLAN, {key: target})
    return target


async def _find_or_create(context: _Context, body: PlanBody) -> str | None:
    whole = await body.whole()
    taken = set(context.known.values())
    for plan in context.there:
        if plan.get("name") == body.name and str(plan["id"]) not in taken:
            return str(plan["id"])
    try:
        return str(await context.unit.site.post_json(PLANS, whole, BY_ID))
    except _REFUSALS as error:
        return await _create_less(context, body, error.message)


async def _create_less(context: _Context, body: PlanBody, message: str) -> str | None:
    """A plan with its issue sources only, where the site takes no more."""
    lost = body.lost
    least = await body.least()
    body.lost = lost
    try:
        target = str(await context.unit.site.post_json(PLANS, least, BY_ID))
    except _REFUSALS as error:
        context.unit.tally.missing(Kind.PLAN, body.name, "PLAN_REFUSED", error.message)
        return None
    context.unit.tally.remark(Kind.PLAN, body.name, "PLAN_SETTINGS_REFUSED", message)
    return target


async def _end(context: _Context, body: PlanBody, target: str) -> None:
    """Archives a plan or puts it into the trash, where it was; one that is there stays there."""
    end = _ENDS.get(str(body.source.get("status")))
    if end is None:
        return
    current: Json = await context.unit.site.get_json(ONE, plan=target)
    if current.get("status") == body.source["status"]:
        return
    try:
        await context.unit.site.put_json(f"{ONE}/{end}", None, plan=target)
    except _REFUSALS as error:
        context.unit.tally.remark(Kind.PLAN, body.name, "PLAN_STATE_REFUSED", error.message)
