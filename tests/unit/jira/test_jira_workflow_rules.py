"""The rules of workflows with the ids of another site."""

from __future__ import annotations

import pytest

from sitekeep_restore.importers.jira.workflow_bodies import BodyMaker, without_rule, without_rules
from sitekeep_restore.importers.jira.workflow_rules import RuleIds
from support.jira_fakes import Json

MAPS = {
    "field": {"customfield_1": "customfield_91", "customfield_2": "customfield_92"},
    "field_type": {
        "customfield_1": "com.atlassian.jira.plugin.system.customfieldtypes:select",
        "customfield_2": "com.atlassian.jira.plugin.system.customfieldtypes:textfield",
    },
    "status": {"1": "901", "2": "902"},
    "project_role": {"5": "905"},
    "group": {"g": "G"},
    "user": {"712020:a": "712020:b"},
    "resolution": {"10": "910"},
    "priority": {"20": "920"},
    "option": {"30": "930"},
    "screen": {"40": "940"},
}
IDS = RuleIds(MAPS)


def rule(key: str, /, **parameters: str) -> Json:
    return {"ruleKey": f"system:{key}", "parameters": parameters}


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        ("previous-status-condition", {"previousStatusIds": "1"}, {"previousStatusIds": "901"}),
        ("parent-or-child-blocking-condition", {"statusIds": "1,2"}, {"statusIds": "901,902"}),
        (
            "separation-of-duties",
            {"fromStatusId": "1", "toStatusId": "2"},
            {"fromStatusId": "901", "toStatusId": "902"},
        ),
        (
            "validate-field-value",
            {"ruleType": "fieldRequired", "fieldsRequired": "assignee,customfield_1"},
            {"ruleType": "fieldRequired", "fieldsRequired": "assignee,customfield_91"},
        ),
        (
            "restrict-issue-transition",
            {"accountIds": "allow-reporter,712020:a", "roleIds": "5", "groupIds": "g"},
            {"accountIds": "allow-reporter,712020:b", "roleIds": "905", "groupIds": "G"},
        ),
        ("change-assignee", {"type": "to-unassigned"}, {"type": "to-unassigned"}),
        ("update-field", {"field": "resolution", "value": "10"}, {"value": "910"}),
        ("update-field", {"field": "summary", "value": "10"}, {"value": "10"}),
        ("update-field", {"field": "customfield_1", "value": "30"}, {"value": "930"}),
        ("update-field", {"field": "customfield_2", "value": "30"}, {"value": "30"}),
        (
            "check-field-value",
            {"fieldId": "priority", "fieldValue": '["20"]'},
            {"fieldValue": '["920"]'},
        ),
        (
            "check-field-value",
            {"fieldId": "resolution", "fieldValue": '["Done"]'},
            {"fieldValue": '["Done"]'},
        ),
        ("transition-screen", {"screenId": "40"}, {"screenId": "940"}),
        ("a-rule-of-tomorrow", {"statusIds": "1"}, {"statusIds": "1"}),
    ],
)
def test_ids_become_those_of_the_destination(key: str, before: Json, after: Json) -> None:
    found, has_lost = IDS.rule(rule(key, **before))
    assert found is not None
    assert found["parameters"].items() >= after.items()
    assert not has_lost


@pytest.mark.parametrize(
    ("key", "parameters"),
    [
        ("change-assignee", {"type": "to-selected-user", "accountId": "712020:gone"}),
        ("trigger-webhook", {"webhookId": "1"}),
        ("transition-screen", {"screenId": "41"}),
        ("update-field", {"field": "customfield_3", "value": "x"}),
        ("update-field", {"field": "resolution", "value": "11"}),
        ("check-field-value", {"fieldId": "priority", "fieldValue": '["20","21"]'}),
        ("restrict-issue-transition", {"roleIds": "6", "groupIds": "h"}),
        ("copy-value-from-other-field", {"sourceFieldKey": "x", "targetFieldKey": "customfield_3"}),
    ],
)
def test_a_rule_that_names_nothing_any_more_goes(key: str, parameters: Json) -> None:
    assert IDS.rule(rule(key, **parameters)) == (None, True)


def test_what_is_left_of_a_restriction_stays_and_the_rest_is_told() -> None:
    found, has_lost = IDS.rule(rule("restrict-issue-transition", roleIds="5,6", groupIds="h"))
    assert found is not None
    assert found["parameters"] == {"roleIds": "905", "groupIds": ""}
    assert has_lost


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("jira.field.resolution.exclude", "10", "910"),
        ("jira.field.resolution.include", "11", None),
        ("jira.field.resolution.include", "", ""),
        ("jira.field.resolution.exclude", " , ", " , "),
        ("jira.permission.comment.projectrole.1", "5", "905"),
        ("jira.permission.edit.user", "712020:a", "712020:b"),
        ("jira.issue.editable", "false", "false"),
        ("anything", "10", "10"),
    ],
)
def test_properties_that_name_ids_follow(name: str, value: str, expected: str | None) -> None:
    assert IDS.property(name, value) == expected


