"""Groups and who belongs to them."""

from __future__ import annotations

import msgspec

from sitekeep_backup.exporters.jira.listing import read_page, spawn_next, store_items
from sitekeep_backup.exporters.jira.raw import attribute_of
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 50
"""The largest page of group/bulk and group/member (Jira REST v3)."""

FIRST = UnitPlan(ExportPhase.USERS_AND_GROUPS, "groups", "groups")


def _group_id(item: msgspec.Raw) -> str:
    return attribute_of(item, "groupId")


def _members_of(group_id: str) -> UnitPlan:
    arguments = {"group": group_id}
    phase = ExportPhase.USERS_AND_GROUPS
    return UnitPlan(phase, f"members/{group_id}", "members", arguments)


async def export_groups(unit: ExportUnit) -> None:
    """One page of group/bulk; plans the members of each group."""
    query = [("maxResults", str(PAGE_SIZE))]
    page = await read_page(unit, "/rest/api/3/group/bulk", query)
    await store_items(unit, Kind.GROUP, page.values, _group_id)
    unit.spawn(*(_members_of(_group_id(item)) for item in page.values))
    spawn_next(unit, page)


async def export_members(unit: ExportUnit) -> None:
    """One page of a group's members, inactive ones included."""
    group_id = str(unit.plan.arguments["group"])
    query = [
        ("groupId", group_id),
        ("includeInactiveUsers", "true"),
        ("maxResults", str(PAGE_SIZE)),
    ]
    page = await read_page(unit, "/rest/api/3/group/member", query)

    def account_of(item: msgspec.Raw) -> str:
        return attribute_of(item, "accountId")

    await store_items(
        unit,
        Kind.MEMBERSHIP,
        page.values,
        lambda item: f"{group_id}/{account_of(item)}",
        lambda item: {"group": group_id, "account": account_of(item)},
    )
    spawn_next(unit, page)
