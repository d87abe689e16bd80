"""Pages and blog posts: made, changed, moved, archived, trashed, purged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sitekeep_simulator.confluence import page_tree
from sitekeep_simulator.confluence.page_titles import check_title, title_key
from sitekeep_simulator.confluence.schema import BLOG_POST as BLOG_POST
from sitekeep_simulator.confluence.schema import CONTENT_SEQUENCE
from sitekeep_simulator.confluence.schema import PAGE as PAGE
from sitekeep_simulator.confluence.storage_format import check_storage, marker_refs
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite
from sitekeep_simulator.store import Row, marks


@dataclass(frozen=True)
class ContentDraft:
    """What a new page or blog post holds."""

    kind: str
    space_id: int
    title: str
    body: str
    parent_id: int | None = None
    status: str = "current"
    private: bool = False
    created_at: str = ""


@dataclass(frozen=True)
class ContentChange:
    """What a new version of a page or blog post holds."""

    title: str
    body: str
    message: str = ""
    status: str = "current"
    owner_id: str = ""
    parent_id: int | None = None
    created_at: str = ""


def insert(site: SimulatedSite, author_id: str, draft: ContentDraft) -> int:
    """Stores a new page or blog post and returns its id. Raises Refused (400)."""
    check_storage(draft.body)
    if draft.status == "current":
        check_title(site, draft.kind, draft.space_id, draft.title)
    now = site.now()
    with site.store.transaction():
        new_id = site.store.next_id(CONTENT_SEQUENCE)
        is_page = draft.kind == PAGE
        position = (
            page_tree.next_position(site, draft.space_id, draft.parent_id) if is_page else None
        )
        site.store.execute(
            "INSERT INTO confluence_content VALUES (?,?,?,?,?,?,?,?,?,?,NULL,?,1,?,?,'',0,?,?)",
            (
                *(new_id, draft.kind, draft.space_id, draft.status, draft.title),
                *(title_key(draft.title), draft.parent_id, position, author_id),
                *(author_id if is_page else None, draft.created_at or now, now, author_id),
                *(author_id if draft.private else "", draft.body),
            ),
        )
    return new_id


def find(
    site: SimulatedSite,
    kind: str,
    content_id: int,
    account_id: str,
    statuses: Sequence[str] = ("current", "archived", "trashed"),
) -> Row:
    """The page or blog post with that id. Raises Refused (404) when the account sees none."""
    found = site.store.row(
        "SELECT c.* FROM confluence_content c JOIN confluence_space s ON s.id = c.space_id"
        f" WHERE c.id = ? AND c.kind = ? AND c.status IN ({marks(len(statuses))})"
        " AND c.private_to IN ('', ?) AND s.private_to IN ('', ?)",
        (content_id, kind, *statuses, account_id, account_id),
    )
    if found is None:
        raise Refused(404, f"Could not find {kind} with id: {content_id}")
    return found


def find_any(
    site: SimulatedSite,
    content_id: int,
    account_id: str,
    statuses: Sequence[str] = ("current", "archived", "trashed"),
) -> Row:
    """The page or blog post with that id, whichever it is. Raises Refused (404)."""
    kind = site.store.value("SELECT kind FROM confluence_content WHERE id = ?", (content_id,))
    return find(site, kind or "content", content_id, account_id, statuses)


def change(site: SimulatedSite, author_id: str, old: Row, new: ContentChange) -> None:
    """Stores a new version of a page or blog post. Raises Refused (400)."""
    check_storage(new.body)
    if new.status == "current":
        check_title(site, old["kind"], old["space_id"], new.title, old["id"])
    with site.store.transaction():
        if old["status"] != "draft":
            _keep_version(site, old)
        _write_change(site, author_id, old, new)
        if new.parent_id is not None and new.parent_id != old["parent_id"]:
            page_tree.move_below(site, old, new.parent_id)
        if old["status"] == "trashed":
            set_attachment_status(site, old["id"], "current")
        let_markers_dangle(site, old["id"], new.body)


def _write_change(site: SimulatedSite, author_id: str, old: Row, new: ContentChange) -> None:
    owner_id = new.owner_id or old["owner_id"]
    last_owner_id = old["owner_id"] if owner_id != old["owner_id"] else old["last_owner_id"]
    site.store.execute(
        "UPDATE confluence_content SET title = ?, title_key = ?, body = ?, status = ?,"
        " owner_id = ?, last_owner_id = ?, created_at = ?, version = ?, modified_at = ?,"
        " modifier_id = ?, message = ?, minor_edit = 0 WHERE id = ?",
        (
            *(new.title, title_key(new.title), new.body, new.status, owner_id, last_owner_id),
            new.created_at or old["created_at"],
            old["version"] + (0 if old["status"] == "draft" else 1),
            *(site.now(), author_id, new.message, old["id"]),
        ),
    )


def _keep_version(site: SimulatedSite, old: Row) -> None:
    site.store.execute(
        "INSERT INTO confluence_version VALUES (?,?,?,?,?,?,?,?)",
        (
            *(old["id"], old["version"], old["title"], old["body"], old["modified_at"]),
            *(old["modifier_id"], old["message"], old["minor_edit"]),
        ),
    )


def let_markers_dangle(site: SimulatedSite, content_id: int, body: str) -> None:
    """An inline comment whose marker is gone from the body is dangling from then on."""
    present = list(marker_refs(body))
    site.store.execute(
        "UPDATE confluence_comment SET resolution = 'dangling' WHERE container_id = ?"
        f" AND kind = 'inline' AND parent_id IS NULL AND marker_ref NOT IN ({marks(len(present))})",
        (content_id, *present),
    )


def set_status(site: SimulatedSite, content: Row, status: str, kept: Sequence[int] = ()) -> None:
    """Archives or trashes a page or blog post: its children, but for ``kept``, go to its parent."""
    site.store.execute(
        "UPDATE confluence_content SET status = ? WHERE id = ?", (status, content["id"])
    )
    site.store.execute(
        "UPDATE confluence_content SET parent_id = ? WHERE parent_id = ? AND status = 'current'"
        f" AND id NOT IN ({marks(len(kept))})",
        (content["parent_id"], content["id"], *kept),
    )
    set_attachment_status(site, content["id"], status)


def set_attachment_status(site: SimulatedSite, content_id: int, status: str) -> None:
    """The attachments of a page follow it into the archive, the trash and back."""
    site.store.execute(
        "UPDATE confluence_attachment SET status = ? WHERE container_id = ?", (status, content_id)
    )


_PURGE = (
    "DELETE FROM confluence_property WHERE owner_kind = 'comment' AND owner_id IN"
    " (SELECT id FROM confluence_comment WHERE container_id = ?)",
    "DELETE FROM confluence_version WHERE content_id IN"
    " (SELECT id FROM confluence_comment WHERE container_id = ?)",
    "DELETE FROM confluence_comment WHERE container_id = ?",
    "DELETE FROM confluence_attachment_version WHERE attachment_id IN"
    " (SELECT id FROM confluence_attachment WHERE container_id = ?)",
    "DELETE FROM confluence_attachment WHERE container_id = ?",
    "DELETE FROM confluence_content_label WHERE content_id = ?",
    "DELETE FROM confluence_property WHERE owner_kind = 'content' AND owner_id = ?",
    "DELETE FROM confluence_version WHERE content_id = ?",
    "UPDATE confluence_content SET parent_id = NULL WHERE parent_id = ?",
    "DELETE FROM confluence_content WHERE id = ?",
)


def purge(site: SimulatedSite, content_id: int) -> None:
    """Deletes a page or blog post and all that hangs on it for good."""
    for statement in _PURGE:
        site.store.execute(statement, (content_id,))
