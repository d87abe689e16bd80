"""Keys that are made where the server runs: the first one, and those of other accounts."""

from __future__ import annotations

import datetime

import pytest
from sqlalchemy import insert, select

from sitekeep_shared import api_keys
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import AlreadyExists, PreconditionFailed
from sitekeep_shared.first_key import IssuedKey, KeyRequest, issue, issue_first

START = datetime.datetime(2026, 3, 2, 9, 30, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
OWNER = KeyRequest("owner", "The first")


async def _add_organization(database: Database, identifier: str) -> None:
    values = {
        "id": identifier,
        "display_name": identifier,
        "enrolled": True,
        "etag": "1",
        "create_time": START,
        "update_time": START,
    }
    async with database.write() as connection:
        await connection.execute(insert(schema.organization).values(values))


async def _admins(database: Database) -> set[tuple[str, str]]:
    async with database.read() as connection:
        rows = await connection.execute(
            select(schema.admin.c.organization, schema.admin.c.account_id)
        )
        return {(row.organization, row.account_id) for row in rows}


async def _revoke(database: Database, issued: IssuedKey) -> None:
    async with database.write() as connection:
        identifier = issued.name.removeprefix("apiKeys/")
        await api_keys.revoke(connection, identifier, issued.account_id, START)


async def test_the_first_key_makes_the_database(database_url: str) -> None:
    issued = await issue_first(database_url, OWNER, ManualClock(START))

    database = Database(database_url)
    async with database.read() as connection:
        kept = (await connection.execute(select(schema.api_key))).one()
    await database.close()
    assert kept.secret_hash == api_keys.hash_of(issued.key_string)
    assert issued.key_string not in str(tuple(kept))
    assert (kept.account_id, kept.display_name, kept.expire_time) == ("owner", "The first", None)


async def test_there_is_one_first_key(database_url: str) -> None:
    await issue_first(database_url, OWNER, ManualClock(START))

    with pytest.raises(PreconditionFailed, match="has an API key already"):
        await issue_first(database_url, OWNER, ManualClock(START))


async def test_there_is_a_first_key_again_once_no_key_is_valid(
    database_url: str, database: Database
) -> None:
    url = database_url
    clock = ManualClock(START)
    await _revoke(database, await issue_first(url, OWNER, clock))
    await issue_first(url, KeyRequest("owner", "For a day", expires_in=DAY), clock)
    with pytest.raises(PreconditionFailed):
        await issue_first(url, OWNER, ManualClock(START + DAY - datetime.timedelta(microseconds=1)))

    await issue_first(url, OWNER, ManualClock(START + DAY))


async def test_later_keys_are_made_for_any_account(database_url: str, database: Database) -> None:
    clock = ManualClock(START)
    await issue_first(database_url, OWNER, clock)
    request = KeyRequest("maria", "Maria's", "laptop", DAY)

    issued = await issue(database_url, request, clock)

    assert issued.name == "apiKeys/laptop"
    async with database.read() as connection:
        kept = await api_keys.get(connection, "laptop", "maria")
    assert kept.expire_time == START + DAY
    with pytest.raises(AlreadyExists):
        await issue(database_url, request, clock)


async def test_organizations_without_an_admin_get_the_account(
    database_url: str, database: Database
) -> None:
    for identifier in ("second", "first"):
        await _add_organization(database, identifier)

    issued = await issue_first(database_url, OWNER, ManualClock(START))
    later = await issue(database_url, KeyRequest("maria", "Maria's"), ManualClock(START))

    assert issued.adopted_organizations == ["first", "second"]
    assert later.adopted_organizations == []
    assert await _admins(database) == {("first", "owner"), ("second", "owner")}
