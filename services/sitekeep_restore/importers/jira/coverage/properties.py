"""What comes back: what apps and people keep on other things."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.coverage.row import row
from sitekeep_shared.coverage import CoverageRow
from sitekeep_shared.kinds import Kind

ROWS: Sequence[CoverageRow] = (
    row(
        Kind.ENTITY_PROPERTY,
        "with loss",
        "Same keys and values, whatever an app means by them: ids inside stay those of the source. "
        "An issue type that is there keeps its own value of a key.",
        "ofIssueType",
    ),
)
