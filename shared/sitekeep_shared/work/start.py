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
    """``backup`` or ``restore``; also the service that runs it."""
    resource_uid: str
    resource_name: str
    product_uid: str
    """The product that it locks."""
    arguments: dict[str, Any]


async def start_operation(
    connection: AsyncConnection,
    started: StartedOperation,
    *,
    now: datetime.datetime,
    holder: str,
    lease_seconds: float,
) -> Operation:
    """Takes the lock of the product and adds the operation.

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
        raise Conflict(
            "BACKUP_IN_PROGRESS" if started.kind == "backup" else "RESTORE_IN_PROGRESS",
            "Another operation of the product was faster. Look at the product's lock.",
        )
    return await insert_operation(
        connection,
        id=identifier,
        organization=started.organization,
        kind=started.kind,
        resource_uid=started.resource_uid,
        resource_name=started.resource_name,
        product_uid=started.product_uid,
        service=started.kind,
        arguments=started.arguments,
        now=now,
        fence=lease.fence,
    )
