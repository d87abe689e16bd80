"""Which priorities the issues of a project can have."""

from __future__ import annotations

from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.state import Jira

DEFAULT_PRIORITIES = "Default Priority Scheme"


def add_default_scheme(jira: Jira) -> None:
    """Creates the scheme of all projects that have no other one: it holds every priority."""
    listed = jira.objects.all(ObjectKind.PRIORITY)
    default = next((each.id for each in listed if each.body.get("isDefault")), listed[0].id)
    text = "This is the default scheme used by all new and unassigned projects"
    body: Body = {"description": text, "priorityIds": None, "defaultPriorityId": default}
    jira.objects.add(ObjectKind.PRIORITY_SCHEME, DEFAULT_PRIORITIES, body)


def scheme_of(jira: Jira, project: Project) -> JiraObject:
    """The priority scheme that a project has."""
    own = jira.objects.get(ObjectKind.PRIORITY_SCHEME, project.body.get("priorityScheme"))
    default = jira.objects.named(ObjectKind.PRIORITY_SCHEME, DEFAULT_PRIORITIES)
    found = own or default
    if found is None:
        raise LookupError("the site has no default priority scheme")
    return found


def priority_ids(jira: Jira, scheme: JiraObject) -> list[int]:
    """The priorities of a scheme, in their order."""
    own: list[int] | None = scheme.body["priorityIds"]
    return [each.id for each in jira.objects.all(ObjectKind.PRIORITY)] if own is None else own
