"""The Jira importer: its first units and the function of each kind of unit."""

from __future__ import annotations

from sitekeep_restore.importers.jira import (
    attachments,
    begin,
    boards,
    configuration,
    details,
    fields,
    fillers,
    filters,
    groups,
    issues,
    projects,
    relations,
    sprints,
    statuses,
    users,
    versions,
)
from sitekeep_restore.importers.unit import Importer

IMPORTER = Importer(
    initial_units=(
        begin.FIRST,
        users.FIRST,
        configuration.FIRST,
        statuses.FIRST,
        fields.FIRST,
        projects.FIRST,
        versions.VERSIONS,
        versions.COMPONENTS,
        filters.FIRST,
        filters.UNFINISHED,
        versions.ARCHIVE,
        attachments.LEFT_OUT,
        begin.LAST,
    ),
    run={
        "begin": begin.begin,
        "users": users.import_users,
        "groups": groups.import_groups,
        "memberships": groups.import_memberships,
        "configuration": configuration.import_configuration,
        "statuses": statuses.import_statuses,
        "fields": fields.import_fields,
        "projects": projects.import_projects,
        "project": projects.import_project,
        "versions": versions.import_versions,
        "components": versions.import_components,
        "issues": issues.import_issues,
        "attachments": attachments.import_attachments,
        "left-out-attachments": attachments.count_left_out,
        "details": details.import_details,
        "relations": relations.import_relations,
        "boards": boards.import_boards,
        "closed-sprints": sprints.import_closed_sprints,
        "open-sprints": sprints.import_open_sprints,
        "filters": filters.import_filters,
        "unfinished-filters": filters.complete_filters,
        "own-filters": filters.complete_own_filters,
        "fillers": fillers.delete_fillers,
        "archived-versions": versions.archive_versions,
        "end": begin.end,
    },
)
"""Writes a Jira site."""
