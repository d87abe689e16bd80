"""What a site counts or names and does not hand out: the reasons that a backup gives for it.

A restore repeats them, as what is not in a backup is not in what is made from it either.
"""

from __future__ import annotations

ISSUES_NOT_VISIBLE = "ISSUES_NOT_VISIBLE"
PROJECT_NOT_VISIBLE = "PROJECT_NOT_VISIBLE"
PROJECT_IN_TRASH = "PROJECT_IN_TRASH"
BOARDS_NOT_VISIBLE = "BOARDS_NOT_VISIBLE"
FILTERS_NOT_VISIBLE = "FILTERS_NOT_VISIBLE"
DASHBOARD_IN_TRASH = "DASHBOARD_IN_TRASH"

NOT_HANDED_OUT = frozenset(
    (
        ISSUES_NOT_VISIBLE,
        PROJECT_NOT_VISIBLE,
        PROJECT_IN_TRASH,
        BOARDS_NOT_VISIBLE,
        FILTERS_NOT_VISIBLE,
        DASHBOARD_IN_TRASH,
    )
)
