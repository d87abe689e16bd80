"""Starting an operation: its row and its lock, in the transaction of the resource it makes."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import locks
from sitekeep_shared.errors import Conflict
from sitekeep_shared.work.operations import insert_operation
from sitekeep_shared.work.records import Operation


@dataclass(frozen=True)
class StartedOperation:
    """What an operation is about."""

    organization: str
    kind: str
    """``backup``, ``restore`` or ``verification``."""
    resource_uid: str
    resource_name: str
    product_uid: str
    """The product that it locks; a verification locks its backup."""
    arguments: dict[str, Any]
    service: str = ""
    """Which service runs it; empty where it is named after the kind."""


_BUSY = {
    "backup": "BACKUP_IN_PROGRESS",
    "restore": "RESTORE_IN_PROGRESS",
    "verification": "VERIFICATION_IN_PROGRESS",
}


async def start_operation(
    connection: AsyncConnection,
    started: StartedOperation,
    *,
    now: datetime.datetime,
    holder: str,
    lease_seconds: float,
) -> Operation:
    """Takes the lock and adds the operation.

    Raises:
        Conflict: another operation took the lock since the rules were asked.
    """
    identifier = uuid.uuid4().hex
    lease = await locks.acquire(
        connection,
        started.product_uid,
        identifier,
        kind=started.kind,
        holder=holder,
        duration_ms=int(lease_seconds * 1000),
    )
    if lease is None:
        faster = await locks.read(connection, started.product_uid)
        raise Conflict(
            _BUSY[faster.kind if faster and faster.held else started.kind],
            "Another operation was faster. Wait until it has ended, or cancel it.",
        )
    return await insert_operation(
        connection,
        id=identifier,
        organization=started.organization,
        kind=started.kind,
        resource_uid=started.resource_uid,
        resource_name=started.resource_name,
        product_uid=started.product_uid,
        service=started.service or started.kind,
        arguments=started.arguments,
        now=now,
        fence=lease.fence,
    )
