"""Events, who hears of them, and the mail that is sent.

Source of the events: Jira's system events; a site may have events of its own besides.
"""

from __future__ import annotations

from sitekeep_simulator.jira.fields import custom_field
from sitekeep_simulator.jira.objects import Body, ObjectKind
from sitekeep_simulator.jira.projects import Project
from sitekeep_simulator.jira.state import Jira

EVENTS = {
    1: "Issue Created",
    2: "Issue Updated",
    3: "Issue Assigned",
    4: "Issue Resolved",
    5: "Issue Closed",
    6: "Issue Commented",
    7: "Issue Reopened",
    8: "Issue Deleted",
    9: "Issue Moved",
    10: "Work Logged On Issue",
    13: "Generic Event",
    14: "Issue Comment Edited",
}
CREATED, UPDATED, ASSIGNED, COMMENTED, DELETED = 1, 2, 3, 6, 8
WORK_LOGGED, GENERIC, COMMENT_EDITED = 10, 13, 14
DEFAULT_NOTIFICATIONS = "Default Notification Scheme"
PLAIN = frozenset(
    {"CurrentAssignee", "Reporter", "CurrentUser", "ProjectLead", "ComponentLead", "AllWatchers"}
)
"""Types of recipients that need no parameter."""


def add_notification_scheme(
    jira: Jira, name: str, events: dict[int, list[tuple[str, str]]], description: str = ""
) -> int:
    """Creates a scheme; recipients by event, each a type and a parameter. Returns its id."""
    notifications = [
        new_notification(jira, event, kind, parameter)
        for event, recipients in events.items()
        for kind, parameter in recipients
    ]
    body: Body = {"description": description, "notifications": notifications}
    return jira.objects.add(ObjectKind.NOTIFICATION_SCHEME, name, body).id


def new_notification(jira: Jira, event: int, kind: str, parameter: str) -> Body:
    """A recipient of an event, under a new id."""
    number = jira.store.next_id("jira.notification")
    return {"id": number, "event": event, "type": kind, "parameter": parameter}


def stored_parameter(jira: Jira, kind: str, parameter: str) -> str | None:
    """What is kept of a parameter: the id of what it names; None where there is no such thing."""
    if kind in PLAIN:
        return ""
    found: object = None
    if kind == "User":
        account = jira.accounts.get(parameter)
        found = account.account_id if account else None
    elif kind == "Group":
        group = jira.accounts.group(name=parameter, group_id=parameter)
        found = group.group_id if group else None
    elif kind == "ProjectRole":
        role = jira.objects.get(ObjectKind.ROLE, parameter)
        found = role.id if role else None
    elif kind in ("UserCustomField", "GroupCustomField"):
        found = parameter if custom_field(jira, parameter) else None
    return None if found is None else str(found)


def send(jira: Jira, project: Project, event: int) -> None:
    """Counts the mail of an event, if anybody hears of it in that project."""
    scheme = jira.objects.get(
        ObjectKind.NOTIFICATION_SCHEME, project.body.get("notificationScheme")
    )
    notifications: list[Body] = scheme.body["notifications"] if scheme else []
    if any(each["event"] == event for each in notifications):
        jira.store.execute(
            "INSERT INTO jira_mail VALUES (?, ?, 1) "
            "ON CONFLICT (project_id, event) DO UPDATE SET count = count + 1",
            (project.id, event),
        )


def mail_count(jira: Jira) -> int:
    """How much mail the site has sent."""
    return int(jira.store.value("SELECT coalesce(sum(count), 0) FROM jira_mail"))
