"""What comes back of each kind of a Jira site, and what is lost."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_shared.coverage import CoverageRow, Restored
from sitekeep_shared.kinds import Kind


def _row(kind: Kind, restored: Restored, loss: str = "", *paths: str) -> CoverageRow:
    return CoverageRow("jira", kind, restored=restored, loss=loss, lost_paths=paths)


COVERAGE: Sequence[CoverageRow] = (
    _row(Kind.USER, "with loss", "Members are matched by account, others invited by e-mail."),
)
"""One row per kind."""
