"""Lists that a desk has: each page is a unit, one that is closed to the account is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from sitekeep_backup.exporters.jira.listing import store_items
from sitekeep_backup.exporters.jira.raw import identity_of
from sitekeep_backup.exporters.service_management.pages import (
    CLOSED,
    ServicePage,
    read_service_page,
    spawn_next_page,
)
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan


def plan_list(noun: str, desk: str) -> UnitPlan:
    """The unit of the first page of a desk's list."""
    return UnitPlan(ExportPhase.CONFIGURATION, f"{noun}/{desk:>010}", noun, {"desk": desk})


async def read_desk_page(
    unit: ExportUnit, kind: Kind, noun: str, query: Sequence[tuple[str, str]] = ()
) -> ServicePage:
    """One page of a list of the unit's desk; an empty one where the site does not show it."""
    desk = str(unit.plan.arguments["desk"])
    try:
        return await read_service_page(unit, f"/servicedesk/{{desk}}/{noun}", query, desk=desk)
    except CLOSED as refusal:
        reason = f"{kind.name}_NOT_READABLE"
        unit.tally.remark(kind, f"service desk {desk}", reason, refusal.message)
        return ServicePage()


async def export_desk_list(
    unit: ExportUnit,
    kind: Kind,
    noun: str,
    query: Sequence[tuple[str, str]] = (),
    name_of: Callable[[msgspec.Raw], str] = identity_of,
) -> None:
    """Stores one page of a desk's list, each item below the desk."""
    desk = str(unit.plan.arguments["desk"])
    page = await read_desk_page(unit, kind, noun, query)
    if not page.values:
        return
    await store_items(
        unit,
        kind,
        page.values,
        lambda item: f"{desk:>010}/{name_of(item):>010}",
        lambda _: {"desk": desk},
    )
    spawn_next_page(unit, page)
