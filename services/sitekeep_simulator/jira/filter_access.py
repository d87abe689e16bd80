"""Who may see a filter, and with it the boards that show what it finds."""

from __future__ import annotations

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.objects import Body, JiraObject
from sitekeep_simulator.jira.permissions import BROWSE, Permissions
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.role_actors import RoleActors
from sitekeep_simulator.jira.state import Jira


class FilterAccess:
    """Tells what accounts may see."""

    def __init__(self, jira: Jira) -> None:
        self._accounts = jira.accounts
        self._permissions = Permissions(jira)
        self._projects = Projects(jira)
        self._actors = RoleActors(jira)

    def sees(self, account: Account, found: JiraObject) -> bool:
        """Whether a filter is the account's own or shared with it."""
        if found.body["owner"] == account.account_id:
            return True
        shares = (*found.body["shares"], *found.body["edits"])
        return any(self._is_meant(account, each) for each in shares)

    def _is_meant(self, account: Account, share: Body) -> bool:
        if share["type"] == "project":
            return self._is_in_project(account, share)
        if share["type"] == "group":
            return self._accounts.is_in_group(share["id"], account.account_id)
        return share["type"] in ("global", "loggedin") or share["id"] == account.account_id

    def _is_in_project(self, account: Account, share: Body) -> bool:
        """Whether somebody acts in the role of a project, or sees the project if it is no role."""
        project = self._projects.find(share["id"])
        if project is None or not self._permissions.allowed(account, BROWSE, project):
            return False
        role = share.get("role")
        return role is None or self._actors.acts(account, project.id, role)

    def is_admin(self, account: Account) -> bool:
        """Whether the account administers the site."""
        return self._accounts.is_admin(account.account_id)
