"""What comes back: what apps and people keep on other things."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.coverage.row import row
from sitekeep_shared.coverage import MISSING, CoverageRow
from sitekeep_shared.kinds import Kind

ROWS: Sequence[CoverageRow] = (
    row(
        Kind.ENTITY_PROPERTY,
        "with loss",
        "Same keys and values, whatever an app means by them: ids inside stay those of the source. "
        "An issue type or a user that is there keeps its own value of a key; who is not there has "
        "none.",
        "ofIssueType",
        "ofUser",
    ),
    row(
        Kind.PROJECT_FEATURE,
        "with loss",
        "Switched on and off as they were, but for those on which the product alone decides, and "
        "those that it does not offer: a team-managed project comes back company-managed.",
        MISSING,
        "fixedState",
    ),
    row(
        Kind.VOTE,
        "with loss",
        "The restoring account's own votes for open issues of others; nobody can vote for "
        "somebody else.",
        MISSING,
    ),
    row(
        Kind.FILTER_COLUMNS,
        "with loss",
        "Same columns in the same order, without those of fields of apps that are not at the "
        "destination.",
        "ofApps",
    ),
    row(Kind.EPIC, "exactly"),
    row(
        Kind.PLAN,
        "with loss",
        "Same name, sources, scheduling, exclusions, releases, fields, permissions, state and "
        "teams, without what is not at the destination and without sources that are neither "
        "board, filter nor project. No request says which source a team works on, or when a plan "
        "was saved.",
        "lastSaved",
        "unknown",
        "teamSources",
        "teamsOfOrganization",
        "scheduling.startDate",
        "scheduling.endDate",
    ),
)
