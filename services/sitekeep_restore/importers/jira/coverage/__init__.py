"""What comes back of each kind of a Jira site, and what is lost: a module per area."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.coverage import (
    access,
    assets,
    configuration,
    issues,
    people,
    planning,
    product_discovery,
    projects,
    properties,
    screens,
    service_management,
    workflows,
)
from sitekeep_shared.coverage import CoverageRow

COVERAGE: Sequence[CoverageRow] = (
    *access.ROWS,
    *assets.ROWS,
    *configuration.ROWS,
    *issues.ROWS,
    *people.ROWS,
    *planning.ROWS,
    *product_discovery.ROWS,
    *projects.ROWS,
    *properties.ROWS,
    *service_management.ROWS,
    *screens.ROWS,
    *workflows.ROWS,
)
"""One row per kind."""
