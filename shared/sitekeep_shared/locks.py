"""The lock of a product: one operation at a time, a lease in the database's time, a growing fence.

The *operation* owns the lock; the *fence* numbers the process that works for it.
Every statement runs in the transaction of its caller, so that a lock is taken
or given up together with what it protects. A row is never deleted: that is what
keeps the fence growing.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import lock_statements as statements
from sitekeep_shared.database.schema import operation_lock
from sitekeep_shared.database.types import EPOCH
from sitekeep_shared.errors import Conflict, NotFound, PreconditionFailed

LEASE_SECONDS = 60.0

_lock = operation_lock.c


@dataclass(eq=False)
class LockLost(Conflict):
    """The operation lost its lock: another one, or a newer incarnation of it, has the product."""

    reason: str = "LOCK_LOST"
    message: str = (
        "The operation lost the lock of its product: it was released by force, or was not renewed "
        "in time and taken by another one. Start it again."
    )
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Lease:
    """That this process works for the operation on the product, for a time."""

    product: str
    operation: str
    holder: str
    fence: int
    duration_ms: int
    renewed: float
    """``time.monotonic()`` from before the call that took or renewed it."""


@dataclass(frozen=True)
class LockState:
    """A lock as it stands. ``kind``, ``operation`` and ``holder`` are empty where it is free."""

    product: str
    kind: str
    operation: str
    holder: str
    fence: int
    acquire_time: datetime.datetime
    renew_time: datetime.datetime
    expire_time: datetime.datetime
    live: bool
    """Held, and the lease is not over."""

    @property
    def held(self) -> bool:
        """Whether an operation owns it, be its lease over or not."""
        return self.holder != ""

    @property
    def etag(self) -> str:
        """Changes when the lock changes hands, not when it is renewed."""
        return f'"{self.fence}-{"held" if self.held else "free"}"'


async def acquire(
    connection: AsyncConnection,
    product: str,
    operation: str,
    *,
    kind: str,
    holder: str,
    duration_ms: int = int(LEASE_SECONDS * 1000),
) -> Lease | None:
    """Takes the lock if it is free, if its lease is over, or if the operation owns it already.

    The fence grows by one each time, so whoever held it before can change nothing
    any more. None says that another operation holds it.
    """
    started = time.monotonic()
    # A refused upsert would wait for the row's lock, or the file's, all the same.
    if await _is_there(connection, statements.BUSY, PRODUCT=product, OPERATION=operation):
        return None
    taken = await connection.execute(
        statements.take(connection.dialect.name),
        {
            "PRODUCT": product,
            "OPERATION": operation,
            "KIND": kind,
            "HOLDER": holder,
            "DURATION_MS": duration_ms,
        },
    )
    fence = taken.scalar_one_or_none()
    if fence is None:
        return None
    return Lease(product, operation, holder, fence, duration_ms, started)


async def _is_there(
    connection: AsyncConnection, statement: Executable, **parameters: str | int
) -> bool:
    return (await connection.execute(statement, parameters)).first() is not None


async def renew(connection: AsyncConnection, lease: Lease) -> Lease:
    """Starts the lease again; allowed after its end too, as long as nobody took the lock.

    Raises LockLost.
    """
    started = time.monotonic()
    ours = _ours(lease) | {"DURATION_MS": lease.duration_ms}
    if (await connection.execute(statements.RENEW, ours)).rowcount != 1:
        raise lost(lease.product, lease.operation)
    return replace(lease, renewed=started)


async def release(connection: AsyncConnection, lease: Lease) -> None:
    """Gives the lock up. Raises LockLost where it is another's already."""
    if (await connection.execute(statements.RELEASE, _ours(lease))).rowcount != 1:
        raise lost(lease.product, lease.operation)


def _ours(lease: Lease) -> dict[str, str | int]:
    return {"PRODUCT": lease.product, "FENCE": lease.fence, "HOLDER": lease.holder}


