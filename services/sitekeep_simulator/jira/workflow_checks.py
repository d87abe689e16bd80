"""What a site finds wrong with workflows that somebody wants to make.

The rules and their parameters are those that Jira REST v3 names for workflows/capabilities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sitekeep_simulator.answers import list_in, object_in
from sitekeep_simulator.jira.fields import SYSTEM_FIELDS, custom_field
from sitekeep_simulator.jira.objects import Body, ObjectKind
from sitekeep_simulator.jira.permissions import ADMINISTER, PERMISSIONS
from sitekeep_simulator.jira.state import Jira

CATEGORIES = ("TODO", "IN_PROGRESS", "DONE")
_LONGEST_NAME = 255
_PERMISSIONS = PERMISSIONS | {ADMINISTER}
Known = Callable[[Jira, str], bool]


def _is(kind: ObjectKind) -> Known:
    return lambda jira, number: jira.objects.get(kind, number) is not None


def _is_field(jira: Jira, name: str) -> bool:
    return name in SYSTEM_FIELDS or custom_field(jira, name) is not None


def _is_group(jira: Jira, number: str) -> bool:
    return jira.accounts.group(group_id=number) is not None


def _is_account(jira: Jira, account: str) -> bool:
    return account.startswith("allow-") or jira.accounts.get(account) is not None


def _is_permission(_: Jira, name: str) -> bool:
    return name in _PERMISSIONS


def _nothing(_: Jira, __: str) -> bool:
    """Webhooks and the like, of which the simulated site has none."""
    return False


_is_status = _is(ObjectKind.STATUS)
_RULES: Mapping[str, Mapping[str, Known]] = {
    "system:check-permission-validator": {"permissionKey": _is_permission},
    "system:parent-or-child-blocking-validator": {"statusIds": _is_status},
    "system:previous-status-validator": {"previousStatusIds": _is_status},
    "system:validate-field-value": {
        "fieldsRequired": _is_field,
        "fieldKey": _is_field,
        "date1FieldKey": _is_field,
        "date2FieldKey": _is_field,
        "groupsExemptFromValidation": _is_group,
    },
    "system:proforma-forms-attached": {},
    "system:proforma-forms-submitted": {},
    "system:check-field-value": {"fieldId": _is_field},
    "system:restrict-issue-transition": {
        "accountIds": _is_account,
        "roleIds": _is(ObjectKind.ROLE),
        "groupIds": _is_group,
        "permissionKeys": _is_permission,
        "groupCustomFields": _is_field,
        "allowUserCustomFields": _is_field,
        "denyUserCustomFields": _is_field,
    },
    "system:previous-status-condition": {"previousStatusIds": _is_status},
    "system:parent-or-child-blocking-condition": {"statusIds": _is_status},
    "system:separation-of-duties": {"fromStatusId": _is_status, "toStatusId": _is_status},
    "system:restrict-from-all-users": {},
    "system:block-in-progress-approval": {},
    "system:change-assignee": {"accountId": _is_account},
    "system:copy-value-from-other-field": {
        "sourceFieldKey": _is_field,
        "targetFieldKey": _is_field,
    },
    "system:update-field": {"field": _is_field},
    "system:trigger-webhook": {"webhookId": _nothing},
    "system:trigger-agent": {"agentId": _is_account},
    "system:remind-people-to-update-fields": {"remindingFieldIds": _is_field},
    "system:transition-screen": {"screenId": _is(ObjectKind.SCREEN)},
    "system:development-triggers": {},
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: which element it is about and where that stands."""

    type: str
    code: str
    message: str
    place: tuple[tuple[str, str], ...] = ()

    @property
    def bean(self) -> Body:
        """The problem, as workflows/create/validation shows it."""
        named: Body = {"type": self.type, "code": self.code, "level": "ERROR"}
        place = {"elementReference": dict(self.place)} if self.place else {}
        return named | {"message": self.message} | place


def problems_of(jira: Jira, payload: Body) -> list[Problem]:
    """Everything that is wrong with the body of workflows/create."""
    statuses: list[Body] = list_in(payload, "statuses")
    references = [str(each.get("statusReference") or "") for each in statuses]
    found = list(_status_problems(statuses, references))
    names: set[str] = set()
    for workflow in list_in(payload, "workflows"):
        found += _name_problems(jira, workflow, names)
        found += _reference_problems(workflow, set(references))
        found += _transition_problems(workflow)
        found += _rule_problems(jira, workflow)
    return found


def _status_problems(statuses: list[Body], references: list[str]) -> Iterator[Problem]:
    for reference, count in Counter(references).items():
        if not reference or count > 1:
            text = f"The status reference '{reference}' is missing or repeated."
            yield Problem("STATUS", "NON_UNIQUE_STATUS_REFERENCE", text)
    for each in statuses:
        place = (("statusReference", str(each.get("statusReference"))),)
        name, category = str(each.get("name") or "").strip(), each.get("statusCategory")
        if not 1 <= len(name) <= _LONGEST_NAME:
            text = "A status name must have 1 to 255 characters."
            yield Problem("STATUS", "INVALID_STATUS_NAME", text, place)
        if category not in CATEGORIES:
            text = f"The status category '{category}' is not one of {CATEGORIES}."
            yield Problem("STATUS", "INVALID_STATUS_CATEGORY", text, place)


