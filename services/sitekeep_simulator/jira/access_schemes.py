"""The schemes by which a project says who may do what, and who hears of it."""

from __future__ import annotations

from sitekeep_simulator.jira.notifications import DEFAULT_NOTIFICATIONS
from sitekeep_simulator.jira.objects import Body, ObjectKind
from sitekeep_simulator.jira.permissions import DEFAULT_PERMISSIONS
from sitekeep_simulator.jira.screens import DEFAULT_TYPE_SCREEN_SCHEME
from sitekeep_simulator.jira.state import Jira

ACCESS: dict[str, tuple[ObjectKind, str]] = {
    "permissionScheme": (ObjectKind.PERMISSION_SCHEME, DEFAULT_PERMISSIONS),
    "issueSecurityScheme": (ObjectKind.SECURITY_SCHEME, ""),
    "notificationScheme": (ObjectKind.NOTIFICATION_SCHEME, DEFAULT_NOTIFICATIONS),
}
"""The schemes that a project names in its body: their kind, and which one it has by default."""

FIELDS: dict[str, tuple[ObjectKind, str]] = {
    "fieldConfigurationScheme": (ObjectKind.FIELD_CONFIGURATION_SCHEME, ""),
    "fieldScheme": (ObjectKind.FIELD_SCHEME, ""),
    "issueTypeScreenScheme": (ObjectKind.TYPE_SCREEN_SCHEME, DEFAULT_TYPE_SCREEN_SCHEME),
}
"""The schemes of screens and fields, which only the body of a new project names."""


def access_schemes(jira: Jira, body: Body) -> Body:
    """The schemes that a new project has: those given, else the site's default ones."""
    chosen: Body = {}
    for key, (kind, default) in (ACCESS | FIELDS).items():
        found = jira.objects.named(kind, default) if default else None
        chosen[key] = body.get(key, found.id if found else None)
    return chosen
