"""Who may act for an organization."""

from __future__ import annotations

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.database import schema

FIRST_ADMIN = "founder"
"""The id of the admin that an organization begins with."""


async def add_first(connection: AsyncConnection, organization: str, account_id: str) -> None:
    """Gives an organization without admins its first one."""
    await connection.execute(
        insert(schema.admin).values(
            organization=organization, id=FIRST_ADMIN, account_id=account_id, display_name=""
        )
    )