def body() -> tuple[Json, BodyMaker]:
    app = {"id": "x", "ruleKey": "forge:workflow-post-function", "parameters": {"key": "app"}}
    gate = {
        "operation": "ANY",
        "conditions": [{"id": None, **rule("previous-status-condition", previousStatusIds="1")}],
        "conditionGroups": [{"operation": "ALL", "conditions": [app], "conditionGroups": []}],
    }
    transition = {
        "id": "11",
        "name": "Go",
        "type": "DIRECTED",
        "toStatusReference": "s",
        "links": [{"fromStatusReference": "s", "fromPort": None, "toPort": 3}],
        "actions": [rule("update-field", field="summary", value="x"), app],
        "conditions": gate,
        "customIssueEventId": "10100",
    }
    source: Json = {
        "id": "w",
        "name": "Flow",
        "statuses": [{"statusReference": "s", "layout": {"x": 1.5, "y": None}}],
        "transitions": [transition],
        "startPointLayout": {"x": 0.0, "y": -1.0},
    }
    maker = BodyMaker(IDS, {"s": "t"})
    return maker.workflow(source, "Flow"), maker


def test_a_body_has_the_references_layouts_and_no_nulls() -> None:
    made, maker = body()
    (transition,) = made["transitions"]
    assert transition["links"] == [{"fromStatusReference": "t", "toPort": 3}]
    assert made["statuses"] == [{"statusReference": "t", "properties": {}, "layout": {"x": 1.5}}]
    assert made["startPointLayout"] == {"x": 0.0, "y": -1.0}
    assert maker.lost == ["Go: event 10100"]
    assert "customIssueEventId" not in transition


def test_every_rule_has_an_id_of_its_own_that_stays_the_same() -> None:
    first, second = body()[0], body()[0]
    assert first == second
    actions = first["transitions"][0]["actions"]
    assert len({each["id"] for each in actions} - {None, "x"}) == 2


def test_a_rule_that_the_site_refuses_is_found_wherever_it_stands() -> None:
    made, _ = body()
    (transition,) = made["transitions"]
    nested = transition["conditions"]["conditionGroups"][0]["conditions"][0]["id"]
    assert without_rule(made, nested) == "Go: forge:workflow-post-function"
    assert transition["conditions"]["conditionGroups"] == []
    assert without_rule(made, nested) == ""


def conditions(source: Json) -> Json:
    transition = {"id": "1", "name": "Go", "toStatusReference": "s", "conditions": source}
    workflow = {"id": "w", "name": "Flow", "transitions": [transition]}
    made = BodyMaker(IDS, {"s": "t"}).workflow(workflow, "Flow")
    found: Json = made["transitions"][0].get("conditions")
    return found


def group(*rules: Json, inner: tuple[Json, ...] = ()) -> Json:
    return {"operation": "ANY", "conditions": list(rules), "conditionGroups": list(inner)}


def test_a_group_that_was_empty_stays_and_one_that_has_lost_all_goes() -> None:
    gone = rule("restrict-issue-transition", groupIds="gone")
    kept = conditions(group(inner=(group(gone), group(), group(inner=(group(),)))))
    assert kept == group(inner=(group(), group(inner=(group(),))))
    assert conditions(group(gone, inner=(group(gone),))) is None
    assert conditions(group()) is None


def test_only_a_group_that_has_lost_a_refused_rule_goes_with_it() -> None:
    refused = {**rule("previous-status-condition", previousStatusIds="1"), "id": "r"}
    inner = group(inner=(group(refused),))
    transition: Json = {"name": "Go", "conditions": group(inner=(group(), inner))}
    assert without_rule({"transitions": [transition]}, "r") == f"Go: {refused['ruleKey']}"
    assert transition["conditions"] == group(inner=(group(),))


def test_without_the_id_of_a_rule_those_of_apps_go_first() -> None:
    made, _ = body()
    app = "Go: forge:workflow-post-function"
    assert without_rules(made, "11") == [app, app]
    assert without_rules(made, "11") == [
        "Go: system:update-field",
        "Go: system:previous-status-condition",
    ]
    assert "conditions" not in made["transitions"][0]
    assert without_rules(made, "12") == []


def test_a_transition_that_leads_back_to_each_status_names_none() -> None:
    loop: Json = {"id": "1", "name": "Again", "type": "GLOBAL", "toStatusReference": None}
    source: Json = {"id": "w", "name": "Flow", "transitions": [loop]}
    (made,) = BodyMaker(IDS, {}).workflow(source, "Flow")["transitions"]
    assert "toStatusReference" not in made


def test_a_status_that_is_not_there_stops_the_workflow() -> None:
    source: Json = {"id": "w", "name": "Flow", "statuses": [{"statusReference": "gone"}]}
    with pytest.raises(LookupError):
        BodyMaker(IDS, {}).workflow(source, "Flow")
