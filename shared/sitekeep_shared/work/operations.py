"""Queries on operations. Each runs in the transaction of its caller."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import locks
from sitekeep_shared.database import schema
from sitekeep_shared.locks import Lease
from sitekeep_shared.work.records import (
    QUEUED_PHASE,
    UNFINISHED,
    Operation,
    OperationState,
    Progress,
)

_operation = schema.operation.c


async def insert_operation(
    connection: AsyncConnection,
    *,
    id: str,  # noqa: A002
    organization: str,
    kind: str,
    resource_uid: str,
    resource_name: str,
    product_uid: str,
    service: str,
    arguments: Mapping[str, Any],
    now: datetime.datetime,
    fence: int | None = None,
) -> Operation:
    """Adds a queued operation. ``fence`` is that of the lock taken in the same transaction."""
    row = {
        "id": id,
        "organization": organization,
        "kind": kind,
        "resource_uid": resource_uid,
        "resource_name": resource_name,
        "product_uid": product_uid,
        "service": service,
        "state": OperationState.QUEUED,
        "cancel_requested": False,
        "finishing": False,
        "fence": fence,
        "phase": QUEUED_PHASE,
        "progress": Progress().to_json(),
        "create_time": now,
        "update_time": now,
        "revision": 1,
        "arguments": dict(arguments),
    }
    await connection.execute(insert(schema.operation).values(row))
    return from_row_values({**row, "end_time": None, "error": None})


def from_row_values(values: Mapping[str, Any]) -> Operation:
    """The record of a row of the table ``operation``."""
    fields = dict(values)
    fields["state"] = OperationState(fields["state"])
    fields["progress"] = Progress.from_json(fields["progress"])
    return Operation(**fields)


async def get(connection: AsyncConnection, operation: str) -> Operation | None:
    """The operation as it stands; None where there is none."""
    statement = select(schema.operation).where(_operation.id == operation)
    row = (await connection.execute(statement)).mappings().first()
    return None if row is None else from_row_values(dict(row))


async def unfinished(connection: AsyncConnection, service: str) -> list[str]:
    """The ids of a service's operations that are queued or running, oldest first."""
    statement = (
        select(_operation.id)
        .where(_operation.service == service, _operation.state.in_(UNFINISHED))
        .order_by(_operation.create_time, _operation.id)
    )
    return list((await connection.execute(statement)).scalars())


async def adopted(
    connection: AsyncConnection, operation: str, fence: int, now: datetime.datetime
) -> Operation | None:
    """Notes which incarnation works on it from now on; None where it has ended meanwhile."""
    return await _change(connection, operation, now, state=OperationState.RUNNING, fence=fence)


async def request_cancel(
    connection: AsyncConnection, operation: str, now: datetime.datetime
) -> Operation | None:
    """Asks for the cancellation; None where it is too late or there is no such operation."""
    return await _change(
        connection,
        operation,
        now,
        _operation.finishing.is_(False),
        cancel_requested=True,
        cancel_time=func.coalesce(
            _operation.cancel_time, literal(now, _operation.cancel_time.type)
        ),
    )


async def cancel_requested(connection: AsyncConnection, operation: str) -> bool:
    """Whether somebody asked for the cancellation."""
    statement = select(_operation.cancel_requested).where(_operation.id == operation)
    return bool((await connection.execute(statement)).scalar_one_or_none())


async def start_finishing(
    connection: AsyncConnection,
    operation: Operation,
    fence: int,
    *,
    phase: str,
    progress: Progress,
    now: datetime.datetime,
) -> bool:
    """Draws the line after which it cannot be cancelled; False where that was asked for before it.

    Raises LockLost.
    """
    await locks.guard(connection, operation.product_uid, fence)
    changed = await _change(
        connection,
        operation.id,
        now,
        _operation.cancel_requested.is_(False),
        finishing=True,
        phase=phase,
        progress=progress.to_json(),
    )
    return changed is not None


async def set_progress(
    connection: AsyncConnection,
    operation: Operation,
    fence: int,
    *,
    phase: str,
    progress: Progress,
    now: datetime.datetime,
) -> None:
    """Shows how far it is. Raises LockLost."""
    await locks.guard(connection, operation.product_uid, fence)
    await _change(connection, operation.id, now, phase=phase, progress=progress.to_json())


async def finish(
    connection: AsyncConnection,
    operation: Operation,
    lease: Lease,
    state: OperationState,
    *,
    error: Mapping[str, Any] | None,
    progress: Progress,
    now: datetime.datetime,
) -> None:
    """Ends it and gives up the lock. Raises LockLost."""
    ended = await _change(
        connection,
        operation.id,
        now,
        state=state,
        end_time=now,
        error=None if error is None else dict(error),
        progress=progress.to_json(),
    )
    if ended is None:
        raise locks.lost(operation.product_uid, operation.id)
    await locks.release(connection, lease)


async def abandon(
    connection: AsyncConnection,
    operation: Operation,
    state: OperationState,
    *,
    error: Mapping[str, Any] | None,
    progress: Progress,
    now: datetime.datetime,
) -> bool:
    """Ends one that lost its lock; False where it has ended already."""
    ended = await _change(
        connection,
        operation.id,
        now,
        _operation.fence == operation.fence,
        state=state,
        end_time=now,
        error=None if error is None else dict(error),
        progress=progress.to_json(),
    )
    return ended is not None


async def _change(
    connection: AsyncConnection,
    operation: str,
    now: datetime.datetime,
    *conditions: Any,
    **values: Any,
) -> Operation | None:
    statement = (
        update(schema.operation)
        .where(_operation.id == operation, _operation.state.in_(UNFINISHED), *conditions)
        .values(update_time=now, revision=_operation.revision + 1, **values)
        .returning(schema.operation)
    )
    row = (await connection.execute(statement)).mappings().first()
    return None if row is None else from_row_values(dict(row))
