"""Pages of findings, for ListBackupIssues and ListRestoreIssues."""

from __future__ import annotations

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.rpc import pages
from sitekeep_shared.work import findings
from sitekeep_shared.work.findings import NumberedFinding


async def issue_page(
    connection: AsyncConnection, request: Message, operation: str, size: int
) -> tuple[list[NumberedFinding], str]:
    """The findings of a page, and the token of the next one."""
    token = pages.decode(request, getattr(request, "page_token", ""))
    after = (str(token[0]), int(token[1])) if token else None
    found = await findings.page(connection, operation, limit=size + 1, after=after)
    if len(found) <= size:
        return found, ""
    last = found[size - 1]
    return found[:size], pages.encode(request, [last.unit_key, last.number])
