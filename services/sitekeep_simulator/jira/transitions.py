"""Taking issues from one status to another."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.changes import item, items_between, record
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body, ObjectKind
from sitekeep_simulator.jira.transition_rules import (
    attempt_of,
    changed_by,
    check_validators,
    is_open,
)
from sitekeep_simulator.jira.workflows import Workflows, target_of
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row


def open_transitions(issues: Issues, issue: Row, account: Account | None = None) -> list[Body]:
    """The transitions that an issue can take now, and only those that an account may take."""
    workflows = Workflows(issues.jira)
    project = issues.projects.visible(str(issue["project_id"]))
    found = workflows.transitions(workflows.of(project, issue["type_id"]), issue["status_id"])
    if account is None:
        return found
    attempt = attempt_of(issues, issue, account)
    return [each for each in found if is_open(attempt, each)]


def take_transition(
    issues: Issues,
    issue_id: int,
    author: Account,
    transition_id: str,
    given: Collection[str] = (),
) -> None:
    """Takes an issue through a transition; ``given``: the fields that the request sets with it.

    Raises Refused (400) when it is not open or a validator refuses it.
    """
    issue = issues.require(str(issue_id))
    for transition in open_transitions(issues, issue, author):
        if transition["id"] == transition_id:
            attempt = attempt_of(issues, issue, author)
            check_validators(attempt, transition, given)
            _change(issues, issue, author, changed_by(attempt, transition))
            issue = issues.require(str(issue_id))
            set_status(issues, issue, author, target_of(transition, issue["status_id"]))
            return
    raise Refused(400, f"The transition '{transition_id}' is not valid for this issue.")


def _change(issues: Issues, issue: Row, author: Account, changed: Body) -> None:
    """Does what the post-functions say."""
    if not changed:
        return
    stored: Body = msgspec.json.decode(issue["fields"])
    issues.jira.store.execute(
        "UPDATE jira_issue SET fields = ? WHERE id = ?",
        (msgspec.json.encode(stored | changed).decode(), issue["id"]),
    )
    items = items_between(issues.jira, stored, changed)
    record(issues.jira, issue["id"], author.account_id, items)
    issues.touch(issue["id"])


def set_status(issues: Issues, issue: Row, author: Account, status_id: int) -> None:
    """Gives an issue a status, whatever its workflow says."""
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
