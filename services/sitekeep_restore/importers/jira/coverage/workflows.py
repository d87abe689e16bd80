"""What comes back: which types issues have and how they go from status to status."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.coverage.row import row
from sitekeep_shared.coverage import MISSING, CoverageRow
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
    row(
        Kind.WORKFLOW,
        "with loss",
        "Same name, statuses, transitions, layouts, properties and rules with the ids of the "
        "destination. Rules of apps that are not there, webhooks, and rules that name what is not "
        "there are left out; another workflow of that name stays beside the restored one. That of "
        "a team-managed project is replaced by one that leads from each status to each.",
        MISSING,
        "transitions.*.connect:*",
        "transitions.*.forge:*",
        "transitions.*.system:trigger-webhook*",
    ),
    row(
        Kind.WORKFLOW_SCHEME,
        "with loss",
        "Same name, workflows per issue type and default one. A scheme that projects of the "
        "destination may be using stays beside the restored one; in place of the site's default "
        "scheme projects get one like it: no request gives them that once they have issues.",
    ),
)
