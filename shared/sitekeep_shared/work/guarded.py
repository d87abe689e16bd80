"""Transactions that only the process may commit that works on an operation now."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import locks
from sitekeep_shared.database.engine import Database
from sitekeep_shared.work.records import Operation


@asynccontextmanager
async def guarded(
    database: Database, operation: Operation
) -> AsyncGenerator[AsyncConnection, None]:
    """A writing transaction under the fence with which the operation was adopted.

    Until it ends, the lock can neither be taken over nor be released by force.
    Entering raises LockLost.
    """
    async with database.write() as connection:
        # No lock has fence 0: what was never adopted may change nothing.
        await locks.guard(connection, operation.product_uid, operation.fence or 0)
        yield connection
