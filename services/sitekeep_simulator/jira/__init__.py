"""The Jira half of a simulated site."""

from __future__ import annotations

from aiohttp import web

from sitekeep_simulator import assets
from sitekeep_simulator.jira import (
    app_fields,
    attachments,
    boards,
    bulk_properties,
    categories,
    changelogs,
    comments,
    create_metadata,
    dashboards,
    entity_properties,
    epics,
    features,
    field_configuration_routes,
    field_contexts,
    field_defaults,
    field_options,
    field_scheme_routes,
    fields,
    filter_columns,
    filters,
    gadgets,
    groups,
    issue_archive,
    issue_routes,
    links,
    list_items,
    moves,
    notification_schemes,
    old_lists,
    people,
    permission_schemes,
    pickers,
    plan_teams,
    plans,
    priority_schemes,
    project_routes,
    roles,
    scheme_field_routes,
    screen_routes,
    screen_schemes,
    search,
    security_schemes,
    small_lists,
    sprint_routes,
    tasks,
    type_schemes,
    versions,
    watchers,
    workflow_routes,
    workflow_schemes,
    worklogs,
)
from sitekeep_simulator.jira.defaults import install_defaults
from sitekeep_simulator.jira.gate import gate
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.service_management.registration import register_service_management
from sitekeep_simulator.site import SimulatedSite

_CONFIGURATION = (
    people,
    groups,
    small_lists,
    categories,
    roles,
    scheme_field_routes,
    project_routes,
    versions,
    workflow_routes,
    screen_routes,
    screen_schemes,
    type_schemes,
    notification_schemes,
    permission_schemes,
    security_schemes,
    priority_schemes,
    field_configuration_routes,
    field_contexts,
    field_defaults,
    field_options,
    app_fields,
    field_scheme_routes,
    fields,
    filters,
    boards,
    dashboards,
    gadgets,
    assets,
    entity_properties,
    features,
    filter_columns,
    plans,
    plan_teams,
    list_items,
    old_lists,
    pickers,
    create_metadata,
)
_CONTENT = (
    issue_archive,
    issue_routes,
    search,
    comments,
    worklogs,
    changelogs,
    links,
    watchers,
    attachments,
    tasks,
    moves,
    sprint_routes,
    bulk_properties,
    epics,
    workflow_schemes,
)


def install(site: SimulatedSite) -> Jira:
    """Creates the tables of this half and what a new site has from the start."""
    jira = Jira(site)
    install_defaults(jira)
    return jira


def register(app: web.Application, site: SimulatedSite) -> None:
    """Adds the routes of this half."""
    jira = install(site)
    issues = Issues(jira)
    app.middlewares.append(gate(issues))
    for module in _CONFIGURATION:
        app.router.add_routes(module.routes(jira))
    for content_module in _CONTENT:
        app.router.add_routes(content_module.routes(issues))
    register_service_management(app, issues)
