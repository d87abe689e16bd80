"""Storing the pages of a listing, one page a unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from sitekeep_backup.exporters.jira.raw import (
    OffsetPage,
    decode_page,
    identity_of,
    is_end,
)
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

Attributes = Callable[[msgspec.Raw], Mapping[str, str]]


async def read_page(
    unit: ExportUnit, template: str, query: Sequence[tuple[str, str]], **path: str
) -> OffsetPage:
    """The page of a listing at the unit's ``start``."""
    start = int(unit.plan.arguments.get("start", 0))
    body = await unit.site.get(template, [*query, ("startAt", str(start))], **path)
    return decode_page(body)


async def store_items(
    unit: ExportUnit,
    kind: Kind,
    items: Sequence[msgspec.Raw],
    key_of: Callable[[msgspec.Raw], str] = identity_of,
    attributes_of: Attributes | None = None,
) -> None:
    """Keeps every listed item as its own record and counts it."""
    unit.tally.expect(kind, len(items))
    for item in items:
        payload = bytes(item)
        attributes = attributes_of(item) if attributes_of else None
        await unit.records.put_record(kind, key_of(item), payload, attributes=attributes)
        unit.tally.done(kind, len(payload))


def spawn_next(unit: ExportUnit, page: OffsetPage) -> None:
    """Plans the unit of the following page, where there is one."""
    start = int(unit.plan.arguments.get("start", 0))
    if is_end(page, start):
        return
    following = start + len(page.values)
    stem = unit.plan.key.partition("@")[0]
    arguments = {**unit.plan.arguments, "start": following}
    unit.spawn(UnitPlan(unit.plan.phase, f"{stem}@{following:010d}", unit.plan.kind, arguments))


async def all_items(
    unit: ExportUnit,
    template: str,
    query: Sequence[tuple[str, str]] = (),
    *,
    page_size: int,
    **path: str,
) -> list[msgspec.Raw]:
    """Every item of a list whose pages are not worth a unit each."""
    items: list[msgspec.Raw] = []
    page = OffsetPage()
    while not items or not is_end(page, len(items) - len(page.values)):
        bounds = [("startAt", str(len(items))), ("maxResults", str(page_size))]
        page = decode_page(await unit.site.get(template, [*query, *bounds], **path))
        items.extend(page.values)
        if not page.values:
            break
    return items
