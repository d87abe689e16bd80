"""Spaces, current and archived. Trashed spaces are not listed by REST."""

from __future__ import annotations

import msgspec

from sitekeep_backup.exporters.confluence import blog_posts, pages
from sitekeep_backup.exporters.confluence.chains import Listing, first_key, walk
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.content.confluence_lists import LARGEST_PAGE, V2, ListPage
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

SPACES = "spaces"

FIRST = tuple(
    UnitPlan(ExportPhase.CONFIGURATION, first_key("spaces", status), SPACES, {"status": status})
    for status in ("current", "archived")
)


class _Space(msgspec.Struct):
    id: str
    key: str


async def export_spaces(unit: ExportUnit) -> None:
    """Keeps some pages of spaces and plans what is in them. Raises SiteError."""

    async def keep(page: ListPage) -> None:
        for item in page.items:
            await _keep_space(unit, item, page.base)

    query = (
        ("status", unit.plan.arguments["status"]),
        ("description-format", "plain"),
        ("limit", str(LARGEST_PAGE)),
    )
    await walk(unit, Listing(f"{V2}/spaces", query), keep)


async def _keep_space(unit: ExportUnit, item: bytes, base: str) -> None:
    space = msgspec.json.decode(item, type=_Space)
    attributes = {"key": space.key, "status": unit.plan.arguments["status"], "base": base}
    unit.tally.expect(Kind.SPACE)
    await unit.records.put_record(Kind.SPACE, f"{space.id:>020}", item, attributes=attributes)
    unit.tally.done(Kind.SPACE, len(item))
    unit.spawn(pages.first_of(space.id, space.key), blog_posts.first_of(space.id, space.key))
