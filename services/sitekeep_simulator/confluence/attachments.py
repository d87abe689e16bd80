"""Attachments of pages and blog posts, every version of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sitekeep_simulator.confluence.schema import CONTENT_SEQUENCE
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite
from sitekeep_simulator.store import Row, marks

PREFIX = "att"
SOURCE = (
    "(SELECT a.*, c.kind AS container_kind, c.title AS container_title, c.space_id, c.private_to,"
    " s.key AS space_key, s.private_to AS space_private_to,"
    " v.media_id, v.media_type, v.size, v.comment, v.modified_at, v.modifier_id, v.minor_edit"
    " FROM confluence_attachment a"
    " JOIN confluence_content c ON c.id = a.container_id"
    " JOIN confluence_space s ON s.id = c.space_id"
    " JOIN confluence_attachment_version v ON v.attachment_id = a.id AND v.number = a.version)"
)


@dataclass(frozen=True)
class Upload:
    """One file of a multipart request."""

    filename: str
    media_type: str
    content: bytes
    comment: str = ""
    minor_edit: bool = False


def attachment_number(text: str) -> int:
    """The number in an attachment id, ``att123`` or ``123``. Raises Refused (404)."""
    digits = text.removeprefix(PREFIX)
    if not digits.isdigit() or len(digits) > 18:
        raise Refused(404, f"Could not find attachment with id: {text}")
    return int(digits)


def find(
    site: SimulatedSite,
    attachment_id: str,
    account_id: str,
    statuses: Sequence[str] = ("current", "archived", "trashed"),
) -> Row:
    """The attachment with that id. Raises Refused (404) when the account sees none."""
    found = site.store.row(
        f"SELECT * FROM {SOURCE} WHERE id = ? AND status IN ({marks(len(statuses))})"
        " AND private_to IN ('', ?) AND space_private_to IN ('', ?)",
        (attachment_number(attachment_id), *statuses, account_id, account_id),
    )
    if found is None:
        raise Refused(404, f"Could not find attachment with id: {attachment_id}")
    return found


def named(site: SimulatedSite, container_id: int, filename: str) -> Row | None:
    """The attachment of a page or blog post with that file name, or None."""
    return site.store.row(
        "SELECT * FROM confluence_attachment WHERE container_id = ? AND title = ?"
        " AND status <> 'trashed'",
        (container_id, filename),
    )


def add(site: SimulatedSite, author_id: str, container: Row, upload: Upload) -> int:
    """Attaches a new file and returns the number of the attachment. Raises Refused (400)."""
    if named(site, container["id"], upload.filename) is not None:
        raise Refused(
            400,
            "Cannot add a new attachment with same file name as an existing attachment: "
            f"{upload.filename}",
        )
    with site.store.transaction():
        new_id = site.store.next_id(CONTENT_SEQUENCE)
        site.store.execute(
            "INSERT INTO confluence_attachment VALUES (?,?,?,?,?,1)",
            (new_id, container["id"], container["status"], upload.filename, site.now()),
        )
        _add_version(site, author_id, new_id, 1, upload)
    return new_id


def replace(site: SimulatedSite, author_id: str, attachment_id: int, upload: Upload) -> None:
    """Stores a new version of an attachment."""
    with site.store.transaction():
        number: int = site.store.value(
            "UPDATE confluence_attachment SET version = version + 1 WHERE id = ? RETURNING version",
            (attachment_id,),
        )
        _add_version(site, author_id, attachment_id, number, upload)


def _add_version(
    site: SimulatedSite, author_id: str, attachment_id: int, number: int, upload: Upload
) -> None:
    media = site.files.add_media(upload.content, upload.filename, upload.media_type)
    site.store.execute(
        "INSERT INTO confluence_attachment_version VALUES (?,?,?,?,?,?,?,?,?)",
        (
            *(attachment_id, number, media.media_id, upload.media_type, len(upload.content)),
            *(upload.comment, site.now(), author_id, upload.minor_edit),
        ),
    )


def media_of(site: SimulatedSite, attachment: Row, number: int | None) -> str:
    """The media id of a version of an attachment. Raises Refused (400) when there is none."""
    wanted = attachment["version"] if number is None else number
    media_id: str | None = site.store.value(
        "SELECT media_id FROM confluence_attachment_version WHERE attachment_id = ? AND number = ?",
        (attachment["id"], wanted),
    )
    if media_id is None:
        raise Refused(400, f"There is no version {wanted} of this attachment.")
    return media_id


def delete(site: SimulatedSite, attachment: Row, purge: bool) -> None:
    """Trashes an attachment, or deletes a trashed one for good. Raises Refused (404)."""
    if not purge:
        site.store.execute(
            "UPDATE confluence_attachment SET status = 'trashed' WHERE id = ?", (attachment["id"],)
        )
        return
    if attachment["status"] != "trashed":
        raise Refused(404, "Only a trashed attachment can be purged.")
    with site.store.transaction():
        site.store.execute(
            "DELETE FROM confluence_attachment_version WHERE attachment_id = ?",
            (attachment["id"],),
        )
        site.store.execute("DELETE FROM confluence_attachment WHERE id = ?", (attachment["id"],))
