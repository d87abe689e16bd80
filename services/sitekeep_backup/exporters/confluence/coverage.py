"""How each kind of a Confluence site is read."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_shared.coverage import CoverageRow
from sitekeep_shared.kinds import Kind

_READ: dict[Kind, str] = {
    Kind.USER: "search/user, at most the 10,000 that the search gives",
    Kind.GROUP: "group",
    Kind.MEMBERSHIP: "group/{id}/membersByGroupId",
    Kind.SPACE: "spaces, current and archived, with the plain description",
    Kind.PAGE: "spaces/{id}/pages, current, archived and trashed, the newest version in storage "
    "format; older versions and restrictions are not kept",
    Kind.BLOG_POST: "spaces/{id}/blogposts, current and trashed, the newest version",
    Kind.FOOTER_COMMENT: "footer-comments, replies included",
    Kind.INLINE_COMMENT: "inline-comments, replies included",
    Kind.LABEL: "labels/{id}/pages and labels/{id}/blogposts; of archived and trashed content "
    "from the content itself",
    Kind.ATTACHMENT: "attachments, current, archived and trashed; the bytes of the newest version",
}

COVERAGE: Sequence[CoverageRow] = tuple(
    CoverageRow("confluence", kind, backed_up=how) for kind, how in _READ.items()
)
"""One row per kind; the importer's rows say what comes back."""
