"""Product Discovery projects as people make them, with issue type, statuses and fields of own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sitekeep_simulator.jira.defaults import (
    add_issue_type,
    add_status,
    add_type_scheme,
    add_workflow,
)
from sitekeep_simulator.jira.fields import TYPES_PREFIX, add_scoped_field
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.projects import Project, Projects
from sitekeep_simulator.jira.screens import add_screen
from sitekeep_simulator.jira.state import Jira

DELIVERY_LINK = "Polaris work item link"
_STATUSES = (
    ("Parking lot", "TODO"),
    ("Discovery „jetzt“", "IN_PROGRESS"),
    ("Ready for delivery", "DONE"),
)
_FIELDS = (
    ("Impact", "jira.polaris:rating"),
    ("Zeitraum", "jira.polaris:interval"),
    ("Impact score", "jira.polaris:formula"),
    ("Insights", "jira.polaris:count-insights"),
    ("Ziel", f"{TYPES_PREFIX}select"),
    ("Themen & „mehr“", f"{TYPES_PREFIX}multiselect"),
)
_OPTIONS = {
    "Ziel": ("Wachstum", "Größere „Ruhe“", "成長 <2>"),
    "Themen & „mehr“": ("Mobile", "Büro & Labor"),
}


@dataclass(frozen=True)
class DiscoveryProject:
    """A project of ideas and what belongs to it alone."""

    project: Project
    idea: JiraObject
    statuses: Sequence[JiraObject]
    fields: Sequence[JiraObject]


def add_discovery_project(jira: Jira, key: str, name: str, lead: str) -> DiscoveryProject:
    """A project as somebody makes it in the product; there is no request for it."""
    idea = add_issue_type(jira, "Idea", "Something that could be built.", 0)
    statuses = [add_status(jira, each, category) for each, category in _STATUSES]
    workflow = add_workflow(jira, f"{key}: ideas", statuses)
    scheme: Body = {"description": "", "defaultWorkflow": workflow.name, "issueTypeMappings": {}}
    flows = jira.objects.add(ObjectKind.WORKFLOW_SCHEME, f"{key}: ideas", scheme)
    types = add_type_scheme(jira, f"{key}: ideas", [idea.id])
    body: Body = {
        "projectTypeKey": "product_discovery",
        "style": "next-gen",
        "leadAccountId": lead,
        "assigneeType": "UNASSIGNED",
        "description": "Was „später“ kommt",
        "url": None,
        "categoryId": None,
        "entityId": f"00000000-0000-4000-9000-{jira.store.next_id('jira.discovery'):012d}",
    }
    project = Projects(jira).add(key, name, types.id, flows.id, body)
    for each in (idea, *statuses, workflow, flows):
        jira.objects.scope(each, project.id)
    fields = [
        add_scoped_field(jira, label, kind, project.id, _OPTIONS.get(label, ()))
        for label, kind in _FIELDS
    ]
    shown = ("summary", "description", *(f"customfield_{each.id}" for each in fields))
    add_screen(jira, f"{key}: Ideen „alle“", {"Idee": shown}, project_id=project.id)
    add_delivery_link(jira)
    return DiscoveryProject(project, idea, statuses, fields)


def add_delivery_link(jira: Jira) -> JiraObject:
    """The type of the links between ideas and the issues that deliver them."""
    found = jira.objects.named(ObjectKind.LINK_TYPE, DELIVERY_LINK)
    words = {"inward": "is implemented by", "outward": "implements"}
    return found or jira.objects.add(ObjectKind.LINK_TYPE, DELIVERY_LINK, words)
