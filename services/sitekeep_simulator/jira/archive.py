"""Whether issues are in the archive, by themselves or with their project."""

from __future__ import annotations

from sitekeep_simulator.jira.projects import ARCHIVED
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.store import Row

NOT_ARCHIVED = "i.id NOT IN (SELECT issue_id FROM jira_archived)"
"""The condition of the searches."""


def is_archived(jira: Jira, issue: Row) -> bool:
    """Whether an issue is in the archive, by itself or with its project."""
    found = jira.store.row(
        "SELECT 1 FROM jira_archived WHERE issue_id = ?1 UNION SELECT 1 FROM jira_project "
        "WHERE id = ?2 AND state = ?3",
        (issue["id"], issue["project_id"], ARCHIVED),
    )
    return found is not None
