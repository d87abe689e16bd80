"""What comes back: which types issues have and how they go from status to status."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.coverage.row import row
from sitekeep_shared.coverage import CoverageRow
from sitekeep_shared.kinds import Kind

ROWS: Sequence[CoverageRow] = (
    row(
        Kind.ISSUE_TYPE_SCHEME,
        "with loss",
        "Same name, description, types, order and default type; the site's default scheme keeps "
        "further types of the destination behind the restored ones. A scheme that projects of the "
        "destination may be using stays beside the restored one.",
        "types",
    ),
)
