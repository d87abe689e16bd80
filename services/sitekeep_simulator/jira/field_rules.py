"""Which fields the issues of a type in a project have and need, whatever the site keeps it in."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sitekeep_simulator.jira import field_configurations, field_schemes
from sitekeep_simulator.jira.fields import field_names
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.state import Jira


def is_hidden(jira: Jira, project: Project, type_id: int, field_id: str) -> bool:
    """Whether issues of a type in a project do not have a field at all."""
    if project.body["style"] == "next-gen":
        return False
    return bool(_rules(jira, project, type_id)(field_id)["isHidden"])


def lacking(
    jira: Jira, project: Project, type_id: int, values: Mapping[str, Any], named: Iterable[str]
) -> dict[str, str]:
    """Those of the named fields that are required and have no value, with Jira's words."""
    if project.body["style"] == "next-gen":
        return {}
    said, names = _rules(jira, project, type_id), field_names(jira)
    return {
        each: f"{names.get(each, each)} is required."
        for each in named
        if said(each)["isRequired"] and values.get(each) in (None, "", [], {})
    }


def _rules(jira: Jira, project: Project, type_id: int) -> Callable[[str], Body]:
    """What holds for each field, by its id."""
    scheme = field_schemes.scheme_of(jira, project)
    if scheme is not None:
        return functools.partial(field_schemes.item_of, scheme, type_id)
    found = field_configurations.configuration_of(jira, project, type_id)
    return functools.partial(field_configurations.item_of, found)
