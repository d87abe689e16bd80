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
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.database.engine import db_now_ms, insert_into
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
    if await _is_busy(connection, product, operation):
        return None
    now = db_now_ms()
    taken: dict[str, Any] = {
        "holder": holder,
        "kind": kind,
        "operation": operation,
        "acquired_at_ms": now,
        "renewed_at_ms": now,
        "lease_until_ms": now + duration_ms,
    }
    statement = (
        insert_into(connection, operation_lock)
        .values(product=product, fence=1, **taken)
        .on_conflict_do_update(
            index_elements=[_lock.product],
            set_={"fence": _lock.fence + 1, **taken},
            where=or_(
                _lock.holder.is_(None),
                _lock.lease_until_ms <= now,
                _lock.operation == operation,
            ),
        )
        .returning(_lock.fence)
    )
    fence = (await connection.execute(statement)).scalar_one_or_none()
    if fence is None:
        return None
    return Lease(product, operation, holder, fence, duration_ms, started)


async def _is_busy(connection: AsyncConnection, product: str, operation: str) -> bool:
    statement = select(_lock.fence).where(
        _lock.product == product,
        _lock.holder.is_not(None),
        _lock.lease_until_ms > db_now_ms(),
        _lock.operation != operation,
    )
    return (await connection.execute(statement)).first() is not None


async def renew(connection: AsyncConnection, lease: Lease) -> Lease:
    """Starts the lease again; allowed after its end too, as long as nobody took the lock.

    Raises LockLost.
    """
    started = time.monotonic()
    now = db_now_ms()
    statement = (
        update(operation_lock)
        .where(*_is_ours(lease))
        .values(renewed_at_ms=now, lease_until_ms=now + lease.duration_ms)
    )
    if (await connection.execute(statement)).rowcount != 1:
        raise lost(lease.product, lease.operation)
    return Lease(
        lease.product, lease.operation, lease.holder, lease.fence, lease.duration_ms, started
    )


async def release(connection: AsyncConnection, lease: Lease) -> None:
    """Gives the lock up. Raises LockLost where it is another's already."""
    statement = update(operation_lock).where(*_is_ours(lease)).values(_free())
    if (await connection.execute(statement)).rowcount != 1:
        raise lost(lease.product, lease.operation)


async def guard(connection: AsyncConnection, product: str, fence: int) -> None:
    """The first statement of a transaction that only the current incarnation may commit.

    A takeover waits until that transaction has ended. Raises LockLost.
    """
    statement = select(_lock.fence).where(
        _lock.product == product, _lock.fence == fence, _lock.holder.is_not(None)
    )
    if not await _locked_row(connection, statement):
        raise lost(product)


async def operation_guard(connection: AsyncConnection, product: str, operation: str) -> None:
    """The first statement of a transaction that any process working for the operation may commit.

    A takeover waits until that transaction has ended. Raises LockLost.
    """
    statement = select(_lock.fence).where(
        _lock.product == product, _lock.operation == operation, _lock.holder.is_not(None)
    )
    if not await _locked_row(connection, statement):
        raise lost(product, operation)


async def _locked_row(connection: AsyncConnection, statement: Select[int]) -> bool:
    # FOR SHARE on PostgreSQL; on SQLite the transaction is the only writer anyway.
    return (await connection.execute(statement.with_for_update(read=True))).first() is not None


async def read(connection: AsyncConnection, product: str) -> LockState | None:
    """The lock of a product; None where no operation ever took it."""
    row = (await connection.execute(_states().where(_lock.product == product))).first()
    return None if row is None else _state(row)


async def read_held(
    connection: AsyncConnection, products: Iterable[str]
) -> AsyncIterator[LockState]:
    """The locks of these products that an operation owns, in the order of the product."""
    statement = (
        _states()
        .where(_lock.product.in_(list(products)), _lock.holder.is_not(None))
        .order_by(_lock.product)
    )
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
    statement = _states().where(_lock.product == product).with_for_update()
    row = (await connection.execute(statement)).first()
    if row is None or row.holder is None:
        raise NotFound("RESOURCE_NOT_FOUND", "No operation holds the lock of this product.")
    state = _state(row)
    _check_release(state, etag, force=force)
    await connection.execute(
        update(operation_lock)
        .where(_lock.product == product)
        .values(fence=_lock.fence + 1, **_free())
    )
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


def _is_ours(lease: Lease) -> tuple[Any, ...]:
    return (
        _lock.product == lease.product,
        _lock.fence == lease.fence,
        _lock.holder == lease.holder,
    )


def _free() -> dict[str, Any]:
    return {"holder": None, "kind": None, "operation": None, "lease_until_ms": 0}


def _states() -> Select[Any]:
    live = and_(_lock.holder.is_not(None), _lock.lease_until_ms > db_now_ms())
    return select(operation_lock, live.label("live"))


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
