"""Bulk operations of Jira run on; their progress is asked for."""

from __future__ import annotations

import asyncio

from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteRefused, SiteUnavailable

QUEUE = "/rest/api/3/bulk/queue/{task}"
RUNNING = frozenset({"ENQUEUED", "RUNNING"})
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 5.0
PATIENCE = 1800.0
"""Seconds after which a bulk operation counts as stuck."""


async def wait_for(unit: ImportUnit, submitted: Json) -> Json:
    """The progress of a bulk operation once it has ended.

    Raises:
        SiteRefused: it ended without being complete, or issues of it failed.
        SiteUnavailable: it does not end.
    """
    task, pause, waited = str(submitted["taskId"]), FIRST_PAUSE, 0.0
    while waited < PATIENCE:
        progress: Json = await unit.site.get_json(QUEUE, task=task)
        if progress.get("status") not in RUNNING:
            return _checked(progress)
        await asyncio.sleep(pause)
        waited += pause
        pause = min(pause * 2, LONGEST_PAUSE)
    raise SiteUnavailable(f"The bulk operation {task} does not end.")


def _checked(progress: Json) -> Json:
    failed = progress.get("failedAccessibleIssues")
    if progress.get("status") != "COMPLETE" or failed:
        raise SiteRefused(f"The bulk operation ended {progress.get('status')}: {failed}")
    return progress
