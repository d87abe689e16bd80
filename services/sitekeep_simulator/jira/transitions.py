"""Taking issues from one status to another."""

from __future__ import annotations

import msgspec

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.changes import item, record
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body, ObjectKind
from sitekeep_simulator.jira.workflows import Workflows
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row


def open_transitions(issues: Issues, issue: Row) -> list[Body]:
    """The transitions that an issue can take now."""
    workflows = Workflows(issues.jira)
    project = issues.projects.visible(str(issue["project_id"]))
    return workflows.transitions(workflows.of(project, issue["type_id"]), issue["status_id"])


def take_transition(issues: Issues, issue_id: int, author: Account, transition_id: str) -> None:
    """Takes an issue through a transition. Raises Refused (400) when it is not open."""
    issue = issues.require(str(issue_id))
    for transition in open_transitions(issues, issue):
        if transition["id"] == transition_id:
            _set_status(issues, issue, author, int(transition["toStatusReference"]))
            return
    raise Refused(400, f"The transition '{transition_id}' is not valid for this issue.")


def _set_status(issues: Issues, issue: Row, author: Account, status_id: int) -> None:
    if issue["status_id"] == status_id:
        return
    old = issues.jira.objects.get(ObjectKind.STATUS, issue["status_id"])
    new = issues.jira.objects.get(ObjectKind.STATUS, status_id)
    stored: Body = msgspec.json.decode(issue["fields"])
    if old is None or new is None or old.body["category"] != new.body["category"]:
        stored["statuscategorychangedate"] = issues.jira.now()
    issues.jira.store.execute(
        "UPDATE jira_issue SET status_id = ?, fields = ? WHERE id = ?",
        (status_id, msgspec.json.encode(stored).decode(), issue["id"]),
    )
    changed = item(
        "status",
        (str(issue["status_id"]), None if old is None else old.name),
        (str(status_id), None if new is None else new.name),
        field_id="status",
    )
    record(issues.jira, issue["id"], author.account_id, [changed])
    issues.touch(issue["id"])
