"""Plans of Jira Premium, those in the archive and in the trash too, each with its teams."""

from __future__ import annotations

from contextlib import aclosing
from functools import partial
from typing import NamedTuple

import msgspec

from sitekeep_backup.exporters.jira.raw import join_array
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 50
"""The largest page of plans/plan and of a plan's teams (Jira REST v3)."""
CONCURRENT_PLANS = 5
PLANS = "/rest/api/3/plans/plan"
_ONE = PLANS + "/{plan}"
_DETAILS = {"PlanOnly": "planonly", "Atlassian": "atlassian"}
_STATES = [("includeArchived", "true"), ("includeTrashed", "true")]
_BY_ID = [("useGroupId", "true")]

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "plans", "plans")


class _CursorPage(msgspec.Struct, rename="camel"):
    """The document's schema says ``last``, its example ``isLast``."""

    values: list[msgspec.Raw] = []
    next_page_cursor: str = ""
    last: bool = False
    is_last: bool = False

    @property
    def following(self) -> str:
        """The cursor of the next page; empty: there is none."""
        end = self.last or self.is_last or not self.values
        return "" if end else self.next_page_cursor


class _Listed(msgspec.Struct):
    id: str | int
    name: str = ""


class _Team(msgspec.Struct):
    id: str | int
    type: str = ""


class _Read(NamedTuple):
    """A plan as it is stored; without a payload it cannot be read."""

    payload: bytes = b""
    teams: str = "[]"


async def export_plans(unit: ExportUnit) -> None:
    """One page of plans. Without the premium edition there is no list of them, and no plan."""
    cursor = str(unit.plan.arguments.get("cursor", ""))
    try:
        page = await _page(unit, PLANS, _STATES, cursor)
    except (SiteForbidden, SiteNotFound):
        return
    listed = [msgspec.json.decode(item, type=_Listed) for item in page.values]
    unit.tally.expect(Kind.PLAN, len(listed))
    calls = [partial(_read, unit, each) for each in listed]
    async with aclosing(in_order(calls, limit=CONCURRENT_PLANS)) as plans:
        place = 0
        async for plan in plans:
            if plan.payload:
                key, attributes = str(listed[place].id), {"teams": plan.teams}
                await unit.records.put_record(Kind.PLAN, key, plan.payload, attributes=attributes)
                unit.tally.done(Kind.PLAN, len(plan.payload))
            place += 1
    if page.following:
        number = int(unit.plan.arguments.get("number", 0)) + 1
        arguments = {"cursor": page.following, "number": number}
        unit.spawn(UnitPlan(unit.plan.phase, f"plans@{number:06d}", "plans", arguments))


async def _page(
    unit: ExportUnit, template: str, query: list[tuple[str, str]], cursor: str, **path: str
) -> _CursorPage:
    more = [("maxResults", str(PAGE_SIZE)), *([("cursor", cursor)] if cursor else [])]
    body = await unit.site.get(template, [*query, *more], **path)
    return msgspec.json.decode(body, type=_CursorPage)


async def _read(unit: ExportUnit, listed: _Listed) -> _Read:
    plan = str(listed.id)
    try:
        payload = await unit.site.get(_ONE, _BY_ID, plan=plan)
        return _Read(payload, join_array(await _teams(unit, plan)).decode())
    except (SiteForbidden, SiteNotFound, SiteRefused) as error:
        name = listed.name or plan
        unit.tally.missing(Kind.PLAN, name, "PLAN_NOT_READABLE", error.message)
        return _Read()


async def _teams(unit: ExportUnit, plan: str) -> list[msgspec.Raw]:
    """Each team as the list shows it, with its settings under ``settings``."""
    found: list[msgspec.Raw] = []
    cursor = ""
    while True:
        page = await _page(unit, f"{_ONE}/team", [], cursor, plan=plan)
        for item in page.values:
            team = msgspec.json.decode(item, type=_Team)
            template = f"{_ONE}/team/{_DETAILS.get(team.type, 'planonly')}/{{team}}"
            settings = await unit.site.get(template, plan=plan, team=str(team.id))
            whole = {"listed": item, "settings": msgspec.Raw(settings)}
            found.append(msgspec.Raw(msgspec.json.encode(whole)))
        cursor = page.following
        if not cursor:
            return found
