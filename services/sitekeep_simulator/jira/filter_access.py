"""Who may see a filter, and with it the boards that show what it finds."""

from __future__ import annotations

from sitekeep_simulator.accounts import ADMIN_GROUP, Account
from sitekeep_simulator.jira.objects import JiraObject
from sitekeep_simulator.jira.state import Jira


class FilterAccess:
    """Tells what accounts may see."""

    def __init__(self, jira: Jira) -> None:
        self._accounts = jira.accounts

    def sees(self, account: Account, found: JiraObject) -> bool:
        """Whether a filter is the account's own or shared with it. Everyone sees projects."""
        if found.body["owner"] == account.account_id:
            return True
        groups = {group.group_id for group in self._accounts.groups_of(account.account_id)}
        return any(
            each["type"] in ("global", "loggedin", "project")
            or each["id"] == account.account_id
            or each["id"] in groups
            for each in (*found.body["shares"], *found.body["edits"])
        )

    def is_admin(self, account: Account) -> bool:
        """Whether the account administers the site."""
        groups = self._accounts.groups_of(account.account_id)
        return any(group.name == ADMIN_GROUP for group in groups)
