"""Who acts in the roles of projects, and in those of new projects by default."""

from __future__ import annotations

from dataclasses import dataclass

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.objects import ObjectKind
from sitekeep_simulator.jira.state import Jira

DEFAULT = 0
"""Stands for the project where the default actors are kept."""
USER, GROUP = "atlassian-user-role-actor", "atlassian-group-role-actor"


@dataclass(frozen=True)
class Actor:
    """An actor: the account id of a person, or the id of a group."""

    id: int
    type: str
    parameter: str


class RoleActors:
    """The table of the actors."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    def of(self, project_id: int, role_id: int) -> list[Actor]:
        """The actors of a role in a project."""
        rows = self._jira.store.rows(
            "SELECT id, type, parameter FROM jira_role_actor "
            "WHERE project_id = ? AND role_id = ? ORDER BY id",
            (project_id, role_id),
        )
        return [Actor(row["id"], row["type"], row["parameter"]) for row in rows]

    def add(self, project_id: int, role_id: int, kind: str, parameter: str) -> None:
        """Lets somebody act in a role; who does already stays."""
        self._jira.store.execute(
            "INSERT OR IGNORE INTO jira_role_actor (project_id, role_id, type, parameter) "
            "VALUES (?, ?, ?, ?)",
            (project_id, role_id, kind, parameter),
        )

    def remove(self, project_id: int, role_id: int, kind: str, parameter: str) -> bool:
        """Lets somebody act no longer; whether anybody did."""
        found = self._jira.store.execute(
            "DELETE FROM jira_role_actor WHERE project_id = ? AND role_id = ? AND type = ? "
            "AND parameter = ?",
            (project_id, role_id, kind, parameter),
        )
        return bool(found.rowcount)

    def clear(self, project_id: int, role_id: int) -> None:
        """Lets nobody act in a role."""
        self._jira.store.execute(
            "DELETE FROM jira_role_actor WHERE project_id = ? AND role_id = ?",
            (project_id, role_id),
        )

    def begin(self, project_id: int) -> None:
        """Gives a new project the default actors."""
        self._jira.store.execute(
            "INSERT INTO jira_role_actor (project_id, role_id, type, parameter) "
            "SELECT ?, role_id, type, parameter FROM jira_role_actor WHERE project_id = ? "
            "ORDER BY id",
            (project_id, DEFAULT),
        )

    def acts(self, account: Account, project_id: int, role_id: int) -> bool:
        """Whether a person acts in a role, by name or as a member of a group."""
        for actor in self.of(project_id, role_id):
            if actor.type == USER and actor.parameter == account.account_id:
                return True
            group = actor.parameter
            if actor.type == GROUP and self._jira.accounts.is_in_group(group, account.account_id):
                return True
        return False


def role_links(jira: Jira, project_id: int) -> dict[str, str]:
    """The roles of a project: their addresses by their names."""
    return {
        role.name: jira.url(f"/project/{project_id}/role/{role.id}")
        for role in jira.objects.all(ObjectKind.ROLE)
    }
