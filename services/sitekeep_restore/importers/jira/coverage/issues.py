"""What comes back: issues and what hangs on them."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.coverage.row import row
from sitekeep_shared.coverage import MISSING, CoverageRow
from sitekeep_shared.kinds import Kind

ROWS: Sequence[CoverageRow] = (
    row(
        Kind.ISSUE,
        "with loss",
        "Same key and fields; the site sets creator and times itself (the original ones are in "
        "the description's last line and in a property), votes and values of "
        "apps' fields cannot be written; an issue without a priority gets the default "
        "one where the site insists on one; what Product Discovery counts and derives is not "
        "written, nor are options that a field of a single project offers no more. "
        "A sub-task with a lower number than its parent "
        "stays a standard issue where the site does not move it. A description that is longer than "
        "the site takes is cut, and the whole attached. Archived issues are archived "
        "again, by the restoring account and at the time of the restore; only the larger editions "
        "of Jira archive single issues.",
        "created",
        "updated",
        "creator",
        "resolutiondate",
        "statuscategorychangedate",
        "votes",
        "issuerestriction",
        "priority",
        "archivedby",
        "archiveddate",
        "archived",
        "custom.*",
    ),
    row(
        Kind.COMMENT,
        "with loss",
        "The site sets author and time itself; the original ones are the first line and in a "
        "property.",
        "author",
        "created",
        "updated",
    ),
    row(
        Kind.WORKLOG,
        "with loss",
        "The time of the work is kept; the site sets the author itself (the original one is "
        "the first line and in a property) and keeps whole minutes.",
        "author",
        "created",
        "updated",
        "timeSpentSeconds",
    ),
    row(
        Kind.CHANGELOG,
        "not",
        "No request writes history; the original one is in the backup.",
    ),
    row(
        Kind.ISSUE_LINK,
        "with loss",
        "Same type and both ends, but for links to issues of projects that the backup does not "
        "hold, as those in the trash.",
        MISSING,
    ),
    row(Kind.REMOTE_LINK, "exactly"),
    row(
        Kind.WATCHER,
        "with loss",
        "Members who may see the issue; a deactivated account cannot be made to watch.",
    ),
    row(
        Kind.ATTACHMENT,
        "with loss",
        "Same name and bytes; the site sets uploader and time itself and may guess another "
        "media type.",
        "author",
        "created",
        "mediaType",
    ),
)