def _name_problems(jira: Jira, workflow: Body, names: set[str]) -> Iterator[Problem]:
    name = str(workflow.get("name") or "").strip()
    taken = name.lower() in names or jira.objects.named(ObjectKind.WORKFLOW, name) is not None
    names.add(name.lower())
    if taken or not 1 <= len(name) <= _LONGEST_NAME:
        text = f"The workflow name '{name}' is empty, too long or already in use."
        yield Problem("WORKFLOW", "NON_UNIQUE_WORKFLOW_NAME", text)


def _reference_problems(workflow: Body, known: set[str]) -> Iterator[Problem]:
    listed = {str(each.get("statusReference")) for each in list_in(workflow, "statuses")}
    for reference in listed - known:
        text = f"The status reference '{reference}' is not among the statuses."
        yield Problem("STATUS_LAYOUT", "UNKNOWN_STATUS", text, (("statusReference", reference),))
    for transition in list_in(workflow, "transitions"):
        target = transition.get("toStatusReference")
        # A global transition without one leads from each status back to it.
        ends = [] if target is None and transition.get("type") == "GLOBAL" else [target]
        ends += [each.get("fromStatusReference") for each in list_in(transition, "links")]
        for end in ends:
            if str(end) not in listed:
                place = (("transitionId", str(transition.get("id"))),)
                text = f"The status reference '{end}' is not among those of the workflow."
                yield Problem("TRANSITION", "UNKNOWN_STATUS", text, place)


def _transition_problems(workflow: Body) -> Iterator[Problem]:
    transitions: list[Body] = list_in(workflow, "transitions")
    if sum(each.get("type") == "INITIAL" for each in transitions) != 1:
        text = f"The workflow '{workflow.get('name')}' needs exactly one initial transition."
        yield Problem("WORKFLOW", "INITIAL_TRANSITION", text)
    numbers = Counter(str(each.get("id")) for each in transitions)
    names = Counter(each.get("name") for each in transitions if each.get("type") == "GLOBAL")
    for each in transitions:
        number = str(each.get("id"))
        place = (("transitionId", number),)
        if not each.get("name"):
            yield Problem("TRANSITION", "TRANSITION_NAME", "A transition has no name.", place)
        if numbers[number] > 1:
            text = f"The transition id {number} is repeated."
            yield Problem("TRANSITION", "NON_UNIQUE_TRANSITION_ID", text, place)
        if each.get("type") == "GLOBAL" and names[each.get("name")] > 1:
            text = f"The name '{each.get('name')}' of a global transition is repeated."
            yield Problem("TRANSITION", "NON_UNIQUE_TRANSITION_NAME", text, place)
        if each.get("type") == "DIRECTED" and not each.get("links"):
            text = "A directed transition needs a status that it starts from."
            yield Problem("TRANSITION", "NO_START", text, place)


def _rule_problems(jira: Jira, workflow: Body) -> Iterator[Problem]:
    for transition in list_in(workflow, "transitions"):
        for kind, rule in rules_of(transition):
            message = _rule_message(jira, rule)
            if message:
                place = [("transitionId", str(transition.get("id")))]
                place += [("ruleId", str(rule["id"]))] if rule.get("id") else []
                yield Problem(kind, "INVALID_RULE", message, tuple(place))


def rules_of(transition: Body) -> Iterator[tuple[str, Body]]:
    """Every rule of a transition, each with the type of element that it is."""
    for name in ("actions", "validators"):
        for rule in list_in(transition, name):
            yield "RULE", rule
    for rule in conditions_of(object_in(transition, "conditions")):
        yield "RULE", rule
    if transition.get("transitionScreen"):
        yield "RULE", transition["transitionScreen"]
    for rule in list_in(transition, "triggers"):
        yield "TRIGGER", rule


def conditions_of(group: Body) -> Iterator[Body]:
    """The conditions of a group and of the groups in it."""
    yield from list_in(group, "conditions")
    for each in list_in(group, "conditionGroups"):
        yield from conditions_of(each)


def _rule_message(jira: Jira, rule: Body) -> str:
    """What is wrong with a rule; empty: nothing."""
    key, parameters = str(rule.get("ruleKey") or ""), object_in(rule, "parameters")
    if key.startswith(("connect:", "forge:")):
        app = str(parameters.get("appKey") or parameters.get("key") or "")
        installed = jira.objects.named(ObjectKind.APP, app) is not None
        return "" if installed else f"The app of the rule '{key}' is not installed: {app}"
    if key not in _RULES:
        return f"There is no rule '{key}'."
    for name, known in _RULES[key].items():
        for value in filter(None, str(parameters.get(name) or "").split(",")):
            if not known(jira, value):
                return f"The parameter {name} of '{key}' names what does not exist: {value}"
    return ""
