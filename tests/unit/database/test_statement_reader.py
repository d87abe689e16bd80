"""Single statements: read in threads, as the database stands, each caller with its own rows."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database

ROW = {"arrival_us": 1, "interval_us": 1, "burst": 1, "blocked_until_us": 0}
_site = schema.site_rate.c.site
ONE = select(schema.site_rate).where(_site == bindparam("site"))
SOME = select(_site).where(_site.in_(bindparam("sites", expanding=True))).order_by(_site)


async def add(database: Database, *sites: str) -> None:
    async with database.write() as connection:
        await connection.execute(
            insert(schema.site_rate), [{**ROW, "site": site} for site in sites]
        )


async def test_what_is_committed_is_read_and_nothing_else(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(schema.site_rate).values(site="a", **ROW))
        assert not await database.fetch(ONE, site="a")
    [row] = await database.fetch(ONE, site="a")
    assert (row.site, row.burst) == ("a", 1)
    await add(database, "b")
    assert len(await database.fetch(ONE, site="b")) == 1


async def test_each_of_many_callers_gets_its_own_rows(database: Database) -> None:
    sites = [f"s{number}" for number in range(200)]
    await add(database, *sites)
    found = await asyncio.gather(*(database.fetch(ONE, site=site) for site in sites))
    assert [[row.site for row in rows] for rows in found] == [[site] for site in sites]


async def test_a_list_is_a_parameter(database: Database) -> None:
    await add(database, "a", "b", "c")
    for asked in (["a", "c"], ["b"], [], ["x", "a", "b", "c"]):
        rows = await database.fetch(SOME, sites=asked)
        assert [row.site for row in rows] == [site for site in asked if site != "x"]


async def test_an_error_belongs_to_its_caller_and_does_not_tell_the_parameters(
    database: Database,
) -> None:
    await add(database, "a")
    wrong = text("SELECT * FROM nowhere WHERE site = :site")
    found = await asyncio.gather(
        database.fetch(ONE, site="a"),
        database.fetch(wrong, site="a secret"),
        database.fetch(ONE, site="a"),
        return_exceptions=True,
    )
    assert isinstance(found[1], DBAPIError)
    assert "a secret" not in str(found[1])
    assert [len(rows) for rows in (found[0], found[2]) if not isinstance(rows, BaseException)] == [
        1,
        1,
    ]
    assert len(await database.fetch(ONE, site="a")) == 1


async def test_a_caller_that_is_cancelled_does_not_disturb_the_others(database: Database) -> None:
    await add(database, "a")
    tasks = [asyncio.create_task(database.fetch(ONE, site="a")) for _ in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in found[::2])
    assert all(not isinstance(each, BaseException) for each in found[1::2])


async def test_what_was_asked_before_the_end_is_answered(database: Database) -> None:
    await add(database, "a")
    tasks = [asyncio.create_task(database.fetch(ONE, site="a")) for _ in range(100)]
    await asyncio.sleep(0)
    await database.close()
    assert [len(rows) for rows in await asyncio.gather(*tasks)] == [1] * 100
    # As everything else of a database, it opens again when it is used again.
    assert len(await database.fetch(ONE, site="a")) == 1


async def test_a_connection_that_broke_while_it_lay_idle_is_made_anew(database: Database) -> None:
    if database.path is not None:
        pytest.skip("a file does not hang up")
    await add(database, "a")
    await asyncio.gather(*(database.fetch(ONE, site="a") for _ in range(20)))
    async with database.write() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    found = await asyncio.gather(*(database.fetch(ONE, site="a") for _ in range(20)))
    assert [len(rows) for rows in found] == [1] * 20


async def test_a_server_that_is_away_is_an_error_and_nothing_worse(database: Database) -> None:
    if database.path is None:
        pytest.skip("its server serves other tests")
    away = Database(f"sqlite:///{database.path.parent / 'folder' / 'a.db'}")
    assert away.path is not None
    away.path.parent.rmdir()
    with pytest.raises(OperationalError):
        await away.fetch(ONE, site="a")
    away.path.parent.mkdir()
    with pytest.raises(OperationalError, match="no such table"):
        await away.fetch(ONE, site="a")
    await away.close()


async def test_sqlite_refuses_a_write(database: Database) -> None:
    if database.path is None:
        pytest.skip("what PostgreSQL refuses is up to the rights of its user")
    with pytest.raises(OperationalError, match="readonly"):
        await database.fetch(text("DELETE FROM site_rate"))