async def guard(connection: AsyncConnection, product: str, fence: int) -> None:
    """The first statement of a transaction that only the current incarnation may commit.

    A takeover waits until that transaction has ended. Raises LockLost.
    """
    if not await _is_there(connection, statements.GUARD, PRODUCT=product, FENCE=fence):
        raise lost(product)


async def operation_guard(connection: AsyncConnection, product: str, operation: str) -> None:
    """The first statement of a transaction that any process working for the operation may commit.

    A takeover waits until that transaction has ended. Raises LockLost.
    """
    statement = statements.OPERATION_GUARD
    if not await _is_there(connection, statement, PRODUCT=product, OPERATION=operation):
        raise lost(product, operation)


async def owner(connection: AsyncConnection, product: str) -> str:
    """The operation that owns the lock, until the transaction ends; empty where none does."""
    return (await connection.execute(statements.OWNER, {"PRODUCT": product})).scalar() or ""


async def check(connection: AsyncConnection, product: str, fence: int) -> None:
    """Looks whether the lock is still this incarnation's, without keeping it so.

    Raises LockLost.
    """
    state = await read(connection, product)
    if state is None or not state.held or state.fence != fence:
        raise lost(product)


async def read(connection: AsyncConnection, product: str) -> LockState | None:
    """The lock of a product; None where no operation ever took it."""
    row = (await connection.execute(statements.STATE, {"PRODUCT": product})).first()
    return None if row is None else _state(row)


async def read_held(
    connection: AsyncConnection, products: Iterable[str]
) -> AsyncIterator[LockState]:
    """The locks of these products that an operation owns, in the order of the product."""
    statement = statements.STATES.where(
        _lock.product.in_(list(products)), _lock.holder.is_not(None)
    ).order_by(_lock.product)
    for row in await connection.execute(statement):
        yield _state(row)


async def release_by_admin(
    connection: AsyncConnection, product: str, *, etag: str, force: bool
) -> LockState:
    """Takes the lock away from its operation, and gives its state afterwards.

    The fence grows, so the operation finds out when it comes back and ends with
    LOCK_LOST. Raises NotFound, Conflict (ETAG_MISMATCH) and, unless forced,
    PreconditionFailed (LOCK_LEASE_ACTIVE) while the lease is alive.
    """
    if not await owner(connection, product):
        raise NotFound("RESOURCE_NOT_FOUND", "No operation holds the lock of this product.")
    before = await read(connection, product)
    assert before is not None
    _check_release(before, etag, force=force)
    await connection.execute(statements.RELEASE_BY_ADMIN, {"PRODUCT": product})
    after = await read(connection, product)
    assert after is not None
    return after


def _check_release(state: LockState, etag: str, *, force: bool) -> None:
    if etag != state.etag:
        raise Conflict(
            "ETAG_MISMATCH",
            "The lock changed hands since it was read. Read it again.",
            {"etag": state.etag},
        )
    if state.live and not force:
        raise PreconditionFailed(
            "LOCK_LEASE_ACTIVE",
            f"Operation {state.operation} is alive: {state.holder} renews its lock. Cancel the "
            "operation instead, or set `force` where that does not help.",
            {"holder": state.holder, "leaseExpireTime": state.expire_time.isoformat()},
        )


def lost(product: str, operation: str = "") -> LockLost:
    """The error for an operation that no longer has the lock of the product."""
    metadata = {"product": product}
    if operation:
        metadata["operation"] = operation
    return LockLost(metadata=metadata)


def _state(row: Any) -> LockState:
    return LockState(
        product=row.product,
        kind=row.kind or "",
        operation=row.operation or "",
        holder=row.holder or "",
        fence=row.fence,
        acquire_time=_instant(row.acquired_at_ms),
        renew_time=_instant(row.renewed_at_ms),
        expire_time=_instant(row.lease_until_ms),
        live=bool(row.live),
    )


def _instant(milliseconds: int) -> datetime.datetime:
    return EPOCH + datetime.timedelta(milliseconds=milliseconds)
