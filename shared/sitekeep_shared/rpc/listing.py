"""Pages of rows (AIP-132): by id, or newest first.

A page goes on behind the last row of the one before, wherever that now stands: rows that
are added or removed meanwhile neither repeat another nor hide it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import BigInteger, ColumnElement, Select, Table, and_, or_, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.database.types import EPOCH, MICROSECOND
from sitekeep_shared.facts import AnyRow
from sitekeep_shared.rpc import pages

Page = tuple[Sequence[AnyRow], str]
"""The rows of a page, and the token of the next one."""


async def by_id(
    connection: AsyncConnection, table: Table, statement: Select[Any], request: Message
) -> Page:
    """The rows of a statement on the table in the order of their ids."""
    size = pages.page_size(getattr(request, "page_size", 0))
    position = pages.decode(request, str)
    if position is not None:
        statement = statement.where(table.c.id > position[0])
    rows = (await connection.execute(statement.order_by(table.c.id).limit(size + 1))).all()
    more = pages.encode(request, rows[size - 1].id) if len(rows) > size else ""
    return rows[:size], more


async def newest_first(
    connection: AsyncConnection, table: Table, statement: Select[Any], request: Message
) -> Page:
    """The rows of a statement on the table, the newest first, those of one instant by id."""
    size = pages.page_size(getattr(request, "page_size", 0))
    position = pages.decode(request, int, str)
    if position is not None:
        statement = statement.where(_behind(table, *position))
    ordered = statement.order_by(table.c.create_time.desc(), table.c.id).limit(size + 1)
    rows = (await connection.execute(ordered)).all()
    more = pages.encode(request, *_position(rows[size - 1])) if len(rows) > size else ""
    return rows[:size], more


def _behind(table: Table, microseconds: int, identifier: str) -> ColumnElement[bool]:
    # A token may name an instant that no datetime holds, so it is compared as it is stored.
    created = type_coerce(table.c.create_time, BigInteger)
    same = and_(created == microseconds, table.c.id > identifier)
    return or_(created < microseconds, same)


def _position(row: AnyRow) -> tuple[int, str]:
    return (row.create_time - EPOCH) // MICROSECOND, row.id
