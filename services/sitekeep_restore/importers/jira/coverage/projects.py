"""What comes back: projects and what they have."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.coverage.row import row
from sitekeep_shared.coverage import CoverageRow
from sitekeep_shared.kinds import Kind

ROWS: Sequence[CoverageRow] = (
    row(
        Kind.PROJECT_CATEGORY,
        "with loss",
        "Found by name, else created; one that is there keeps its description.",
        "description",
    ),
    row(
        Kind.PROJECT,
        "with loss",
        "Same key, with schemes of its own; a team-managed project comes back company-managed, "
        "and a lead who is no active member is replaced; one without a notification scheme stays "
        "silent, one without a permission scheme gets the default one, one without an issue type "
        "scheme one of its own, and one with the default scheme also the destination's further "
        "types; one without a workflow scheme gets one that leads from each status to each; where"
        " the site does not take its type it becomes software; where only one of the sites has "
        "field schemes it gets the destination's default fields. An archived project is archived "
        "again unless the site refuses that.",
        "issueTypeScheme",
        "issueTypes",
        "workflowScheme",
        "notificationScheme",
        "permissionScheme",
        "screenScheme",
        "fieldConfigurationScheme",
        "style",
        "isPrivate",
        "type",
        "archived",
    ),
    row(Kind.VERSION, "exactly"),
    row(Kind.COMPONENT, "exactly"),
)
