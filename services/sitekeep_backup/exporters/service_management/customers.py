"""The customers of desks, one request after the other: sites allow five of these a second."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sitekeep_backup.exporters.jira.listing import store_items
from sitekeep_backup.exporters.jira.raw import attribute_of
from sitekeep_backup.exporters.service_management.desk_lists import read_desk_page
from sitekeep_backup.exporters.service_management.pages import spawn_next_page
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan


def of(desks: Sequence[str]) -> UnitPlan:
    """The unit of the customers of the first of some desks; the others follow it."""
    arguments = {"desk": desks[0], "further": list(desks[1:])}
    return UnitPlan(ExportPhase.CONFIGURATION, f"customers/{desks[0]:>010}", "customers", arguments)


async def export_customers(unit: ExportUnit) -> None:
    """One page of a desk's customers; after the last page comes the next desk."""
    desk = str(unit.plan.arguments["desk"])
    page = await read_desk_page(unit, Kind.CUSTOMER, "customer")

    def account_of(item: msgspec.Raw) -> str:
        return attribute_of(item, "accountId")

    await store_items(
        unit,
        Kind.CUSTOMER,
        page.values,
        lambda item: f"{desk:>010}/{account_of(item)}",
        lambda item: {"desk": desk, "account": account_of(item)},
    )
    spawn_next_page(unit, page)
    further: list[str] = unit.plan.arguments["further"]
    if page.is_end and further:
        unit.spawn(of(further))
