"""Pages of a space, with their bodies."""

from __future__ import annotations

from sitekeep_backup.exporters.confluence.chains import first_key
from sitekeep_backup.exporters.confluence.contents import Content, export_contents
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound
from sitekeep_shared.content.confluence_lists import V2
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGES = "pages"
TREE_ITEM = "tree-item"

_PLURALS = {
    "folder": "folders",
    "whiteboard": "whiteboards",
    "database": "databases",
    "embed": "embeds",
}
"""Parents of pages that are no pages (v2 ``ParentContentType``)."""


def first_of(space: str, key: str) -> UnitPlan:
    """The unit that starts to read the pages of a space."""
    arguments = {"space": space, "key": key}
    return UnitPlan(ExportPhase.CONTENT, first_key("pages", f"{space:>020}"), PAGES, arguments)


async def export_pages(unit: ExportUnit) -> None:
    """Keeps some pages of one space (``GET /spaces/{id}/pages``). Raises SiteError."""
    statuses = ("current", "archived", "trashed")
    await export_contents(unit, Kind.PAGE, "pages", statuses, _notice_parent)


async def _notice_parent(unit: ExportUnit, page: Content) -> None:
    """Plans one look at each parent that is no page: the plan's key makes it one."""
    if page.parent is None or page.parent_type not in _PLURALS:
        return
    arguments = {"type": page.parent_type, "id": page.parent}
    key = f"tree-items/{page.parent_type}/{page.parent:>020}"
    unit.spawn(UnitPlan(ExportPhase.CONTENT, key, TREE_ITEM, arguments))


async def export_tree_item(unit: ExportUnit) -> None:
    """Says that a folder, whiteboard, database or embed is not kept. Raises SiteError."""
    kind, identifier = unit.plan.arguments["type"], unit.plan.arguments["id"]
    try:
        item = await unit.site.get_json(f"{V2}/{_PLURALS[kind]}/{{id}}", id=identifier)
        title: str = item.get("title") or identifier
    except (SiteNotFound, SiteForbidden):
        title = identifier
    unit.tally.remark(
        Kind.PAGE,
        title,
        f"{kind.upper()}_NOT_KEPT",
        f"The {kind} is not kept; the pages below it are.",
    )
