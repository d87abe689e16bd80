"""What comes back: who may do what and who is told."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.coverage.row import row
from sitekeep_shared.coverage import CoverageRow
from sitekeep_shared.kinds import Kind

ROWS: Sequence[CoverageRow] = (
    row(
        Kind.PROJECT_ROLE,
        "with loss",
        "Found by name, else created; one that is there keeps its description and its own default "
        "actors. Those of a team-managed project become global.",
        "description",
        "default",
    ),
    row(
        Kind.NOTIFICATION_SCHEME,
        "with loss",
        "Same name and recipients; those that are not at the destination are left out, and so are "
        "mail addresses, which Jira takes no longer. A scheme that projects of the destination "
        "may be using stays beside the restored one.",
        "events.*.EmailAddress*",
    ),
    row(
        Kind.PERMISSION_SCHEME,
        "with loss",
        "Same name and grants, without those whose holder is not at the destination and those of "
        "permissions of apps. A scheme that projects of the destination may be using stays beside "
        "the restored one. The settings of a team-managed project are no scheme.",
        "grants.*__*",
    ),
    row(
        Kind.ISSUE_SECURITY_SCHEME,
        "with loss",
        "Same names, levels and members, without those who are not at the destination. A scheme "
        "that projects of the destination may be using stays beside the restored one, and so does "
        "one that has other levels.",
    ),
    row(
        Kind.PRIORITY_SCHEME,
        "with loss",
        "Same name, priorities and default one; the order is the destination's where one of that "
        "name was there. A scheme that projects of the destination may be using stays beside the "
        "restored one.",
    ),
    row(
        Kind.ROLE_ACTOR,
        "with loss",
        "Only groups that are at the destination and active people who have an account there can "
        "act in a role.",
    ),
)
