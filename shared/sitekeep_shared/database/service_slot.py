"""The slot of a service: one process at a time runs it on a database.

Whoever has it may treat the work of an earlier process as abandoned.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import zlib
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.errors import ServiceAlreadyRunning

# The first half of the keys of those advisory locks that are slots.
SLOTS = 0x5174_6B31


class _Claim(Protocol):
    async def held(self) -> bool: ...

    async def release(self) -> None: ...


class ServiceSlot:
    """The right to run a service on a database: an asynchronous context manager.

    It ends with the process too, however that ends. Entering raises
    ServiceAlreadyRunning.
    """

    def __init__(self, database: Database, service: str) -> None:
        self._database = database
        self._service = service
        self._claim: _Claim | None = None
        self._looking = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._claim = await self._take()
        return self

    async def _take(self) -> _Claim:
        path = self._database.path
        if path is None:
            return await _claim_in_postgresql(self._database, self._service)
        return _FileClaim(path.with_name(f"{path.name}.{self._service}.lock"), self._service)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._claim is not None:
            await self._claim.release()
            self._claim = None

    async def held(self) -> bool:
        """Whether it is ours; False too where the connection that held it broke."""
        async with self._looking:
            return self._claim is not None and await self._claim.held()

    async def keep(self) -> bool:
        """Whether it is ours; takes it again where its connection broke, unless another has it.

        Raises the database's errors.
        """
        async with self._looking:
            if self._claim is None or await self._claim.held():
                return self._claim is not None
            try:
                fresh = await self._take()
            except ServiceAlreadyRunning:
                return False
            broken, self._claim = self._claim, fresh
            await broken.release()
            return True


class _FileClaim:
    """On SQLite: a lock on a file beside the database's."""

    def __init__(self, path: Path, service: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            detail = f"process {owner or 'unknown'} holds {path}"
            raise _already_running(service, detail) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode("ascii"), 0)

    async def held(self) -> bool:
        return True

    async def release(self) -> None:
        # The file stays: were it removed, two processes could each lock one of that name.
        os.close(self._descriptor)


class _AdvisoryClaim:
    """On PostgreSQL: an advisory lock of a connection that does nothing else."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._broken = False

    async def held(self) -> bool:
        # Once broken, always: the connection would be opened again, without the lock.
        if not self._broken:
            try:
                await self._connection.execute(text("SELECT 1"))
            except DBAPIError:
                self._broken = True
        return not self._broken

    async def release(self) -> None:
        await _end_session(self._connection)


async def _claim_in_postgresql(database: Database, service: str) -> _AdvisoryClaim:
    connection = await database.session()
    try:
        await _take_advisory_lock(connection, service)
    except BaseException:
        await _end_session(connection)
        raise
    return _AdvisoryClaim(connection)


async def _take_advisory_lock(connection: AsyncConnection, service: str) -> None:
    statement = text("SELECT pg_try_advisory_lock(:slots, :service)")
    number = zlib.crc32(service.encode()) & 0x7FFF_FFFF
    taken = await connection.execute(statement, {"slots": SLOTS, "service": number})
    if not taken.scalar_one():
        raise _already_running(service, "another connection holds its advisory lock")


async def _end_session(connection: AsyncConnection) -> None:
    # The lock belongs to the session, which the pool would keep open.
    await connection.invalidate()
    await connection.close()


def _already_running(service: str, detail: str) -> ServiceAlreadyRunning:
    return ServiceAlreadyRunning(
        f"another {service} server runs on this database ({detail});"
        " stop it first, or give this one a database of its own"
    )
