"""What a new Jira site has from the start, with Atlassian's names."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sitekeep_simulator.accounts import ADMIN_GROUP
from sitekeep_simulator.jira.field_configurations import install_field_configurations
from sitekeep_simulator.jira.fields import add_product_fields
from sitekeep_simulator.jira.notifications import (
    DEFAULT_NOTIFICATIONS,
    EVENTS,
    add_notification_scheme,
)
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.jira.permissions import (
    DEFAULT_PERMISSIONS,
    FOR_ADMINISTRATORS,
    FOR_EVERYBODY,
    add_permission_scheme,
)
from sitekeep_simulator.jira.priorities import add_default_scheme
from sitekeep_simulator.jira.role_actors import DEFAULT, GROUP, RoleActors
from sitekeep_simulator.jira.screens import install_screens
from sitekeep_simulator.jira.state import Jira

DEFAULT_WORKFLOW = "jira"
DEFAULT_SCHEME = "Default workflow scheme"
DEFAULT_TYPE_SCHEME = "Default Issue Type Scheme"
ADMINISTRATORS = "Administrators"

_TYPES = (
    ("Task", "A small, distinct piece of work.", 0),
    ("Sub-task", "A small piece of work that's part of a larger task.", -1),
    ("Epic", "A collection of related bugs, stories, and tasks.", 1),
    ("Story", "Functionality or a feature expressed as a user goal.", 0),
    ("Bug", "A problem or error.", 0),
)
_STATUSES = (("To Do", "TODO"), ("In Progress", "IN_PROGRESS"), ("Done", "DONE"))
_PRIORITIES = (
    ("Highest", "This problem will block progress.", "#d04437"),
    ("High", "Serious problem that could block progress.", "#f15C75"),
    ("Medium", "Has the potential to affect progress.", "#f79232"),
    ("Low", "Minor problem or easily worked around.", "#707070"),
    ("Lowest", "Trivial problem with little or no impact on progress.", "#999999"),
)
_RESOLUTIONS = (
    ("Done", "Work has been completed on this issue."),
    ("Won't Do", "This issue won't be actioned."),
    ("Duplicate", "The problem is a duplicate of an existing issue."),
    ("Cannot Reproduce", "All attempts at reproducing this issue failed."),
)
_CONCERNED = [("CurrentAssignee", ""), ("Reporter", ""), ("AllWatchers", "")]
_NOTIFICATIONS = dict.fromkeys(EVENTS, _CONCERNED)
_LINK_TYPES = (
    ("Blocks", "is blocked by", "blocks"),
    ("Cloners", "is cloned by", "clones"),
    ("Duplicate", "is duplicated by", "duplicates"),
    ("Relates", "relates to", "relates to"),
)


def install_defaults(jira: Jira) -> None:
    """Creates the defaults unless the site has them."""
    if jira.objects.named(ObjectKind.TYPE_SCHEME, DEFAULT_TYPE_SCHEME) is not None:
        return
    with jira.store.transaction():
        types = [add_issue_type(jira, *each) for each in _TYPES]
        statuses = [add_status(jira, name, category) for name, category in _STATUSES]
        _add_small_lists(jira)
        add_default_scheme(jira)
        workflow = add_workflow(jira, DEFAULT_WORKFLOW, statuses)
        scheme: Body = {
            "description": "",
            "defaultWorkflow": workflow.name,
            "issueTypeMappings": {},
        }
        jira.objects.add(ObjectKind.WORKFLOW_SCHEME, DEFAULT_SCHEME, scheme)
        add_type_scheme(jira, DEFAULT_TYPE_SCHEME, [each.id for each in types])
        _add_roles(jira)
        _add_permissions(jira)
        add_notification_scheme(jira, DEFAULT_NOTIFICATIONS, _NOTIFICATIONS)
        install_screens(jira)
        install_field_configurations(jira)
        add_product_fields(jira)


def add_issue_type(jira: Jira, name: str, description: str, level: int) -> JiraObject:
    """Creates an issue type of a hierarchy level."""
    body = {"description": description, "hierarchyLevel": level}
    return jira.objects.add(ObjectKind.ISSUE_TYPE, name, body)


def add_status(
    jira: Jira, name: str, category: str, description: str = "", project_id: int = 0
) -> JiraObject:
    """Creates a status of a category: TODO, IN_PROGRESS or DONE."""
    body = {"description": description, "category": category}
    return jira.objects.add(ObjectKind.STATUS, name, body, project_id=project_id)


def add_type_scheme(
    jira: Jira,
    name: str,
    type_ids: Sequence[int],
    description: str = "",
    default: int | None = None,
) -> JiraObject:
    """Creates an issue type scheme, with or without a default type."""
    body: Body = {
        "description": description,
        "issueTypeIds": list(type_ids),
        "defaultIssueTypeId": default,
    }
    return jira.objects.add(ObjectKind.TYPE_SCHEME, name, body)


def add_workflow(jira: Jira, name: str, statuses: Sequence[JiraObject]) -> JiraObject:
    """Creates a workflow with a global transition to each of its statuses."""
    transitions = [_transition("1", "Create", statuses[0], "INITIAL")]
    transitions += [
        _transition(str(number * 10 + 1), status.name, status, "GLOBAL")
        for number, status in enumerate(statuses, 1)
    ]
    references: list[Body] = [
        {"statusReference": str(each.id), "properties": {}} for each in statuses
    ]
    body: Body = {
        "id": workflow_uuid(jira, name),
        "description": "",
        "statuses": references,
        "transitions": transitions,
        "created": jira.now(),
    }
    return jira.objects.add(ObjectKind.WORKFLOW, name, body)


def workflow_uuid(jira: Jira, name: str) -> str:
    """The entity id of a workflow of that name on this site."""
    return str(uuid.uuid5(uuid.UUID(jira.site.cloud_id), f"workflow/{name}"))


def _transition(number: str, name: str, target: JiraObject, kind: str) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "description": "",
        "type": kind,
        "toStatusReference": str(target.id),
        "links": [],
        "actions": [],
        "validators": [],
        "triggers": [],
        "properties": {},
    }


def _add_roles(jira: Jira) -> None:
    administrators = jira.objects.add(
        ObjectKind.ROLE, ADMINISTRATORS, {"description": "Who administers a project."}
    )
    text = "Installed apps act in this role."
    jira.objects.add(ObjectKind.ROLE, "atlassian-addons-project-access", {"description": text})
    group = jira.accounts.group(name=ADMIN_GROUP)
    if group is not None:
        RoleActors(jira).add(DEFAULT, administrators.id, GROUP, group.group_id)


def _add_permissions(jira: Jira) -> None:
    role = jira.objects.named(ObjectKind.ROLE, ADMINISTRATORS)
    grants = [(permission, "applicationRole", "") for permission in FOR_EVERYBODY]
    if role is not None:
        own = str(role.id)
        grants += [(permission, "projectRole", own) for permission in FOR_ADMINISTRATORS]
    add_permission_scheme(jira, DEFAULT_PERMISSIONS, grants)


def _add_small_lists(jira: Jira) -> None:
    for name, description, colour in _PRIORITIES:
        body = {"description": description, "statusColor": colour, "isDefault": name == "Medium"}
        jira.objects.add(ObjectKind.PRIORITY, name, body)
    for name, description in _RESOLUTIONS:
        jira.objects.add(ObjectKind.RESOLUTION, name, {"description": description})
    for name, inward, outward in _LINK_TYPES:
        jira.objects.add(ObjectKind.LINK_TYPE, name, {"inward": inward, "outward": outward})
