"""Requests that carry a ``request_id`` are answered once (AIP-155).

The answer is kept in the transaction that changed things, so a call that failed has used
nothing up. A call that only validates changes nothing and uses nothing up either.
"""

from __future__ import annotations

import datetime
import hashlib
from typing import TypeVar

from google.protobuf.message import Message
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.database import schema
from sitekeep_shared.errors import InvalidRequest, Violation
from sitekeep_shared.rpc.behaviors import clear_output_only

Answer = TypeVar("Answer", bound=Message)


async def earlier_answer(
    connection: AsyncConnection, request: Message, kind: type[Answer]
) -> Answer | None:
    """What an equal request with the same id was answered; None for the first one.

    In a transaction that writes it comes before anything else: an equal request that is
    being served is waited for.

    Raises:
        InvalidRequest: the id was used for another request.
    """
    request_id = _request_id(request)
    if not request_id:
        return None
    method = request.DESCRIPTOR.full_name
    await _wait_for_equal(connection, f"{method} {request_id}")
    table = schema.request
    statement = select(table).where(table.c.method == method, table.c.request_id == request_id)
    row = (await connection.execute(statement)).first()
    if row is None:
        return None
    if row.digest != _digest(request):
        raise _reused(request_id)
    return kind.FromString(row.response)


async def keep_answer(
    connection: AsyncConnection, request: Message, answer: Message, now: datetime.datetime
) -> None:
    """Keeps the answer in the transaction that the request changed things in."""
    request_id = _request_id(request)
    if request_id:
        await connection.execute(
            insert(schema.request).values(
                method=request.DESCRIPTOR.full_name,
                request_id=request_id,
                digest=_digest(request),
                response=answer.SerializeToString(),
                create_time=now,
            )
        )


async def _wait_for_equal(connection: AsyncConnection, text: str) -> None:
    # Until the transaction ends. On SQLite a transaction that writes is alone anyway.
    if connection.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], signed=True)
        await connection.execute(select(func.pg_advisory_xact_lock(number)))


def _request_id(request: Message) -> str:
    if getattr(request, "validate_only", False):
        return ""
    return str(getattr(request, "request_id", "")).lower()


def _digest(request: Message) -> str:
    plain = type(request)()
    plain.CopyFrom(request)
    plain.ClearField("request_id")
    clear_output_only(plain)
    return hashlib.sha256(plain.SerializeToString(deterministic=True)).hexdigest()


def _reused(request_id: str) -> InvalidRequest:
    text = "was used for another request; every new request needs a new one."
    return InvalidRequest(
        "REQUEST_ID_REUSED",
        f"`request_id` {request_id} {text}",
        {"field": "request_id", "requestId": request_id},
        [Violation("REQUEST_ID_REUSED", "request_id", text)],
    )
