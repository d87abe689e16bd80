"""Field configurations of a generated Jira, which many of its issues would not pass any more."""

from __future__ import annotations

import random

from sitekeep_simulator.jira import field_schemes
from sitekeep_simulator.jira.field_configurations import (
    DEFAULT_CONFIGURATION,
    TEXT,
    add_field_configuration,
    change_items,
)
from sitekeep_simulator.jira.generator_issues import Setting
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Projects
from sitekeep_simulator.jira.state import Jira


def make_field_configurations(jira: Jira, _: random.Random, setting: Setting) -> None:
    """Two configurations beside a changed default one, and schemes of two projects.

    On a site of the newer generation: two field schemes beside a changed default one.
    """
    default_scheme = field_schemes.default_scheme(jira)
    if default_scheme is not None:
        _make_field_schemes(jira, default_scheme, setting)
        return
    fields = {each.name: f"customfield_{each.id}" for each in setting.fields}
    strict: dict[str, Body] = {
        "description": {
            "isRequired": True,
            "description": "Was „genau“ ist los?",
            "renderer": TEXT,
        },
        fields["Severity"]: {"isRequired": True},
        fields["Areas"]: {"isHidden": True},
        "environment": {"isHidden": True},
    }
    loose: dict[str, Body] = {
        "duedate": {"description": "期日 & <Frist>"},
        fields["Reviewer"]: {"isHidden": True},
    }
    first = add_field_configuration(jira, "Streng & „genau“", strict, "Alles muß.")
    second = add_field_configuration(jira, "緩い <2>", loose)
    default = jira.objects.named(ObjectKind.FIELD_CONFIGURATION, DEFAULT_CONFIGURATION)
    if default is not None:
        change_items(jira, default, [{"id": "duedate", "isRequired": True}])
    types = jira.objects.all(ObjectKind.ISSUE_TYPE)
    mixed: Body = {"default": first.id, str(types[0].id): second.id}
    schemes = (("Nach „Art“", mixed), ("型 (alle)", {"default": second.id}))
    for project, (name, mappings) in zip(setting.projects, schemes, strict=False):
        body: Body = {"description": f"{name}.", "mappings": mappings}
        made = jira.objects.add(ObjectKind.FIELD_CONFIGURATION_SCHEME, name, body)
        found = Projects(jira).visible(str(project.id))
        chosen = found.body | {"fieldConfigurationScheme": made.id}
        Projects(jira).change(found, body=chosen)


def _make_field_schemes(jira: Jira, default: JiraObject, setting: Setting) -> None:
    fields = {each.name: f"customfield_{each.id}" for each in setting.fields}
    types = [str(each.id) for each in jira.objects.all(ObjectKind.ISSUE_TYPE)]
    required: Body = {"parameters": {"isRequired": True}}
    said: Body = {"parameters": {"isRequired": True, "description": "Was „genau“ ist los?"}}
    own = [
        {"workTypeId": types[0], "isRequired": False, "description": "<nur> hier"},
        {"workTypeId": types[1], "isRequired": True},
    ]
    strict: dict[str, Body] = {
        "description": said,
        "priority": {},
        fields["Severity"]: {
            "parameters": {"isRequired": True},
            "restrictedToWorkTypes": types[:2],
        },
        fields["Platforms"]: {"workTypeParameters": own},
    }
    loose = {each: Body() for each in (*fields.values(), *field_schemes.REMOVABLE)} | {
        "duedate": {"parameters": {"description": "期日 & <Frist>"}},
    }
    without = {each: one for each, one in loose.items() if each != "labels"}
    first, second = (str(each.id) for each in setting.projects[:2])
    field_schemes.add_field_scheme(jira, "Streng & „genau“", strict, [int(first)], "Alles muß.")
    field_schemes.add_field_scheme(jira, "緩い <2>", without, [int(second)])
    changed = field_schemes.put_association(jira, default, "environment", None)
    field_schemes.put_association(jira, changed, "duedate", required)
