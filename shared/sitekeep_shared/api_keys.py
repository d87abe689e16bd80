"""API keys: what callers prove an account with. Only their hashes are kept.

A key is ``sitekeep_`` and 32 random bytes, URL-safe. So much chance cannot be guessed
or searched for, so a plain SHA-256 protects it at rest as well as a slow hash would.
"""

from __future__ import annotations

import datetime
import hashlib
import secrets
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.database import schema
from sitekeep_shared.facts import AnyRow, not_found
from sitekeep_shared.rpc.names import already_exists

PREFIX = "sitekeep_"
_SECRET_BYTES = 32
_key = schema.api_key.c


class CreatedKey(NamedTuple):
    """A new key; the only time that it can be read."""

    row: AnyRow
    key_string: str


def name_of(identifier: str) -> str:
    """The resource name of a key."""
    return f"apiKeys/{identifier}"


def hash_of(key_string: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key_string.encode()).hexdigest()


def is_valid(now: datetime.datetime | BindParameter[Any]) -> ColumnElement[bool]:
    """The condition that a key is neither revoked nor expired; at its expire time it is."""
    return and_(_key.revoke_time.is_(None), or_(_key.expire_time.is_(None), _key.expire_time > now))


async def accounts(connection: AsyncConnection, now: datetime.datetime) -> list[str]:
    """The accounts that have a valid key."""
    statement = select(_key.account_id).where(is_valid(now)).distinct().order_by(_key.account_id)
    return list((await connection.execute(statement)).scalars())


async def create(
    connection: AsyncConnection,
    identifier: str,
    *,
    account_id: str,
    display_name: str,
    now: datetime.datetime,
    expire_time: datetime.datetime | None = None,
) -> CreatedKey:
    """Makes a key for an account.

    Raises:
        AlreadyExists: the id is taken.
    """
    if await _row(connection, identifier) is not None:
        raise already_exists("ApiKey", name_of(identifier))
    key_string = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    statement = (
        insert(schema.api_key)
        .values(
            id=identifier,
            account_id=account_id,
            display_name=display_name,
            secret_hash=hash_of(key_string),
            create_time=now,
            expire_time=expire_time,
        )
        .returning(schema.api_key)
    )
    return CreatedKey((await connection.execute(statement)).one(), key_string)


async def get(connection: AsyncConnection, identifier: str, account_id: str) -> AnyRow:
    """A key of the account.

    Raises:
        NotFound: the account has no such key; another one may.
    """
    row = await _row(connection, identifier)
    if row is None or row.account_id != account_id:
        raise not_found("ApiKey", name_of(identifier))
    return row


async def revoke(
    connection: AsyncConnection, identifier: str, account_id: str, now: datetime.datetime
) -> AnyRow:
    """Revokes a key of the account for good; a second time changes nothing.

    Raises:
        NotFound: the account has no such key; another one may.
    """
    statement = (
        update(schema.api_key)
        .where(_key.id == identifier, _key.account_id == account_id, _key.revoke_time.is_(None))
        .values(revoke_time=now)
    )
    await connection.execute(statement)
    return await get(connection, identifier, account_id)


async def any_valid(connection: AsyncConnection, now: datetime.datetime) -> bool:
    """Whether somebody can call at all."""
    statement = select(_key.id).where(is_valid(now)).limit(1)
    return (await connection.execute(statement)).first() is not None


async def _row(connection: AsyncConnection, identifier: str) -> AnyRow | None:
    statement = select(schema.api_key).where(_key.id == identifier)
    return (await connection.execute(statement)).first()
