"""Every list goes through all its pages once, whatever comes and goes meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sitekeep_backup.server import BackupServer
from sitekeep_shared.config import Settings
from support import rows
from support.client import Client
from support.databases import database_url
from support.lists import COLLECTIONS, moment

__all__ = ["database_url"]


@pytest.fixture
def settings(settings: Settings, database_url: str) -> Settings:
    return replace(settings, database_url=database_url)


@pytest.mark.parametrize("name", COLLECTIONS)
async def test_what_stays_is_listed_once_while_others_come_and_go(
    client: Client, grpc_server: BackupServer, name: str
) -> None:
    collection, database = COLLECTIONS[name], grpc_server.database
    await client.add_organization()
    before, _ = await collection.page(client, "", 1_000)
    stays = {f"row-{number:02}" for number in range(0, 40, 2)}
    for number in range(40):
        # Three are created at the same instant.
        await rows.put(database, collection.make(f"row-{number:02}", moment(number // 3)))
    seen: list[str] = []
    token, step = "", 0
    while token or not step:
        found, token = await collection.page(client, token, 1 + step % 4)
        seen += found
        # One that is removed may be behind us or before us; so may one that is new.
        if step < 20:
            await rows.remove(database, collection.table, f"row-{(step * 14 + 1) % 40:02}")
            await rows.put(database, collection.make(f"row-{step * 2:02}-new", moment(step)))
        step += 1
    assert len(seen) == len(set(seen))
    assert stays <= set(seen)
    assert set(before) <= set(seen)
    if not collection.newest_first:
        assert seen == sorted(seen)


@pytest.mark.parametrize("name", [name for name, each in COLLECTIONS.items() if each.newest_first])
async def test_the_newest_come_first_and_those_of_one_instant_by_id(
    client: Client, grpc_server: BackupServer, name: str
) -> None:
    collection = COLLECTIONS[name]
    await client.add_organization()
    for identifier, minute in (("b", 1), ("a", 1), ("d", 0), ("c", 2)):
        made = collection.make(identifier, moment(minute))
        await rows.put(grpc_server.database, made)
    assert (await collection.page(client, "", 0))[0] == ["c", "a", "b", "d"]
    first, token = await collection.page(client, "", 2)
    rest, end = await collection.page(client, token, 2)
    assert (first + rest, end) == (["c", "a", "b", "d"], "")
