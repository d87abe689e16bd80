"""Rules of workflows are compared by what they name, whatever ids a site has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sitekeep_cli.comparison.model import Mode
from sitekeep_cli.comparison.reading import WHY_UNKNOWN
from sitekeep_shared.kinds import Kind
from support.cli_backups import Records, compared

Json = dict[str, Any]
APP = {"ruleKey": "connect:expression-condition", "parameters": {"appKey": "an.app"}}


def site(first: int, *, transition: Json | None = None, value: str = "Bright") -> Records:
    """A site whose ids begin at a number; a rule sets a field to the option below another one."""
    field = f"customfield_{first}"
    options = [
        {"id": str(first + 1), "value": "Red", "disabled": False},
        {"id": str(first + 2), "value": value, "disabled": False, "optionId": str(first + 1)},
    ]
    attributes = {"field": field, "options": json.dumps(options)}
    schema = {"type": "option-with-child", "custom": "cascadingselect"}
    project = {"id": str(first), "key": "ALOY", "name": "Alloy"}
    own = {"attributes": {"project": str(first)}}
    rules = [
        _sets(field, str(first + 2)),
        _sets("fixVersions", str(first + 3)),
        _sets("components", str(first + 4)),
        _sets("customfield_9", str(first + 2)),
    ]
    flow = {"id": f"w{first}", "name": "Flow", "transitions": [transition or _step(actions=rules)]}
    named = {"id": field, "name": "Colour", "custom": True, "schema": schema}
    return {
        Kind.FIELD: [{"key": field, "payload": named}],
        Kind.FIELD_CONTEXT: [
            {"key": str(first), "payload": {"name": "All"}, "attributes": attributes}
        ],
        Kind.PROJECT: [{"key": str(first), "payload": project, "attributes": {"key": "ALOY"}}],
        Kind.VERSION: [{"key": str(first + 3), "payload": {"name": "1.0"}, **own}],
        Kind.COMPONENT: [{"key": str(first + 4), "payload": {"name": "Core"}, **own}],
        Kind.WORKFLOW: [{"key": f"w{first}", "payload": flow}],
    }


def _sets(field: str, value: str) -> Json:
    return {"ruleKey": "system:update-field", "parameters": {"field": field, "value": value}}


def _step(**more: Any) -> Json:
    return {"id": "1", "name": "Go", "type": "GLOBAL", **more}


def _differing(left: Records, right: Records) -> list[tuple[str, Any, Any]]:
    found, _ = compared(left, right, jira=True)
    return [(one.path, one.left, one.right) for one in found if one.kind is Kind.WORKFLOW]


def test_values_that_name_options_versions_and_components_are_compared_by_what_they_name() -> None:
    transition = "transitions.1 Go.actions.system:update-field"
    # That of the last rule is no option of its field: it is the value itself.
    assert _differing(site(100), site(700)) == [(f"{transition} 4.value.0", "102", "702")]
    other = site(700, value="Dark")
    first = (f"{transition} 1.value.0", "All/Red/Bright", "All/Red/Dark")
    assert _differing(site(100), other)[0] == first


def _gate(*groups: Json) -> Json:
    return _step(conditions=_group(_people("1"), inner=groups))


def _group(*rules: Json, inner: tuple[Json, ...] = ()) -> Json:
    return {"operation": "ANY", "conditions": list(rules), "conditionGroups": list(inner)}


PEOPLE = "system:restrict-issue-transition"


def _people(permission: str) -> Json:
    return {"ruleKey": PEOPLE, "parameters": {"permissionKeys": permission}}


GONE = "transitions.1 Go.conditions.group 1"
APPS = "connect:expression-condition"


@pytest.mark.parametrize(
    ("gone", "paths"),
    [
        (_group(APP), [f"{GONE}.{APPS} 1"]),
        (_group(inner=(_group(APP, APP),)), [f"{GONE}.group 1.{APPS} {place}" for place in (1, 2)]),
        (_group(_people("1"), _people("3")), [f"{GONE}.{PEOPLE} {place}" for place in (1, 2)]),
        (_group(), [GONE]),
    ],
)
def test_a_group_that_is_gone_moves_no_other_one(gone: Json, paths: list[str]) -> None:
    left = site(1, transition=_gate(gone, _group(_people("2"))))
    right = site(1, transition=_gate(_group(_people("2"))))
    assert [path for path, _, _ in _differing(left, right)] == paths
    assert _differing(left, left) == []


def test_a_rule_that_is_gone_moves_no_other_one() -> None:
    said = {"validators": [_people("1"), _people("2"), _people("3")]}
    left = site(1, transition=_step(**said))
    right = site(1, transition=_step(validators=[_people("2"), _people("3")]))
    path = f"transitions.1 Go.validators.{PEOPLE} 1"
    assert [each[0] for each in _differing(left, right)] == [path]


def test_rules_in_another_order_or_with_other_words_differ() -> None:
    left = site(1, transition=_step(validators=[_people("1"), _people("2"), _people("3")]))
    for other in ([_people("3"), _people("2"), _people("1")], [_people("2"), _people("1")]):
        right = site(1, transition=_step(validators=other))
        assert any(path.endswith("permissionKeys") for path, _, _ in _differing(left, right))


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (_sets("customfield_404", "x"), WHY_UNKNOWN),
        ({"ruleKey": "system:transition-screen", "parameters": {"screenId": "4"}}, WHY_UNKNOWN),
        (_sets("summary", "unknown field customfield_404"), ""),
    ],
)
def test_only_a_rule_that_named_nothing_before_may_go(rule: Json, why: str) -> None:
    left, right = site(1, transition=_step(actions=[rule])), site(1, transition=_step())
    found, _ = compared(left, right, jira=True, mode=Mode.RESTORED)
    assert [one.declared_by for one in found if one.kind is Kind.WORKFLOW] == [why]
    found, _ = compared(right, left, jira=True, mode=Mode.RESTORED)
    assert [one.declared_by for one in found if one.kind is Kind.WORKFLOW] == [""]
