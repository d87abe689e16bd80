"""The Jira exporter: its first units and the function of each kind of unit."""

from __future__ import annotations

from sitekeep_backup.exporters.jira import (
    attachments,
    boards,
    configuration,
    dashboards,
    fields,
    filters,
    groups,
    issues,
    projects,
    sprints,
    users,
)
from sitekeep_backup.exporters.unit import Exporter

EXPORTER = Exporter(
    initial_units=(
        users.FIRST,
        groups.FIRST,
        *configuration.FIRST,
        fields.FIRST,
        filters.FIRST,
        boards.FIRST,
        *dashboards.FIRST,
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
        "fields": fields.export_fields,
        "field-options": fields.export_field_options,
        "boards": boards.export_boards,
        "board-sprints": sprints.export_board_sprints,
        "sprint": sprints.export_seen_sprint,
        "dashboards": dashboards.export_dashboards,
        "filters": filters.export_filters,
        "projects": projects.export_projects,
        "project": projects.export_project,
        "versions": projects.export_versions,
        "components": projects.export_components,
        "issues": issues.export_issues,
        "attachments": attachments.export_attachments,
    },
)
"""Reads a Jira site."""
