"""The rules of workflows at work: who may take a transition, with what, and what it changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import list_in, object_in
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.permissions import Permissions
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.role_actors import RoleActors
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row


@dataclass(frozen=True)
class Attempt:
    """That somebody wants to take an issue through a transition."""

    issues: Issues
    project: Project
    account: Account
    fields: Body
    """The stored values of the issue."""
    children: tuple[int, ...] = ()
    """The statuses of its sub-tasks."""
    parent: int | None = None
    """The status of its parent."""


def attempt_of(issues: Issues, issue: Row, account: Account) -> Attempt:
    """The attempt of a person at an issue."""
    project = issues.projects.visible(str(issue["project_id"]))
    children = [issues.require(str(each))["status_id"] for each in issues.children(issue["id"])]
    parent = issue["parent_id"] and issues.find(str(issue["parent_id"]))
    return Attempt(
        issues,
        project,
        account,
        msgspec.json.decode(issue["fields"]),
        tuple(children),
        parent["status_id"] if parent else None,
    )


def is_open(attempt: Attempt, transition: Body) -> bool:
    """Whether the conditions of a transition let a person take it."""
    return _holds(attempt, object_in(transition, "conditions"))


def check_validators(attempt: Attempt, transition: Body, given: Collection[str] = ()) -> None:
    """Raises Refused (400) with what a validator has to say; ``given``: fields in the request."""
    for rule in list_in(transition, "validators"):
        parameters = object_in(rule, "parameters")
        check = _VALIDATORS.get(str(rule.get("ruleKey")))
        message = check(attempt, parameters, given) if check else ""
        if message:
            raise Refused(400, message)


def changed_by(attempt: Attempt, transition: Body) -> Body:
    """The stored values that the post-functions of a transition set."""
    changed: Body = {}
    for rule in list_in(transition, "actions"):
        parameters = object_in(rule, "parameters")
        if rule.get("ruleKey") == "system:change-assignee":
            changed["assignee"] = _new_assignee(attempt, parameters)
        elif rule.get("ruleKey") == "system:update-field":
            changed |= _updated(parameters)
    return changed


def _holds(attempt: Attempt, group: Body) -> bool:
    listed = [_is_met(attempt, rule) for rule in list_in(group, "conditions")]
    listed += [_holds(attempt, each) for each in list_in(group, "conditionGroups")]
    if not listed:
        return True
    return any(listed) if group.get("operation") == "ANY" else all(listed)


def _is_met(attempt: Attempt, rule: Body) -> bool:
    """Conditions that the simulated site does not know are met."""
    check = _CONDITIONS.get(str(rule.get("ruleKey")))
    return check is None or check(attempt, object_in(rule, "parameters"))


def _listed(parameters: Body, name: str) -> list[str]:
    return [each for each in str(parameters.get(name) or "").split(",") if each]


def _may_transition(attempt: Attempt, parameters: Body) -> bool:
    """Whether any of what the rule allows is met, and nothing that it denies."""
    own, fields, project = attempt.account.account_id, attempt.fields, attempt.project
    jira = attempt.issues.jira
    roles, permissions = RoleActors(jira), Permissions(jira)
    if any(fields.get(each) == own for each in _listed(parameters, "denyUserCustomFields")):
        return False
    people = {
        "allow-assignee": fields.get("assignee"),
        "allow-reporter": fields.get("reporter"),
    }
    return (
        any(people.get(each, each) == own for each in _listed(parameters, "accountIds"))
        or any(
            roles.acts(attempt.account, project.id, int(each))
            for each in _listed(parameters, "roleIds")
        )
        or any(jira.accounts.is_in_group(each, own) for each in _listed(parameters, "groupIds"))
        or any(
            permissions.allowed(attempt.account, each, project, fields)
            for each in _listed(parameters, "permissionKeys")
        )
        or any(fields.get(each) == own for each in _listed(parameters, "allowUserCustomFields"))
    )


def _open_to_programs(_: Attempt, parameters: Body) -> bool:
    return parameters.get("restrictMode") != "usersAndAPI"


def _children_are_there(attempt: Attempt, parameters: Body) -> bool:
    wanted = _listed(parameters, "statusIds")
    return all(str(each) in wanted for each in attempt.children)


def _check_permission(attempt: Attempt, parameters: Body, _: Collection[str]) -> str:
    wanted = str(parameters.get("permissionKey"))
    allowed = Permissions(attempt.issues.jira).allowed
    if allowed(attempt.account, wanted, attempt.project, attempt.fields):
        return ""
    return f"User does not have the permission {wanted}."


def _check_field(attempt: Attempt, parameters: Body, given: Collection[str]) -> str:
    if parameters.get("ruleType") != "fieldRequired":
        return ""
    for name in _listed(parameters, "fieldsRequired"):
        if not attempt.fields.get(name) and name not in given:
            return str(parameters.get("errorMessage") or f"{name} is required.")
    return ""


def _check_parent(attempt: Attempt, parameters: Body, _: Collection[str]) -> str:
    blocked = str(attempt.parent) in _listed(parameters, "statusIds")
    return "The status of the parent does not allow that." if blocked else ""


def _new_assignee(attempt: Attempt, parameters: Body) -> Any:
    kind = parameters.get("type")
    if kind == "to-selected-user":
        return parameters.get("accountId")
    return attempt.account.account_id if kind == "to-current-user" else None


def _updated(parameters: Body) -> Body:
    """A field that the rule sets: only what is stored as an id or as a text is simulated."""
    name, value = str(parameters.get("field")), str(parameters.get("value") or "")
    if name in ("resolution", "priority"):
        return {name: int(value) if value.isdigit() else None}
    return {name: value} if name in ("summary",) and value else {}


_CONDITIONS: Mapping[str, Callable[[Attempt, Body], bool]] = {
    "system:restrict-issue-transition": _may_transition,
    "system:restrict-from-all-users": _open_to_programs,
    "system:parent-or-child-blocking-condition": _children_are_there,
}
_VALIDATORS: Mapping[str, Callable[[Attempt, Body, Collection[str]], str]] = {
    "system:check-permission-validator": _check_permission,
    "system:validate-field-value": _check_field,
    "system:parent-or-child-blocking-validator": _check_parent,
}
