from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.errors import ServiceAlreadyRunning
from sitekeep_shared.database.service_slot import ServiceSlot
from support.databases import needs_postgresql, postgresql_database

TAKE_AND_WAIT = """
import asyncio, sys
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.service_slot import ServiceSlot
async def main():
    async with ServiceSlot(Database(sys.argv[1]), "backup"):
        print("taken", flush=True)
        sys.stdin.read()
asyncio.run(main())
"""


async def test_a_second_server_of_a_service_is_refused_with_a_way_out(database_url: str) -> None:
    first, second = Database(database_url), Database(database_url)
    async with ServiceSlot(first, "backup") as slot:
        assert await slot.held()
        with pytest.raises(ServiceAlreadyRunning, match=r"backup server.*stop it first"):
            await ServiceSlot(second, "backup").__aenter__()
    assert not await slot.held()
    await first.close()
    await second.close()


async def test_the_other_service_has_a_slot_of_its_own(database_url: str) -> None:
    database = Database(database_url)
    async with ServiceSlot(database, "backup"), ServiceSlot(database, "restore") as slot:
        assert await slot.held()
    await database.close()


async def test_a_released_slot_can_be_taken_again(database_url: str) -> None:
    database = Database(database_url)
    for _ in range(2):
        async with ServiceSlot(database, "backup") as slot:
            assert await slot.held()
    await database.close()


def start_server(url: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", TAKE_AND_WAIT, url]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"taken\n"
    return process


async def test_a_killed_server_leaves_its_slot(database_url: str) -> None:
    with start_server(database_url) as process:
        process.kill()
    database = Database(database_url)
    async with ServiceSlot(database, "backup") as slot:
        assert await slot.held()
    await database.close()


async def test_the_refusal_names_the_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    with start_server(url) as process:
        with pytest.raises(ServiceAlreadyRunning, match=f"process {process.pid} holds"):
            await ServiceSlot(Database(url), "backup").__aenter__()
        process.kill()


@needs_postgresql
async def test_a_slot_whose_connection_broke_is_not_held() -> None:
    with postgresql_database() as url:
        database = Database(url)
        async with ServiceSlot(database, "backup") as slot:
            async with database.write() as connection:
                others = "pid <> pg_backend_pid() AND datname = current_database()"
                terminate = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
                await connection.execute(text(terminate))
            assert not await slot.held()
        await database.close()


async def break_connections(database: Database) -> None:
    async with database.write() as connection:
        others = "pid <> pg_backend_pid() AND datname = current_database()"
        terminate = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
        await connection.execute(text(terminate))


@needs_postgresql
async def test_a_slot_whose_connection_broke_is_not_held_the_next_time_either() -> None:
    with postgresql_database() as url:
        database = Database(url)
        async with ServiceSlot(database, "backup") as slot:
            await break_connections(database)
            assert [await slot.held() for _ in range(3)] == [False] * 3
        await database.close()


@needs_postgresql
async def test_a_slot_whose_connection_broke_is_taken_again() -> None:
    with postgresql_database() as url:
        database, other = Database(url), Database(url)
        async with ServiceSlot(database, "backup") as slot:
            await break_connections(database)
            assert await slot.keep()
            assert await slot.held()
            with pytest.raises(ServiceAlreadyRunning):
                await ServiceSlot(other, "backup").__aenter__()
        assert not await slot.keep()
        await database.close()
        await other.close()


@needs_postgresql
async def test_a_slot_that_another_process_took_meanwhile_is_not_taken_back() -> None:
    with postgresql_database() as url:
        database, other = Database(url), Database(url)
        async with ServiceSlot(database, "backup") as slot:
            await break_connections(database)
            async with ServiceSlot(other, "backup"):
                assert not await slot.keep()
            assert await slot.keep()
        await database.close()
        await other.close()


async def test_a_slot_is_kept_as_long_as_nothing_happens_to_it(database_url: str) -> None:
    database = Database(database_url)
    async with ServiceSlot(database, "backup") as slot:
        assert await slot.keep()
        assert await slot.held()
    assert not await slot.keep()
    await database.close()
