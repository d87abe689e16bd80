"""One row of the coverage table, as the modules beside this one write it."""

from __future__ import annotations

from sitekeep_shared.coverage import CoverageRow, Restored
from sitekeep_shared.kinds import Kind


def row(kind: Kind, restored: Restored, loss: str = "", *paths: str) -> CoverageRow:
    """What comes back of a kind, what is lost and why, and the paths that may differ."""
    return CoverageRow("jira", kind, restored=restored, loss=loss, lost_paths=paths)
