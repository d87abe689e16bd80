"""Pages of findings, for ListBackupIssues and ListRestoreIssues."""

from __future__ import annotations

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.rpc import pages
from sitekeep_shared.work import findings
from sitekeep_shared.work.findings import NumberedFinding

# Of the column; PostgreSQL compares it with nothing larger.
_LARGEST_NUMBER = 2**31 - 1


async def issue_page(
    connection: AsyncConnection, request: Message, operation: str, size: int
) -> tuple[list[NumberedFinding], str]:
    """The findings of a page, and the token of the next one."""
    found = await findings.page(connection, operation, limit=size + 1, after=_position(request))
    if len(found) <= size:
        return found, ""
    last = found[size - 1]
    return found[:size], pages.encode(request, last.unit_key, last.number)


def _position(request: Message) -> tuple[str, int] | None:
    position = pages.decode(request, str, int)
    if position is None:
        return None
    unit_key, number = position
    if abs(number) > _LARGEST_NUMBER:
        raise pages.refused("is not a token that this method issued.")
    return unit_key, number
