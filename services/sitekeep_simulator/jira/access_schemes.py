"""The schemes by which a project says who may do what, and who hears of it."""

from __future__ import annotations

from sitekeep_simulator.jira.notifications import DEFAULT_NOTIFICATIONS
from sitekeep_simulator.jira.objects import Body, ObjectKind
from sitekeep_simulator.jira.permissions import DEFAULT_PERMISSIONS
from sitekeep_simulator.jira.state import Jira

ACCESS: dict[str, tuple[ObjectKind, str]] = {
    "permissionScheme": (ObjectKind.PERMISSION_SCHEME, DEFAULT_PERMISSIONS),
    "issueSecurityScheme": (ObjectKind.SECURITY_SCHEME, ""),
    "notificationScheme": (ObjectKind.NOTIFICATION_SCHEME, DEFAULT_NOTIFICATIONS),
}
"""The schemes that a project names in its body: their kind, and which one it has by default."""


def access_schemes(jira: Jira, body: Body) -> Body:
    """The schemes that a new project has: those given, else the site's default ones."""
    chosen: Body = {}
    for key, (kind, default) in ACCESS.items():
        found = jira.objects.named(kind, default) if default else None
        chosen[key] = body.get(key, found.id if found else None)
    return chosen
