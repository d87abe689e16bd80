"""Decisions: write transactions that look before they write, made once among concurrent ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy import Table, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.database.engine import Database

Answer = TypeVar("Answer")

ATTEMPTS = 5
"""More than the unique keys that one call can collide on."""


async def decide(
    database: Database, attempt: Callable[[AsyncConnection], Awaitable[Answer]]
) -> Answer:
    """Runs a write transaction, and again where another one took one of its keys meanwhile.

    Then it sees what the other one wrote, and answers accordingly.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await _attempt(database, attempt)
        except IntegrityError:
            continue
    return await _attempt(database, attempt)


async def _attempt(
    database: Database, attempt: Callable[[AsyncConnection], Awaitable[Answer]]
) -> Answer:
    async with database.write() as connection:
        return await attempt(connection)


async def decide_alone(connection: AsyncConnection, table: Table, key: str) -> None:
    """Makes others that decide about the row with this key wait until this transaction ends.

    What is read from here on, by further statements, is what they left. Whoever needs both
    takes the backup before the product. On SQLite there is one writer at a time anyway.
    """
    [column] = table.primary_key.columns
    await connection.execute(select(column).where(column == key).with_for_update())
