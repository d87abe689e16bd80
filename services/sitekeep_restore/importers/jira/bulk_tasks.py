"""Bulk operations of Jira run on; their progress is asked for."""

from __future__ import annotations

import asyncio

from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteRefused, SiteUnavailable

QUEUE = "/rest/api/3/bulk/queue/{task}"
TASK = "/rest/api/3/task/{task}"
RUNNING = frozenset({"ENQUEUED", "RUNNING", "CANCEL_REQUESTED"})
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
    return _checked(await _ended(unit, QUEUE, str(submitted["taskId"])))


async def wait_for_task(unit: ImportUnit, task: str) -> None:
    """Returns once an asynchronous task has ended.

    Raises:
        SiteRefused: it ended without being complete.
        SiteUnavailable: it does not end.
    """
    progress = await _ended(unit, TASK, task)
    if progress.get("status") != "COMPLETE":
        text = progress.get("message") or progress.get("result")
        raise SiteRefused(f"The task ended {progress.get('status')}: {text}")


def task_of(error: SiteRefused) -> str:
    """The id of the running task for which a site refuses another one; empty: none is named."""
    return error.errors.get("conflictingTaskId", "")


async def _ended(unit: ImportUnit, template: str, task: str) -> Json:
    pause, waited = FIRST_PAUSE, 0.0
    while waited < PATIENCE:
        progress: Json = await unit.site.get_json(template, task=task)
        if progress.get("status") not in RUNNING:
            return progress
        await asyncio.sleep(pause)
        waited += pause
        pause = min(pause * 2, LONGEST_PAUSE)
    raise SiteUnavailable(f"The task {task} does not end.")


def _checked(progress: Json) -> Json:
    failed = progress.get("failedAccessibleIssues")
    if progress.get("status") != "COMPLETE" or failed:
        raise SiteRefused(f"The bulk operation ended {progress.get('status')}: {failed}")
    return progress
