"""google.longrunning.Operations and WatchOperation, from the tables that both servers share."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf import empty_pb2
from sqlalchemy import select

from sitekeep.operation.v1 import operation_pb2, operation_pb2_grpc
from sitekeep_shared import facts
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import Unavailable
from sitekeep_shared.rpc import listing, messages
from sitekeep_shared.rpc.interceptor import Context
from sitekeep_shared.rpc.names import (
    ID_PATTERN,
    identifier_of,
    invalid,
    organization_of,
    quoted,
)

POLL_SECONDS = 0.25
LONGEST_WAIT_SECONDS = 300.0

_NAME = re.compile(rf"organizations/{ID_PATTERN}/operations/{ID_PATTERN}\Z")


class OperationStore:
    """Reads operations with the resources that they make."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def row(self, name: str) -> facts.AnyRow:
        """The row of an operation.

        Raises:
            InvalidRequest: the name is malformed.
            NotFound: there is none.
        """
        if not _NAME.match(name):
            raise invalid(
                "name",
                f"is {quoted(name)}; it has to be of the form "
                "organizations/{organization}/operations/{operation}.",
            )
        async with self.database.read() as connection:
            return await facts.resource_row(connection, schema.operation, "Operation", name)

    async def message(self, row: facts.AnyRow) -> operations_pb2.Operation:
        """The operation as clients see it."""
        return messages.operation(row, await self._resource(row))

    async def revision(self, name: str) -> int:
        """A number that grows with every change of the operation."""
        table = schema.operation
        statement = select(table.c.revision).where(
            table.c.organization == organization_of(name), table.c.id == identifier_of(name)
        )
        async with self.database.read() as connection:
            return int((await connection.execute(statement)).scalar() or 0)

    async def _resource(self, row: facts.AnyRow) -> facts.AnyRow | None:
        if row.state != "SUCCEEDED":
            return None
        table: Any = schema.backup if row.kind == "backup" else schema.restore
        async with self.database.read() as connection:
            statement = select(table).where(table.c.uid == row.resource_uid)
            return (await connection.execute(statement)).first()


class OperationsService(operations_pb2_grpc.OperationsServicer):
    """Serves ``google.longrunning.Operations`` (AIP-151)."""

    def __init__(
        self, store: OperationStore, stop: asyncio.Event, cancel: Callable[[str], Awaitable[None]]
    ) -> None:
        self._store = store
        self._stop = stop
        self._cancel = cancel

    async def GetOperation(
        self, request: operations_pb2.GetOperationRequest, context: Context
    ) -> operations_pb2.Operation:
        """Reads an operation as it stands."""
        return await self._store.message(await self._store.row(request.name))

    async def ListOperations(
        self, request: operations_pb2.ListOperationsRequest, context: Context
    ) -> operations_pb2.ListOperationsResponse:
        """Lists the operations of ``organizations/{o}``, newest first."""
        if not re.match(rf"organizations/{ID_PATTERN}(/operations)?\Z", request.name):
            raise invalid("name", "has to be of the form organizations/{organization}.")
        if request.filter:
            raise invalid("filter", "is not supported; leave it empty.")
        table = schema.operation
        statement = select(table).where(table.c.organization == organization_of(request.name))
        async with self._store.database.read() as connection:
            rows, more = await listing.newest_first(connection, table, statement, request)
        shown = [await self._store.message(row) for row in rows]
        return operations_pb2.ListOperationsResponse(operations=shown, next_page_token=more)

    async def CancelOperation(
        self, request: operations_pb2.CancelOperationRequest, context: Context
    ) -> empty_pb2.Empty:
        """Asks the operation to stop; it ends with CANCELLED soon after, unless it is done."""
        row = await self._store.row(request.name)
        await self._cancel(row.id)
        return empty_pb2.Empty()

    async def DeleteOperation(
        self, request: operations_pb2.DeleteOperationRequest, context: Context
    ) -> empty_pb2.Empty:
        """Not offered: operations are the record of what was done."""
        raise NotImplementedError

    async def WaitOperation(
        self, request: operations_pb2.WaitOperationRequest, context: Context
    ) -> operations_pb2.Operation:
        """Answers when the operation is done, or with its present state when the time is up."""
        seconds = LONGEST_WAIT_SECONDS
        if request.HasField("timeout"):
            seconds = min(seconds, max(0.0, request.timeout.ToTimedelta().total_seconds()))
        # None where the caller set no deadline, whatever the stub says.
        remaining = cast("float | None", context.time_remaining())
        if remaining is not None:
            seconds = min(seconds, max(0.0, remaining - 0.2))
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        row = await self._store.row(request.name)
        while row.state not in messages.DONE_STATES and loop.time() < end:
            if await _stopped(self._stop, min(POLL_SECONDS, end - loop.time())):
                break
            row = await self._store.row(request.name)
        return await self._store.message(row)


class OperationEventService(operation_pb2_grpc.OperationEventServiceServicer):
    """Serves ``sitekeep.operation.v1.OperationEventService``."""

    def __init__(self, store: OperationStore, stop: asyncio.Event) -> None:
        self._store = store
        self._stop = stop

    async def WatchOperation(
        self, request: operation_pb2.WatchOperationRequest, context: Context
    ) -> AsyncIterator[operations_pb2.Operation]:
        """Sends the operation as it stands, then at each change, and ends once it is done.

        A server that shuts down ends the stream with UNAVAILABLE; watch again.
        """
        row = await self._store.row(request.name)
        while True:
            yield await self._store.message(row)
            if row.state in messages.DONE_STATES:
                return
            row = await self._changed(request.name, row.revision)

    async def _changed(self, name: str, revision: int) -> facts.AnyRow:
        while await self._store.revision(name) == revision:
            if await _stopped(self._stop, POLL_SECONDS):
                raise Unavailable(
                    "SERVER_SHUTTING_DOWN",
                    "The server is shutting down. Watch again: the operation goes on when it is "
                    "back.",
                )
        return await self._store.row(name)


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True
