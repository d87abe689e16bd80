"""The tree of pages: parents, positions, moves within a space and between spaces."""

from __future__ import annotations

from sitekeep_simulator.confluence.page_titles import check_title
from sitekeep_simulator.confluence.schema import PAGE
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite
from sitekeep_simulator.store import Row


def next_position(site: SimulatedSite, space_id: int, parent_id: int | None) -> int:
    """The position after the last child of a page, or after the last page at the root."""
    last = site.store.value(
        "SELECT max(position) FROM confluence_content"
        " WHERE parent_id IS ? AND space_id = ? AND kind = 'page'",
        (parent_id, space_id),
    )
    return 0 if last is None else int(last) + 1


def move_below(site: SimulatedSite, page: Row, parent_id: int) -> None:
    """Moves a page to the end of another's children. Raises Refused (400) for a loop."""
    check_no_loop(site, page["id"], parent_id)
    site.store.execute(
        "UPDATE confluence_content SET parent_id = ?, position = ? WHERE id = ?",
        (parent_id, next_position(site, page["space_id"], parent_id), page["id"]),
    )


def check_no_loop(site: SimulatedSite, page_id: int, parent_id: int | None) -> None:
    """Raises Refused (400) when a page would become its own ancestor."""
    while parent_id is not None:
        if parent_id == page_id:
            raise Refused(400, "A page cannot be moved below itself or one of its descendants.")
        parent_id = site.store.value(
            "SELECT parent_id FROM confluence_content WHERE id = ?", (parent_id,)
        )


def put_beside(site: SimulatedSite, page: Row, target: Row, offset: int) -> None:
    """Moves a page before (offset 0) or after (offset 1) another one, under the same parent."""
    check_no_loop(site, page["id"], target["parent_id"])
    _take_to_space(site, page, target["space_id"])
    rows = site.store.rows(
        "SELECT id FROM confluence_content WHERE parent_id IS ? AND space_id = ?"
        " AND kind = 'page' AND id <> ? ORDER BY position, id",
        (target["parent_id"], target["space_id"], page["id"]),
    )
    order = [row["id"] for row in rows]
    order.insert(order.index(target["id"]) + offset, page["id"])
    site.store.execute(
        "UPDATE confluence_content SET parent_id = ? WHERE id = ?",
        (target["parent_id"], page["id"]),
    )
    site.store.executemany(
        "UPDATE confluence_content SET position = ? WHERE id = ?", list(enumerate(order))
    )


def append(site: SimulatedSite, page: Row, target: Row) -> None:
    """Moves a page to the end of another's children, in whichever space that is."""
    check_no_loop(site, page["id"], target["id"])
    _take_to_space(site, page, target["space_id"])
    site.store.execute(
        "UPDATE confluence_content SET parent_id = ?, position = ? WHERE id = ?",
        (target["id"], next_position(site, target["space_id"], target["id"]), page["id"]),
    )


def _take_to_space(site: SimulatedSite, page: Row, space_id: int) -> None:
    if page["space_id"] == space_id:
        return
    for row in subtree(site, page["id"]):
        check_title(site, PAGE, space_id, row["title"])
        site.store.execute(
            "UPDATE confluence_content SET space_id = ? WHERE id = ?", (space_id, row["id"])
        )


def subtree(site: SimulatedSite, page_id: int) -> list[Row]:
    """A page and all pages below it."""
    return site.store.rows(
        "WITH RECURSIVE tree(id) AS (VALUES (?) UNION SELECT c.id FROM confluence_content c"
        " JOIN tree ON c.parent_id = tree.id) SELECT * FROM confluence_content"
        " WHERE id IN (SELECT id FROM tree)",
        (page_id,),
    )
