"""What comes back: Assets of Jira Service Management.

No document of Atlassian's judges these requests: the rows are proven by the simulated site alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from sitekeep_restore.importers.jira.coverage.row import row
from sitekeep_shared.coverage import CoverageRow, Restored
from sitekeep_shared.kinds import Kind

PROVEN_BY = "simulated site alone, no document"


def _row(kind: Kind, restored: Restored, loss: str, *paths: str) -> CoverageRow:
    return dataclasses.replace(row(kind, restored, loss, *paths), proven_by=PROVEN_BY)


ROWS: Sequence[CoverageRow] = (
    _row(
        Kind.ASSET_SCHEMA,
        "exactly",
        "",
    ),
    _row(
        Kind.ASSET_STATUS,
        "with loss",
        "One that is there for all schemas keeps its category and description.",
        "category",
        "description",
    ),
    _row(
        Kind.ASSET_OBJECT_TYPE,
        "with loss",
        "Same tree, attributes and demands; an icon that somebody uploaded cannot be made over "
        "REST, another one stands in.",
        "icon",
    ),
    _row(
        Kind.ASSET_OBJECT,
        "with loss",
        "Same values and references; the site gives key and times itself, nothing writes history, "
        "and files and comments of objects have no documented request. People who are not at the "
        "destination are left out.",
        "key",
        "created",
        "updated",
    ),
)
