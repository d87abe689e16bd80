"""What comes back: what issues refer to."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.coverage.row import row
from sitekeep_shared.coverage import MISSING, CoverageRow
from sitekeep_shared.kinds import Kind

ROWS: Sequence[CoverageRow] = (
    row(
        Kind.ISSUE_TYPE,
        "with loss",
        "Found by name, else created; the site chooses the icon, and REST creates no level "
        "above the standard one; one that is there keeps its level and description. Those of a "
        "team-managed project become global.",
        "hierarchyLevel",
        "subtask",
        "description",
    ),
    row(
        Kind.STATUS,
        "with loss",
        "Found by name, else created; one that is there keeps its category and description. Those "
        "of a team-managed project become global.",
        "description",
        "category",
    ),
    row(
        Kind.PRIORITY,
        "with loss",
        "Found by name, else created; the site chooses icon and order, and one that is there "
        "keeps its colour and description.",
        "description",
        "statusColor",
    ),
    row(
        Kind.RESOLUTION,
        "with loss",
        "Found by name, else created; one that is there keeps its description.",
        "description",
    ),
    row(
        Kind.ISSUE_LINK_TYPE,
        "with loss",
        "Found by name, else created; one that is there keeps its words.",
        "inward",
        "outward",
    ),
    row(
        Kind.FIELD,
        "with loss",
        "Jira's own types are found by name and type, else created; fields of apps are made by the "
        "apps, and those of team-managed projects become global. Those of Product Discovery become "
        "plain number and text fields, without those that the product derives.",
        MISSING,
        "custom",
    ),
)
