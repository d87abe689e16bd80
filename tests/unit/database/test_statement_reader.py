"""Single statements: read in threads, as the database stands, each caller with its own rows."""

from __future__ import annotations

import asyncio
import datetime

import pytest
from sqlalchemy import bindparam, func, insert, select, text
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


async def test_every_type_is_read_as_in_a_transaction(database: Database) -> None:
    instant = datetime.datetime(2026, 2, 3, 4, 5, 6, 789012, tzinfo=datetime.UTC)
    base = {
        "uid": "u1", "organization": "acme", "id": "b1", "policy": "p", "product_uid": "x",
        "product_name": "näme", "product_type": "JIRA", "state": "COMPLETE", "operation": "o",
        "create_time": instant, "etag": '"e"',
    }  # fmt: skip
    full = {
        **base, "uid": "u2", "id": "b2", "end_time": instant, "size_bytes": 2**40,
        "counts": {"issue": {"done": 1}}, "error": {"message": "100 %"},
    }  # fmt: skip
    backup, restore = schema.backup, schema.restore.c
    async with database.write() as connection:
        await connection.execute(insert(backup).values(base))
        await connection.execute(insert(backup).values(full))
    last = select(func.max(restore.create_time)).where(restore.backup_uid == backup.c.uid)
    statement = (
        select(backup, last.scalar_subquery().label("last"), (backup.c.id == "b1").label("first"))
        .where(backup.c.create_time <= bindparam("now"), backup.c.state == "COMPLETE")
        .order_by(backup.c.id)
    )
    async with database.read() as connection:
        expected = (await connection.execute(statement, {"now": instant})).all()
    found = await database.fetch(statement, now=instant)
    assert len(found) == 2
    assert list(found) == list(expected)
    for key in [str(column.key) for column in statement.selected_columns]:
        assert [getattr(row, key) for row in found] == [getattr(row, key) for row in expected]
    assert (found[1].counts, found[1].end_time) == ({"issue": {"done": 1}}, instant)
    assert not await database.fetch(statement, now=instant - datetime.timedelta(microseconds=1))


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
