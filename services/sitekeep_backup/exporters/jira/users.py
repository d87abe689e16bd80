"""Users: every account that the site lists, active or not."""

from __future__ import annotations

import msgspec

from sitekeep_backup.exporters.jira.entity_properties import plan_user_properties
from sitekeep_backup.exporters.jira.listing import spawn_next, store_items
from sitekeep_backup.exporters.jira.raw import OffsetPage, attribute_of, decode_array
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 1000
"""The largest page of users/search (Jira REST v3)."""

FIRST = UnitPlan(ExportPhase.USERS_AND_GROUPS, "users", "users")


def _account_id(item: msgspec.Raw) -> str:
    return attribute_of(item, "accountId")


async def export_users(unit: ExportUnit) -> None:
    """One page of users/search: a plain array, the end is an empty one."""
    start = int(unit.plan.arguments.get("start", 0))
    query = [("startAt", str(start)), ("maxResults", str(PAGE_SIZE))]
    items = decode_array(await unit.site.get("/rest/api/3/users/search", query))
    await store_items(unit, Kind.USER, items, _account_id)
    plan_user_properties(unit, [_account_id(item) for item in items])
    spawn_next(unit, OffsetPage(values=items))
