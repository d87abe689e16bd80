"""Footer and inline comments and their replies."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sitekeep_simulator.confluence import contents
from sitekeep_simulator.confluence.schema import CONTENT_SEQUENCE, INLINE
from sitekeep_simulator.confluence.storage_format import check_storage, insert_marker
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite
from sitekeep_simulator.store import Row


@dataclass(frozen=True)
class Selection:
    """The text that an inline comment is about: the ``index``-th of ``count`` occurrences."""

    text: str
    count: int
    index: int


def find(site: SimulatedSite, kind: str, comment_id: int, account_id: str) -> Row:
    """The comment with that id. Raises Refused (404) when the account sees none."""
    found = site.store.row(
        "SELECT * FROM confluence_comment WHERE id = ? AND kind = ?", (comment_id, kind)
    )
    if found is None:
        raise Refused(404, f"Could not find comment with id: {comment_id}")
    contents.find_any(site, found["container_id"], account_id)
    return found


def reply(site: SimulatedSite, author_id: str, parent: Row, body: str) -> int:
    """Stores a reply to a comment and returns its id. Raises Refused (400, 404)."""
    _open_container(site, parent["container_id"], author_id)
    check_storage(body)
    resolution = "open" if parent["kind"] == INLINE else ""
    return _insert(
        site, author_id, parent["kind"], parent["container_id"], parent["id"], body, resolution
    )


def comment_on(
    site: SimulatedSite,
    author_id: str,
    kind: str,
    container_id: int,
    body: str,
    selection: Selection | None = None,
) -> int:
    """Stores a comment on a page or blog post and returns its id. Raises Refused (400, 404)."""
    container = _open_container(site, container_id, author_id)
    check_storage(body)
    if kind != INLINE:
        return _insert(site, author_id, kind, container_id, None, body)
    if selection is None:
        raise Refused(400, "A top level inline comment needs inlineCommentProperties.")
    ref = str(uuid.uuid4())
    marked = insert_marker(container["body"], selection.text, selection.count, selection.index, ref)
    with site.store.transaction():
        site.store.execute(
            "UPDATE confluence_content SET body = ? WHERE id = ?", (marked, container_id)
        )
        return _insert(site, author_id, kind, container_id, None, body, "open", ref, selection.text)


def _open_container(site: SimulatedSite, container_id: int, account_id: str) -> Row:
    container = contents.find_any(site, container_id, account_id, ("current", "archived"))
    if container["status"] == "archived":
        raise Refused(400, "An archived page takes no comments.")
    return container


def _insert(
    site: SimulatedSite,
    author_id: str,
    kind: str,
    container_id: int,
    parent_id: int | None,
    body: str,
    resolution: str = "",
    ref: str = "",
    text: str = "",
) -> int:
    now = site.now()
    with site.store.transaction():
        new_id = site.store.next_id(CONTENT_SEQUENCE)
        site.store.execute(
            "INSERT INTO confluence_comment VALUES (?,?,?,?,?,?,1,?,?,'',?,?,?,?,'','')",
            (
                *(new_id, kind, container_id, parent_id, author_id, now, now, author_id),
                *(body, ref, text, resolution),
            ),
        )
    return new_id


def update(site: SimulatedSite, author_id: str, old: Row, body: str | None, message: str) -> None:
    """Stores a new version of a comment; its body stays when none is given."""
    if body is not None:
        check_storage(body)
    with site.store.transaction():
        site.store.execute(
            "INSERT INTO confluence_version VALUES (?,?,'',?,?,?,?,0)",
            (
                *(old["id"], old["version"], old["body"], old["modified_at"]),
                *(old["modifier_id"], old["message"]),
            ),
        )
        site.store.execute(
            "UPDATE confluence_comment SET body = ?, version = version + 1, modified_at = ?,"
            " modifier_id = ?, message = ? WHERE id = ?",
            (old["body"] if body is None else body, site.now(), author_id, message, old["id"]),
        )


def resolve(site: SimulatedSite, account_id: str, comment: Row, resolved: bool) -> None:
    """Resolves or reopens an inline comment. Raises Refused (400) for a dangling one."""
    if comment["resolution"] == "dangling":
        raise Refused(400, "A dangling comment cannot be updated.")
    if resolved == (comment["resolution"] == "resolved"):
        return
    site.store.execute(
        "UPDATE confluence_comment SET resolution = ?, resolver_id = ?, resolved_at = ?"
        " WHERE id = ?",
        ("resolved" if resolved else "reopened", account_id, site.now(), comment["id"]),
    )


def delete(site: SimulatedSite, comment: Row) -> None:
    """Deletes a comment for good, with its replies."""
    with site.store.transaction():
        for row in _thread(site, comment["id"]):
            site.store.execute(
                "DELETE FROM confluence_property WHERE owner_kind = 'comment' AND owner_id = ?",
                (row["id"],),
            )
            site.store.execute("DELETE FROM confluence_version WHERE content_id = ?", (row["id"],))
            site.store.execute("DELETE FROM confluence_comment WHERE id = ?", (row["id"],))


def _thread(site: SimulatedSite, comment_id: int) -> list[Row]:
    return site.store.rows(
        "WITH RECURSIVE thread(id) AS (VALUES (?) UNION SELECT c.id FROM confluence_comment c"
        " JOIN thread ON c.parent_id = thread.id) SELECT id FROM thread",
        (comment_id,),
    )
