"""Who may plan sprints and move issues about, and the mail that this sends.

Source of the permissions: Jira Software REST 1.0 and Atlassian, "Permissions overview": a sprint
needs Manage Sprints, the order Schedule Issues, a move into a sprint Edit Issues besides.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.notifications import UPDATED, send
from sitekeep_simulator.jira.objects import ObjectKind
from sitekeep_simulator.jira.permissions import Permissions
from sitekeep_simulator.refusals import Refused


class SprintAccess:
    """Checks requests about sprints and about the order of issues."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._permissions = Permissions(issues.jira)

    def check_board(self, who: Account, board_id: int) -> None:
        """Raises Refused (403) for who may not manage sprints in the project of a board."""
        board = self._issues.jira.objects.get(ObjectKind.BOARD, board_id)
        place = None if board is None else board.body["project"]
        project = self._issues.projects.find(str(place or ""))
        name = "MANAGE_SPRINTS_PERMISSION"
        if project is not None and not self._permissions.allowed(who, name, project):
            raise Refused(403, f"You do not have the permission {name} in {project.key}.")

    def check_issues(self, who: Account, issue_ids: Sequence[int], *names: str) -> None:
        """Raises Refused (400, 403) for an issue that is not shown or that nobody lets one move."""
        for issue_id in issue_ids:
            issue = self._issues.require(str(issue_id))
            if not self._permissions.may_see(who, issue):
                raise Refused(400, f"The issue '{issue_id}' does not exist.")
            project = self._issues.projects.visible(str(issue["project_id"]))
            fields = msgspec.json.decode(issue["fields"])
            for name in names:
                if not self._permissions.allowed(who, name, project, fields):
                    raise Refused(403, f"You do not have the permission {name} in {project.key}.")

    def tell(self, issue_ids: Sequence[int]) -> None:
        """Sends the mail of a change of each issue: its field with the sprints is another one."""
        for issue_id in issue_ids:
            issue = self._issues.require(str(issue_id))
            send(
                self._issues.jira, self._issues.projects.visible(str(issue["project_id"])), UPDATED
            )
