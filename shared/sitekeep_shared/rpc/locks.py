"""The locks of an organization's products, shown and, in need, released."""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep.operation.v1 import operation_pb2 as pb
from sitekeep.operation.v1 import operation_pb2_grpc
from sitekeep_shared import facts, locks
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import NotFound
from sitekeep_shared.rpc import messages, pages
from sitekeep_shared.rpc.interceptor import Context
from sitekeep_shared.rpc.names import identifier_of, invalid, organization_of, resource

_log = logging.getLogger(__name__)


class OperationLockService(operation_pb2_grpc.OperationLockServiceServicer):
    """Serves ``sitekeep.operation.v1.OperationLockService``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def GetOperationLock(
        self, request: pb.GetOperationLockRequest, context: Context
    ) -> pb.OperationLock:
        """Reads the lock of a product."""
        async with self._database.read() as connection:
            product = await _product(connection, request.name)
            state = await locks.read(connection, product.uid)
        if state is None:
            raise facts.not_found("OperationLock", request.name)
        return messages.lock(product.organization, product.id, state)

    async def ListOperationLocks(
        self, request: pb.ListOperationLocksRequest, context: Context
    ) -> pb.ListOperationLocksResponse:
        """Lists the locks that are held, by product."""
        size = pages.page_size(request.page_size)
        (last,) = pages.decode(request, str) or ("",)
        organization = organization_of(request.parent)
        table = schema.product
        statement = (
            select(table)
            .where(table.c.organization == organization, table.c.id > last)
            .order_by(table.c.id)
        )
        async with self._database.read() as connection:
            await facts.organization_row(connection, organization)
            products = (await connection.execute(statement)).all()
            uids = [product.uid for product in products]
            held = {state.product: state async for state in locks.read_held(connection, uids)}
        shown = [
            messages.lock(organization, product.id, held[product.uid])
            for product in products
            if product.uid in held
        ]
        more = ""
        if len(shown) > size:
            more = pages.encode(request, identifier_of(shown[size - 1].name))
        return pb.ListOperationLocksResponse(operation_locks=shown[:size], next_page_token=more)

    async def ReleaseOperationLock(
        self, request: pb.ReleaseOperationLockRequest, context: Context
    ) -> pb.ReleaseOperationLockResponse:
        """Takes a lock from its operation, which ends with LOCK_LOST."""
        if not request.justification.strip():
            raise invalid("justification", "is blank; say why, for whoever reads the audit log.")
        async with self._database.write() as connection:
            product = await _product(connection, request.name)
            operation = await locks.owner(connection, product.uid)
            if not operation:
                raise _free(request.name)
            state = await locks.release_by_admin(
                connection, product.uid, etag=request.etag, force=request.force
            )
        _audit(request, operation)
        shown = messages.lock(product.organization, product.id, state)
        return pb.ReleaseOperationLockResponse(operation_lock=shown)


def _audit(request: pb.ReleaseOperationLockRequest, operation: str) -> None:
    """Who it was is on every line that a call logs."""
    _log.warning(
        "an operation lock was released by an admin",
        extra={
            "audit": True,
            "lock": request.name,
            "operation": resource(organization_of(request.name), "operations", operation),
            "forced": request.force,
            "justification": request.justification,
        },
    )


def _free(name: str) -> NotFound:
    return NotFound(
        "RESOURCE_NOT_FOUND",
        f"No operation holds {name}: there is nothing to release.",
        {"name": name},
        resource=("sitekeep.dev/OperationLock", name),
    )


async def _product(connection: AsyncConnection, name: str) -> facts.AnyRow:
    table = schema.product
    statement = select(table).where(
        table.c.organization == organization_of(name), table.c.id == identifier_of(name)
    )
    row = (await connection.execute(statement)).first()
    if row is None:
        raise facts.not_found("OperationLock", name)
    return row
