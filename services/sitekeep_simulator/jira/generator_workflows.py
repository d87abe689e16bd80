"""Which types issues of a generated Jira have, and how they go from status to status.

All of it is made behind the issues: their statuses are those of the workflow with which their
projects begin, and every workflow here has those, too.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sitekeep_simulator.jira.defaults import (
    DEFAULT_TYPE_SCHEME,
    add_status,
    add_type_scheme,
    workflow_uuid,
)
from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project, Projects
from sitekeep_simulator.jira.state import Jira

_APP = "com.example.app"
_FORGE = "ari:cloud:ecosystem::extension/9df6d15f/static/check"


def make_workflow_configuration(jira: Jira, setting: Setting) -> None:
    """Issue type schemes, workflows with rules of every sort, and schemes of those."""
    _make_type_schemes(jira, setting.projects)
    _make_workflow_schemes(jira, setting.projects, _Makings.of(jira, setting))


def _make_type_schemes(jira: Jira, projects: Sequence[Project]) -> None:
    """Schemes with orders and default types of their own; every third project gets one."""
    ids = [each.id for each in jira.objects.all(ObjectKind.ISSUE_TYPE)]
    default = jira.objects.named(ObjectKind.TYPE_SCHEME, DEFAULT_TYPE_SCHEME)
    if default is not None:
        # A site puts every new type behind those of its default scheme.
        body = default.body | {"issueTypeIds": ids}
        jira.objects.put(dataclasses.replace(default, body=body))
    turned = add_type_scheme(jira, "„Typen“ & Reihenfolge", ids[::-1], "Von hinten.", ids[-1])
    add_type_scheme(jira, "型 <nobody's>", ids[1:4], "Only\nthree.", ids[3])
    add_type_scheme(jira, "Without a default", ids[:2])
    for project in projects[::3]:
        Projects(jira).change(project, type_scheme=turned.id)


def _make_workflow_schemes(jira: Jira, projects: Sequence[Project], makings: _Makings) -> None:
    """Three schemes, with one workflow or several; the site's default one stays with some."""
    for app in (_APP, _FORGE):
        jira.objects.add(ObjectKind.APP, app, {})
    guarded, approval, plain = _guarded(makings), _approval(makings), _plain(makings)
    kinds = {each.name: str(each.id) for each in jira.objects.all(ObjectKind.ISSUE_TYPE)}
    schemes = [
        _scheme(jira, "Abläufe & „mehr“", guarded, {kinds["Bug"]: plain, kinds["Epic"]: approval}),
        _scheme(jira, "流れ <2>", plain, {kinds["Sub-task"]: guarded}),
        _scheme(jira, "Nobody's, yet", approval, {}),
    ]
    for number, project in enumerate(projects):
        if number % 3 < 2:
            Projects(jira).change(project, workflow_scheme=schemes[number % 3].id)


def _scheme(jira: Jira, name: str, default: str, mappings: dict[str, str]) -> JiraObject:
    body: Body = {
        "description": f"{name}:\nwie es geht.",
        "defaultWorkflow": default,
        "issueTypeMappings": mappings,
    }
    return jira.objects.add(ObjectKind.WORKFLOW_SCHEME, name, body)


@dataclass(frozen=True)
class _Makings:
    """What the rules name: statuses, fields, roles, groups, people."""

    jira: Jira
    statuses: Sequence[JiraObject]
    fields: dict[str, str]
    role: str
    group: str
    person: str
    resolution: str
    screen: str

    @classmethod
    def of(cls, jira: Jira, setting: Setting) -> _Makings:
        """Of what the site has already, and one more status."""
        waiting = add_status(jira, "Wartet „auf“ andere", "TODO", "Somebody & <others>.")
        known = {each.name: each for each in jira.objects.all(ObjectKind.STATUS)}
        names = ("To Do", "In Progress", "In Review", "Done")
        able = next(each for each in setting.people if each.active)
        return cls(
            jira,
            [*(known[name] for name in names), waiting],
            {each.name: f"customfield_{each.id}" for each in setting.fields},
            str(jira.objects.all(ObjectKind.ROLE)[-1].id),
            jira.accounts.add_group("developers").group_id,
            able.account_id,
            str(jira.objects.all(ObjectKind.RESOLUTION)[1].id),
            str(jira.objects.all(ObjectKind.SCREEN)[-1].id),
        )

    def workflow(self, name: str, transitions: Sequence[Body], *, last: int = 4) -> str:
        """A workflow of the first statuses and its name."""
        statuses: list[Body] = [
            {
                "statusReference": str(status.id),
                "layout": {"x": 100.5 * place, "y": -16.0},
                "properties": {"jira.issue.editable": "false"} if place == last else {},
            }
            for place, status in enumerate(self.statuses[: last + 1])
        ]
        body: Body = {
            "id": workflow_uuid(self.jira, name),
            "description": f"{name}: «so»\nund nicht anders.",
            "statuses": statuses,
            "transitions": list(transitions),
            "startPointLayout": {"x": -100.25, "y": -153.0},
            "loopedTransitionContainerLayout": {"x": 10.0, "y": 20.5},
            "created": self.jira.now(),
        }
        self.jira.objects.add(ObjectKind.WORKFLOW, name, body)
        return name

    def step(self, number: int, name: str, to: int, *starts: int, **more: Any) -> Body:
        """A transition: global without starts, the first one the initial one."""
        kind = "INITIAL" if number == 1 else "DIRECTED" if starts else "GLOBAL"
        links: list[Body] = [
            {"fromStatusReference": str(self.statuses[each].id), "fromPort": 0, "toPort": 1}
            for each in starts
        ]
        empty: Body = {"actions": [], "validators": [], "triggers": [], "properties": {}}
        named: Body = {"id": str(number), "name": name, "description": "", "type": kind}
        target = {"toStatusReference": str(self.statuses[to].id), "links": links}
        return empty | named | target | more


