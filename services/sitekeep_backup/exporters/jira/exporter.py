"""The Jira exporter: its first units and the function of each kind of unit."""

from __future__ import annotations

from sitekeep_backup.exporters.jira import (
    attachments,
    categories,
    configuration,
    fields,
    groups,
    issues,
    notification_schemes,
    permission_schemes,
    priority_schemes,
    projects,
    roles,
    security_schemes,
    users,
)
from sitekeep_backup.exporters.unit import Exporter

EXPORTER = Exporter(
    initial_units=(
        users.FIRST,
        groups.FIRST,
        *configuration.FIRST,
        categories.FIRST,
        roles.FIRST,
        notification_schemes.FIRST,
        permission_schemes.FIRST,
        security_schemes.FIRST,
        priority_schemes.FIRST,
        fields.FIRST,
        projects.FIRST,
    ),
    run={
        "users": users.export_users,
        "groups": groups.export_groups,
        "members": groups.export_members,
        "issue-types": configuration.export_issue_types,
        "link-types": configuration.export_link_types,
        "priorities": configuration.export_priorities,
        "resolutions": configuration.export_resolutions,
        "statuses": configuration.export_statuses,
        "roles": roles.export_roles,
        "actors": roles.export_actors,
        "notification-schemes": notification_schemes.export_notification_schemes,
        "permission-schemes": permission_schemes.export_permission_schemes,
        "security-schemes": security_schemes.export_security_schemes,
        "priority-schemes": priority_schemes.export_priority_schemes,
        "categories": categories.export_categories,
        "fields": fields.export_fields,
        "field-options": fields.export_field_options,
        "projects": projects.export_projects,
        "project": projects.export_project,
        "versions": projects.export_versions,
        "components": projects.export_components,
        "issues": issues.export_issues,
        "attachments": attachments.export_attachments,
    },
)
"""Reads a Jira site."""
