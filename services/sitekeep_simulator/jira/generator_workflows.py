"""Which types issues of a generated Jira have, and how they go from status to status."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from sitekeep_simulator.jira.defaults import DEFAULT_TYPE_SCHEME, add_type_scheme
from sitekeep_simulator.jira.objects import ObjectKind
from sitekeep_simulator.jira.projects import Project, Projects
from sitekeep_simulator.jira.state import Jira


def make_type_schemes(jira: Jira, projects: Sequence[Project]) -> None:
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
