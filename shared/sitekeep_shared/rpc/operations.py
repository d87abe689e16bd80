"""google.longrunning.Operations and WatchOperation, from the tables that both servers share."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf import empty_pb2
from sqlalchemy import select

from sitekeep.operation.v1 import operation_pb2, operation_pb2_grpc
from sitekeep_shared import facts
from sitekeep_shared.database import schema
from sitekeep_shared.errors import NotImplementedYet, Unavailable
from sitekeep_shared.rpc import listing, times
from sitekeep_shared.rpc.interceptor import Context
from sitekeep_shared.rpc.names import ID_PATTERN, invalid, organization_of, quoted
from sitekeep_shared.rpc.operation_store import OperationStore
from sitekeep_shared.rpc.revisions import Revisions

LONGEST_WAIT_SECONDS = 300.0
"""Of one call; who wants to wait longer calls again, or watches."""

_ANSWER_SECONDS = 0.2
"""Before the deadline of a call, so that its answer still arrives."""

_PARENT = re.compile(rf"organizations/{ID_PATTERN}(?:/operations)?\Z")


class OperationsService(operations_pb2_grpc.OperationsServicer):
    """Serves ``google.longrunning.Operations`` (AIP-151)."""

    def __init__(
        self,
        store: OperationStore,
        revisions: Revisions,
        cancel: Callable[[str], Awaitable[None]],
    ) -> None:
        self._store = store
        self._revisions = revisions
        self._cancel = cancel

    async def GetOperation(
        self, request: operations_pb2.GetOperationRequest, context: Context
    ) -> operations_pb2.Operation:
        """Reads an operation as it stands."""
        return (await self._store.snapshot(await self._store.row(request.name))).message

    async def ListOperations(
        self, request: operations_pb2.ListOperationsRequest, context: Context
    ) -> operations_pb2.ListOperationsResponse:
        """Lists the operations of ``organizations/{o}``, newest first."""
        if not _PARENT.match(request.name):
            form = "organizations/{organization}"
            raise invalid("name", f"is {quoted(request.name)}; it has to be of the form {form}.")
        if request.filter:
            raise invalid("filter", "is not supported; leave it empty.")
        if request.return_partial_success:
            raise NotImplementedYet(
                "METHOD_NOT_IMPLEMENTED",
                "`return_partial_success` is not supported: an answer is whole or an error.",
            )
        table = schema.operation
        organization = organization_of(request.name)
        statement = select(table).where(table.c.organization == organization)
        async with self._store.database.read() as connection:
            await facts.organization_row(connection, organization)
            rows, more = await listing.newest_first(connection, table, statement, request)
        shown = [snapshot.message for snapshot in await self._store.snapshots(rows)]
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
        """Not offered."""
        raise NotImplementedYet(
            "METHOD_NOT_IMPLEMENTED",
            "Operations are the record of what was done; they are never deleted.",
        )

    async def WaitOperation(
        self, request: operations_pb2.WaitOperationRequest, context: Context
    ) -> operations_pb2.Operation:
        """Answers when the operation is done, or with its present state when the time is up."""
        seconds = _patience(request, context)
        with self._revisions.watch(request.name) as watched:
            shown = await watched.now()
            with contextlib.suppress(TimeoutError, Unavailable):
                async with asyncio.timeout(seconds):
                    while not shown.done:
                        shown = await watched.after(shown)
            return shown.message if shown.done else (await watched.now()).message


def _patience(request: operations_pb2.WaitOperationRequest, context: Context) -> float:
    seconds = LONGEST_WAIT_SECONDS
    if request.HasField("timeout"):
        asked = times.length(request.timeout, "timeout")
        if min(request.timeout.seconds, request.timeout.nanos) < 0:
            raise invalid("timeout", "is negative.")
        seconds = min(seconds, asked.total_seconds())
    # None where the caller set no deadline, whatever the stub says.
    remaining = cast("float | None", context.time_remaining())
    if remaining is not None:
        seconds = min(seconds, remaining - _ANSWER_SECONDS)
    return max(0.0, seconds)


class OperationEventService(operation_pb2_grpc.OperationEventServiceServicer):
    """Serves ``sitekeep.operation.v1.OperationEventService``."""

    def __init__(self, revisions: Revisions) -> None:
        self._revisions = revisions

    async def WatchOperation(
        self, request: operation_pb2.WatchOperationRequest, context: Context
    ) -> AsyncIterator[operations_pb2.Operation]:
        """Sends the operation as it stands, then at each change, and ends once it is done.

        A server that shuts down ends the stream with UNAVAILABLE; watch again.
        """
        with self._revisions.watch(request.name) as watched:
            shown = await watched.now()
            yield shown.message
            while not shown.done:
                shown = await watched.after(shown)
                yield shown.message
