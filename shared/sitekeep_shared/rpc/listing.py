"""Pages of rows (AIP-132): by id, or newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message
from sqlalchemy import Select, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.facts import AnyRow
from sitekeep_shared.rpc import pages

Page = tuple[Sequence[AnyRow], str]
"""The rows of a page, and the token of the next one."""


async def by_id(
    connection: AsyncConnection, table: Table, statement: Select[Any], request: Message
) -> Page:
    """The rows of a statement on the table in the order of their ids."""
    size, token = _asked(request)
    last = str(pages.decode(request, token) or "")
    chosen = statement.where(table.c.id > last).order_by(table.c.id).limit(size + 1)
    rows = (await connection.execute(chosen)).all()
    more = pages.encode(request, rows[size - 1].id) if len(rows) > size else ""
    return rows[:size], more


async def newest_first(
    connection: AsyncConnection, table: Table, statement: Select[Any], request: Message
) -> Page:
    """The rows of a statement on the table, the newest first."""
    size, token = _asked(request)
    offset = int(pages.decode(request, token) or 0)
    ordered = statement.order_by(table.c.create_time.desc(), table.c.id)
    rows = (await connection.execute(ordered.offset(offset).limit(size + 1))).all()
    more = pages.encode(request, offset + size) if len(rows) > size else ""
    return rows[:size], more


def _asked(request: Message) -> tuple[int, str]:
    size = pages.page_size(getattr(request, "page_size", 0))
    return size, str(getattr(request, "page_token", ""))
