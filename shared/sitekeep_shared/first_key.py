"""Keys made where the server runs, by whoever may open its database: the first one, and later ones.

Over gRPC an account makes keys only for itself, so somebody has to be let in from here.
"""

from __future__ import annotations

import datetime
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared import admins, api_keys
from sitekeep_shared.clock import Clock, SystemClock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.migrate import migrate
from sitekeep_shared.errors import PreconditionFailed, Violation
from sitekeep_shared.facts import AnyRow
from sitekeep_shared.rpc.names import chosen_id


@dataclass(frozen=True)
class KeyRequest:
    """What somebody at the server asks for."""

    account_id: str
    display_name: str
    api_key_id: str = ""
    expires_in: datetime.timedelta | None = None
    """From now; None: never."""


@dataclass(frozen=True)
class IssuedKey:
    """A new key, and what came with it."""

    name: str
    key_string: str
    account_id: str
    adopted_organizations: list[str]
    """Organizations that had no admin; the account is their admin now."""


async def issue_first(
    database_url: str, request: KeyRequest, clock: Clock | None = None
) -> IssuedKey:
    """Makes the first key of a server, and the database where there is none.

    Raises:
        PreconditionFailed: there is a valid key already; :func:`issue` makes more.
        DatabaseError: the database cannot be used.
    """
    return await _issue(database_url, request, clock or SystemClock(), only_first=True)


async def issue(database_url: str, request: KeyRequest, clock: Clock | None = None) -> IssuedKey:
    """Makes a key for any account.

    Raises:
        AlreadyExists: the id of the key is taken.
        DatabaseError: the database cannot be used.
    """
    return await _issue(database_url, request, clock or SystemClock(), only_first=False)


async def keys_of(database_url: str, account_id: str) -> list[AnyRow]:
    """The keys of an account by id, revoked and expired ones too.

    Raises:
        DatabaseError: the database cannot be used.
    """
    table = schema.api_key
    statement = select(table).where(table.c.account_id == account_id).order_by(table.c.id)
    async with _opened(database_url) as database, database.read() as connection:
        return list((await connection.execute(statement)).all())


async def revoke(
    database_url: str, account_id: str, api_key_id: str, clock: Clock | None = None
) -> AnyRow:
    """Revokes a key of an account for good; a second time changes nothing.

    Raises:
        NotFound: the account has no such key.
        DatabaseError: the database cannot be used.
    """
    now = (clock or SystemClock()).now()
    async with _opened(database_url) as database, database.write() as connection:
        return await api_keys.revoke(connection, api_key_id, account_id, now)


async def _issue(
    database_url: str, request: KeyRequest, clock: Clock, *, only_first: bool
) -> IssuedKey:
    async with _opened(database_url) as database, database.write() as connection:
        if only_first and await api_keys.any_valid(connection, clock.now()):
            raise _not_first()
        return await _made(connection, request, clock.now())


@asynccontextmanager
async def _opened(database_url: str) -> AsyncGenerator[Database, None]:
    database = Database(database_url)
    try:
        await migrate(database)
        yield database
    finally:
        await database.close()


async def _made(
    connection: AsyncConnection, request: KeyRequest, now: datetime.datetime
) -> IssuedKey:
    created = await api_keys.create(
        connection,
        chosen_id("api_key_id", request.api_key_id),
        account_id=request.account_id,
        display_name=request.display_name,
        now=now,
        expire_time=None if request.expires_in is None else now + request.expires_in,
    )
    adopted = await _adopt_organizations(connection, request.account_id)
    return IssuedKey(
        api_keys.name_of(created.row.id), created.key_string, request.account_id, adopted
    )


async def _adopt_organizations(connection: AsyncConnection, account_id: str) -> list[str]:
    # An organization without an admin could be reached by nobody.
    organization, admin = schema.organization.c.id, schema.admin
    statement = select(organization).where(~exists().where(admin.c.organization == organization))
    found = list((await connection.execute(statement.order_by(organization))).scalars())
    for identifier in found:
        await admins.add_first(connection, identifier, account_id)
    return found


def _not_first() -> PreconditionFailed:
    return PreconditionFailed(
        "RESOURCE_ALREADY_EXISTS",
        "This server has an API key already. `sitekeep api-key create --account` makes another one "
        "for any account.",
        {},
        [Violation("EXISTS", "apiKeys", "there is a valid key")],
    )
