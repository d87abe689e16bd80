"""Keeps the lease of a lock alive while its operation is worked on."""

from __future__ import annotations

import asyncio
import time
from typing import Never

from sitekeep_shared import locks
from sitekeep_shared.database.engine import Database
from sitekeep_shared.locks import Lease
from sitekeep_shared.work.interruptions import DATABASE_TROUBLE


async def keep(database: Database, lease: Lease) -> Never:
    """Renews the lease at each third of it, for as long as that works.

    Raises LockLost once another has the lock, or at two thirds without renewal:
    all work has to stop well before somebody else may begin.
    """
    third = lease.duration_ms / 3000
    while True:
        await asyncio.sleep(max(0.0, lease.renewed + third - time.monotonic()))
        remaining = lease.renewed + 2 * third - time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, remaining)):
                lease = await _renew(database, lease, pause=third / 10)
        except TimeoutError as error:
            raise locks.lost(lease.product, lease.operation) from error


async def _renew(database: Database, lease: Lease, *, pause: float) -> Lease:
    while True:
        try:
            async with database.write() as connection:
                return await locks.renew(connection, lease)
        except DATABASE_TROUBLE:
            await asyncio.sleep(pause)
