"""What of each kind of a Confluence site comes back, and what is lost."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_shared.coverage import EXTRA, MISSING, CoverageRow, Restored
from sitekeep_shared.kinds import Kind


def _row(kind: Kind, restored: Restored, loss: str = "", *paths: str) -> CoverageRow:
    return CoverageRow("confluence", kind, restored=restored, loss=loss, lost_paths=paths)


_HISTORY = "author", "created", "updated", "editor", "version"

COVERAGE: Sequence[CoverageRow] = (
    _row(
        Kind.USER,
        "with loss",
        "People are matched by account id, else by e-mail, never invited or changed; whether an "
        "address is visible is up to them.",
        MISSING,
        "emailAddress",
    ),
    _row(Kind.GROUP, "exactly"),
    _row(
        Kind.MEMBERSHIP,
        "with loss",
        "Only people who have an account at the destination can be members.",
    ),
    _row(
        Kind.SPACE,
        "with loss",
        "Permissions are not kept; personal spaces of others become private spaces under"
        " another key; special types become usual spaces.",
        "type",
        "key",
    ),
    _row(
        Kind.PAGE,
        "with loss",
        "REST sets neither author nor date of a page, which stand in its last line; of its"
        " versions the newest comes back. A page in the trash whose title is taken gets its"
        " old id behind it.",
        *_HISTORY,
        "owner",
        "title",
    ),
    _row(
        Kind.BLOG_POST,
        "with loss",
        "REST sets the date of a blog post, not its author, who stands in the last line; of"
        " its versions the newest comes back.",
        "author",
        "updated",
        "editor",
        "version",
    ),
    _row(
        Kind.FOOTER_COMMENT,
        "with loss",
        "REST sets neither author nor date of a comment, which stand in its first line;"
        " inline comments whose text is gone are added as footer comments; those of trashed"
        " content are not listed.",
        "author",
        "created",
        "version",
        EXTRA,
    ),
    _row(
        Kind.INLINE_COMMENT,
        "with loss",
        "REST sets neither author nor date of a comment, which stand in its first line; a"
        " comment whose text is gone becomes a footer comment; reopened ones are open.",
        "author",
        "created",
        "version",
        "resolution",
        MISSING,
    ),
    _row(Kind.LABEL, "exactly"),
    _row(
        Kind.ATTACHMENT,
        "with loss",
        "REST sets neither who uploaded a file nor when; the site decides its media type;"
        " of its versions the newest comes back.",
        "author",
        "created",
        "version",
        "mediaType",
    ),
)
"""One row per kind."""
