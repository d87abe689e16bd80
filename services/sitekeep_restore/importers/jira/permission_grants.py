"""Grants of permission schemes, and those that the restoring account needs meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from sitekeep_restore.importers.jira.holders import Holder, holder_of
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit

NEEDED = (
    "ADMINISTER_PROJECTS",
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "DELETE_ISSUES",
    "MOVE_ISSUES",
    "TRANSITION_ISSUES",
    "RESOLVE_ISSUES",
    "CLOSE_ISSUES",
    "SCHEDULE_ISSUES",
    "MANAGE_SPRINTS_PERMISSION",
    "ASSIGN_ISSUES",
    "MODIFY_REPORTER",
    "LINK_ISSUES",
    "SET_ISSUE_SECURITY",
    "ADD_COMMENTS",
    "CREATE_ATTACHMENTS",
    "WORK_ON_ISSUES",
    "MANAGE_WATCHERS",
    "VIEW_VOTERS_AND_WATCHERS",
)
"""What a restore does in a project (Jira REST v3, built-in permissions)."""


@dataclass(frozen=True)
class Grant:
    """That a holder has a permission."""

    permission: str
    holder: Holder

    @property
    def body(self) -> Json:
        """The grant as a request says it (Jira REST v3, PermissionGrant)."""
        return {"permission": self.permission, "holder": self.holder.body}


def grants_of(scheme: Json) -> list[Grant]:
    """The grants that a scheme shows."""
    listed: list[Json] = scheme.get("permissions") or []
    return [Grant(str(each.get("permission")), holder_of(each)) for each in listed]


async def grants_meanwhile(unit: ImportUnit) -> list[Grant]:
    """What a scheme grants besides while the restore goes on.

    The restoring account has to write, and whoever was assigned an issue at the time has to be
    assignable, whether or not the scheme would let that happen today.
    """
    caller: Json = await unit.site.get_json("/rest/api/3/myself")
    own = Holder("user", str(caller["accountId"]))
    anybody = Holder("applicationRole", "")
    return [*(Grant(each, own) for each in NEEDED), Grant("ASSIGNABLE_USER", anybody)]
