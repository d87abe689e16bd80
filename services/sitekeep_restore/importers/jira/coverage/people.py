"""What comes back: users, groups and who is in them."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.coverage.row import row
from sitekeep_shared.coverage import MISSING, CoverageRow
from sitekeep_shared.kinds import Kind

ROWS: Sequence[CoverageRow] = (
    row(
        Kind.USER,
        "with loss",
        "The same account where it is a member, else an invitation by e-mail. Whom the source "
        "deactivated is not invited, nor is anybody without a visible address; the account of an "
        "app comes with the app. Who hides an address there hides it here.",
        MISSING,
        "emailAddress",
    ),
    row(Kind.GROUP, "exactly"),
    row(
        Kind.MEMBERSHIP,
        "with loss",
        "Only people who have an account at the destination can be members.",
    ),
)
