"""What comes back: Jira Product Discovery, as far as it is more than issues."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.coverage.row import row
from sitekeep_shared.coverage import CoverageRow
from sitekeep_shared.kinds import Kind

ROWS: Sequence[CoverageRow] = (
    row(
        Kind.DISCOVERY_VIEW,
        "not",
        "No documented request reads or writes the views of a Product Discovery project; each "
        "backup names the projects that have some.",
    ),
    row(
        Kind.DISCOVERY_INSIGHT,
        "not",
        "No documented request reads or writes the insights of ideas; each backup names the "
        "projects that may have some.",
    ),
)
