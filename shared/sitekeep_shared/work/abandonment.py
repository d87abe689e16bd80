"""The end of an operation that lost its lock, whoever has the product by then."""

from __future__ import annotations

import logging
from dataclasses import replace

from sitekeep_shared import locks
from sitekeep_shared.work import journal, operations
from sitekeep_shared.work.adoption import is_lost
from sitekeep_shared.work.port import Completion
from sitekeep_shared.work.records import Operation, Progress
from sitekeep_shared.work.settings import Workplace

logger = logging.getLogger(__name__)


async def end_lost(workplace: Workplace, operation: str) -> bool:
    """Ends the operation with LOCK_LOST if its lock is another's by now, or was taken away.

    True says that it has ended; False, that the lock is still its own. Since a lost lock
    is never taken again, this needs none.
    """
    async with workplace.database.write() as connection:
        known = await operations.get(connection, operation)
        if known is None or known.state.done:
            return True
        if not await is_lost(connection, known):
            return False
        requests = known.progress.request_count
        progress = await journal.progress(connection, operation, request_count=requests)
    progress = replace(progress, percent=known.progress.percent)
    error = locks.lost(known.product_uid, operation)
    await _end(workplace, known, await workplace.handler.failed(known, error, progress), progress)
    return True


async def _end(
    workplace: Workplace, known: Operation, completion: Completion, progress: Progress
) -> None:
    async with workplace.database.write() as connection:
        ended = await operations.abandon(
            connection,
            known,
            completion.state,
            error=completion.error,
            progress=progress,
            now=workplace.clock.now(),
        )
        if ended:
            await completion.write(connection)
    logger.warning("operation %s ended: it lost its lock", known.id)
