"""Requests that carry a ``request_id`` are answered once (AIP-155)."""

from __future__ import annotations

import datetime
import hashlib
from typing import TypeVar

from google.protobuf.message import Message
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.database import schema
from sitekeep_shared.errors import InvalidRequest, Violation

Answer = TypeVar("Answer", bound=Message)


async def earlier_answer(
    connection: AsyncConnection, request: Message, kind: type[Answer]
) -> Answer | None:
    """What an equal request with the same id was answered; None for the first one.

    Raises:
        InvalidRequest: the id was used for another request.
    """
    request_id = _request_id(request)
    if not request_id:
        return None
    table = schema.request
    statement = select(table).where(
        table.c.method == request.DESCRIPTOR.full_name, table.c.request_id == request_id
    )
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


def _request_id(request: Message) -> str:
    return str(getattr(request, "request_id", "")).lower()


def _digest(request: Message) -> str:
    return hashlib.sha256(request.SerializeToString(deterministic=True)).hexdigest()


def _reused(request_id: str) -> InvalidRequest:
    text = "was used for another request; every new request needs a new one."
    return InvalidRequest(
        "REQUEST_ID_REUSED",
        f"`request_id` {request_id} {text}",
        {"requestId": request_id},
        [Violation("REQUEST_ID_REUSED", "request_id", text)],
    )
