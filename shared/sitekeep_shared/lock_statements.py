"""The statements of the lock protocol, equal on both databases. ``LOCKS.md`` says what each is for.

They are built once: building one takes as long as running it. Parameters are named in
capitals so that they never meet the name of a column.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Executable, Text, and_, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from sitekeep_shared.database.engine import db_now_ms
from sitekeep_shared.database.schema import operation_lock

_lock = operation_lock.c
_now = db_now_ms()

_product = bindparam("PRODUCT", type_=Text)
_operation = bindparam("OPERATION", type_=Text)
_holder = bindparam("HOLDER", type_=Text)
_kind = bindparam("KIND", type_=Text)
_fence = bindparam("FENCE", type_=BigInteger)
_duration_ms = bindparam("DURATION_MS", type_=BigInteger)

_is_held = and_(_lock.product == _product, _lock.holder.is_not(None))
_is_ours = and_(_lock.product == _product, _lock.fence == _fence, _lock.holder == _holder)
_free: dict[str, Any] = {"holder": None, "kind": None, "operation": None, "lease_until_ms": 0}

BUSY = select(_lock.fence).where(
    _is_held, _lock.lease_until_ms > _now, _lock.operation != _operation
)

RENEW = (
    update(operation_lock)
    .where(_is_ours)
    .values(renewed_at_ms=_now, lease_until_ms=_now + _duration_ms)
)

RELEASE = update(operation_lock).where(_is_ours).values(_free)

RELEASE_BY_ADMIN = (
    update(operation_lock).where(_lock.product == _product).values(fence=_lock.fence + 1, **_free)
)

# FOR SHARE on PostgreSQL; on SQLite the transaction is the only writer anyway.
GUARD = select(_lock.fence).where(_is_held, _lock.fence == _fence).with_for_update(read=True)

OPERATION_GUARD = (
    select(_lock.fence).where(_is_held, _lock.operation == _operation).with_for_update(read=True)
)

OWNER = select(_lock.operation).where(_lock.product == _product).with_for_update()

STATES = select(
    operation_lock,
    and_(_lock.holder.is_not(None), _lock.lease_until_ms > _now).label("live"),
)

STATE = STATES.where(_lock.product == _product)


@cache
def take(dialect: str) -> Executable:
    """Takes the lock; no row comes back where another operation holds it."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    taken: dict[str, Any] = {
        "holder": _holder,
        "kind": _kind,
        "operation": _operation,
        "acquired_at_ms": _now,
        "renewed_at_ms": _now,
        "lease_until_ms": _now + _duration_ms,
    }
    return (
        insert(operation_lock)
        .values(product=_product, fence=1, **taken)
        .on_conflict_do_update(
            index_elements=[_lock.product],
            set_={"fence": _lock.fence + 1, **taken},
            where=or_(
                _lock.holder.is_(None),
                _lock.lease_until_ms <= _now,
                _lock.operation == _operation,
            ),
        )
        .returning(_lock.fence)
    )