def _rule(rule_key: str, /, **parameters: str) -> Body:
    number = uuid.uuid5(uuid.NAMESPACE_OID, f"{rule_key} {sorted(parameters.items())}")
    return {"id": str(number), "ruleKey": rule_key, "parameters": parameters}


def _guarded(makings: _Makings) -> str:
    """Conditions in groups, validators, post-functions, a loop, and rules of apps."""
    step, fields = makings.step, makings.fields
    waiting = str(makings.statuses[4].id)
    people = _rule(
        "system:restrict-issue-transition",
        accountIds=f"allow-assignee,{makings.person}",
        roleIds=makings.role,
        groupIds=makings.group,
        denyUserCustomFields=fields["Reviewer"],
    )
    children = _rule(
        "system:parent-or-child-blocking-condition",
        blocker="CHILD",
        statusIds=f"{makings.statuses[3].id},{waiting}",
    )
    of_app = _rule("connect:expression-condition", appKey=_APP, config="{}")
    inner: Body = {"operation": "ANY", "conditions": [people, children], "conditionGroups": []}
    gate: Body = {"operation": "ALL", "conditions": [of_app], "conditionGroups": [inner]}
    wanted = _rule(
        "system:validate-field-value",
        ruleType="fieldRequired",
        fieldsRequired=f"assignee,{fields['Severity']}",
        ignoreContext="true",
        errorMessage="Wer „macht“ es?",
    )
    forge = _rule("forge:expression-validator", key=_FORGE, config='{"a":1}')
    allowed = _rule("system:check-permission-validator", permissionKey="RESOLVE_ISSUES")
    done = [
        _rule("system:update-field", field="resolution", value=makings.resolution),
        _rule("system:change-assignee", type="to-selected-user", accountId=makings.person),
        _rule("system:trigger-webhook", webhookId="17"),
    ]
    screen = _rule("system:transition-screen", screenId=makings.screen)
    pushed = _rule("system:development-triggers", enabledTriggers="branch-created-trigger")
    resolutions = {"jira.field.resolution.exclude": makings.resolution, "key with blanks": "ä"}
    return makings.workflow(
        "Entwicklung „streng“ & gründlich",
        [
            step(1, "Create", 0, validators=[allowed]),
            step(11, "Anfangen → jetzt", 1, 0, 4, conditions=gate, triggers=[pushed]),
            step(21, "Prüfen", 2, 1, validators=[wanted, forge]),
            step(31, "Fertig", 3, actions=done, properties=resolutions, transitionScreen=screen),
            step(41, "Noch einmal", 1, 1, description="Von hier\nnach hier."),
            step(51, "Warten", 4),
        ],
    )


def _approval(makings: _Makings) -> str:
    """Two transitions of one name, history conditions, a reminder as the screen."""
    step, done = makings.step, str(makings.statuses[3].id)
    before = _rule("system:previous-status-condition", previousStatusIds=done, **{"not": "true"})
    other = _rule("system:separation-of-duties", fromStatusId=done, toStatusId=done)
    both: Body = {"operation": "ALL", "conditions": [before, other], "conditionGroups": []}
    remind = _rule(
        "system:remind-people-to-update-fields",
        remindingFieldIds=f"assignee,{makings.fields['Story points']}",
        remindingMessage="Bitte!",
        remindingAlwaysAsk="true",
    )
    copy = _rule(
        "system:copy-value-from-other-field",
        sourceFieldKey="summary",
        targetFieldKey=makings.fields["Customer reference"],
        issueSource="SAME",
    )
    return makings.workflow(
        "承認 <flow>",
        [
            step(1, "Create", 0),
            step(2, "Weiter", 1, 0, conditions=both),
            step(3, "Weiter", 2, 1, transitionScreen=remind, actions=[copy]),
            step(4, "Weiter", 3, 2, customIssueEventId="5"),
            step(5, "Zurück", 0),
        ],
        last=3,
    )


def _plain(makings: _Makings) -> str:
    """Every status from every other one, and the value of a field as a condition."""
    severe = _rule(
        "system:check-field-value",
        fieldId="resolution",
        fieldValue=f'["{makings.resolution}"]',
        comparator="=",
        comparisonType="OPTIONID",
    )
    reopened: Body = {"operation": "ALL", "conditions": [severe], "conditionGroups": []}
    steps = [makings.step(1, "Create", 0)]
    steps += [makings.step(10 * place + 11, f"To {place}", place) for place in range(3)]
    steps.append(makings.step(91, "Reopen", 3, conditions=reopened))
    return makings.workflow("Bugs, only", steps, last=3)
