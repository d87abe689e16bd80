"""A process full of contenders for a few locks, as its parent stops, kills and respawns it.

``python lock_contender.py URL NAME CONTENDERS SECONDS PARENT``. Everything that a contender does is
recorded by the database in the transaction that does it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import random
import signal
import sys
import time
from typing import Any, NoReturn

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import locks
from sitekeep_shared.database.engine import Database, db_now_ms
from sitekeep_shared.database.schema import operation_lock
from sitekeep_shared.locks import Lease, LockLost
from sitekeep_shared.work.interruptions import DATABASE_TROUBLE

PRODUCTS = ("p1", "p2", "p3")
SHORTEST_LEASE_MS = 300
LONGEST_LEASE_MS = 800

metadata = MetaData()

history = Table(
    "history",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("lease_until_ms", BigInteger, nullable=False),
)
"""What happened: acquire, renew, write, release; refused (a stale holder); jump (of a clock)."""


class JumpingTime:
    """Stands in for the module ``time``: whoever asks it may be hours off at any moment."""

    def __init__(self) -> None:
        self.offset = 0.0

    def monotonic(self) -> float:
        """The monotonic clock, were it one."""
        return time.monotonic() + self.offset


class Contenders:
    """All contenders of a process."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._random = random.Random(name)
        self._clock = JumpingTime()
        self._taken = 0
        locks.__dict__["time"] = self._clock

    async def contend(self) -> NoReturn:
        """Takes locks, works under them and gives them up, for ever."""
        while True:
            with contextlib.suppress(*DATABASE_TROUBLE):
                await self._once(self._random.choice(PRODUCTS))
            await asyncio.sleep(self._random.uniform(0.02, 0.1))

    async def jump(self) -> NoReturn:
        """Moves the clock of the process by hours, forward and back."""
        while True:
            await asyncio.sleep(self._random.uniform(0.1, 0.4))
            self._clock.offset = self._random.uniform(-36_000, 36_000)
            with contextlib.suppress(*DATABASE_TROUBLE):
                async with self._database.write() as connection:
                    await _record(connection, "jump", Lease("", "", self._name, 0, 0, 0.0))

    async def _once(self, product: str) -> None:
        async with self._database.read() as connection:
            state = await locks.read(connection, product)
        if state is not None and state.live:
            return
        lease = await self._acquire(product)
        if lease is None:
            return
        try:
            await self._hold(lease)
        except LockLost:
            async with self._database.write() as connection:
                await _record(connection, "refused", lease)

    async def _acquire(self, product: str) -> Lease | None:
        self._taken += 1
        name = f"{self._name}-{self._taken}"
        duration_ms = self._random.randint(SHORTEST_LEASE_MS, LONGEST_LEASE_MS)
        async with self._database.write() as connection:
            lease = await locks.acquire(
                connection, product, name, kind="backup", holder=name, duration_ms=duration_ms
            )
            if lease is not None:
                await _record(connection, "acquire", lease)
        return lease

    async def _hold(self, lease: Lease) -> None:
        for _ in range(self._random.randint(1, 6)):
            await asyncio.sleep(self._random.uniform(0.0, 0.05))
            if self._random.random() < 0.05:
                # As a process that is too busy to renew in time.
                await asyncio.sleep(lease.duration_ms * 1.5 / 1000)
            lease = await self._work(lease)
        if self._random.random() < 0.9:
            async with self._database.write() as connection:
                await locks.release(connection, lease)
                await _record(connection, "release", lease)

    async def _work(self, lease: Lease) -> Lease:
        async with self._database.write() as connection:
            await locks.guard(connection, lease.product, lease.fence)
            await asyncio.sleep(self._random.uniform(0.0, 0.005))
            await _record(connection, "write", lease)
        if self._clock.monotonic() - lease.renewed < lease.duration_ms / 3000:
            return lease
        async with self._database.write() as connection:
            lease = await locks.renew(connection, lease)
            await _record(connection, "renew", lease)
        return lease


async def _record(connection: AsyncConnection, event: str, lease: Lease) -> None:
    """The end of the lease is the one that the lock has at that instant."""
    until = select(operation_lock.c.lease_until_ms).where(operation_lock.c.product == lease.product)
    values: dict[str, Any] = {
        "at_ms": db_now_ms(),
        "event": event,
        "product": lease.product,
        "fence": lease.fence,
        "holder": lease.holder,
        "lease_until_ms": (await connection.execute(until)).scalar() or 0,
    }
    await connection.execute(insert(history).values(values))


def _die_with(parent: int) -> None:
    """A process that is stopped dies with its parent too."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


async def main(url: str, name: str, contenders: int, seconds: float) -> None:
    """Contends until it is killed, or for the time that is given at most."""
    database = Database(url)
    everyone = Contenders(database, name)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            group.create_task(everyone.jump())
            for _ in range(contenders):
                group.create_task(everyone.contend())
    await database.close()


if __name__ == "__main__":
    _die_with(int(sys.argv[5]))
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
