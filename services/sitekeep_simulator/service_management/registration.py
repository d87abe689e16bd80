"""Adds Jira Service Management to a simulated Jira."""

from __future__ import annotations

from aiohttp import web

from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.service_management import (
    customers,
    desks,
    organizations,
    queues,
    request_types,
    requests,
)
from sitekeep_simulator.service_management.gate import gate

_MODULES = (desks, request_types, organizations, customers, queues)


def register_service_management(app: web.Application, issues: Issues) -> None:
    """Adds the routes and what their requests pass."""
    app.middlewares.append(gate(issues.jira.site))
    for module in _MODULES:
        app.router.add_routes(module.routes(issues.jira))
    app.router.add_routes(requests.routes(issues))
