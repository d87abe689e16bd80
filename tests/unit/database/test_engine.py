from __future__ import annotations

import asyncio
import datetime
from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database, db_now_ms
from sitekeep_shared.database.errors import UnknownDatabase

ROW = {"site": "s", "arrival_us": 1, "interval_us": 1, "burst": 1, "blocked_until_us": 0}
INSTANT = datetime.datetime(2026, 2, 3, 4, 5, 6, 789012, tzinfo=datetime.UTC)


async def count(database: Database) -> int:
    async with database.read() as connection:
        return len((await connection.execute(select(schema.site_rate))).all())


async def test_what_a_block_wrote_is_there_after_it(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(schema.site_rate).values(ROW))
    assert await count(database) == 1


async def test_what_a_failed_block_wrote_is_gone(database: Database) -> None:
    async def write_and_fail() -> None:
        async with database.write() as connection:
            await connection.execute(insert(schema.site_rate).values(ROW))
            raise LookupError

    with pytest.raises(LookupError):
        await write_and_fail()
    assert await count(database) == 0


async def test_a_cancelled_block_leaves_nothing_and_the_database_usable(
    database: Database,
) -> None:
    written = asyncio.Event()

    async def write_and_wait() -> None:
        async with database.write() as connection:
            await connection.execute(insert(schema.site_rate).values(ROW))
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_and_wait())
    await written.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await count(database) == 0
    async with database.write() as connection:
        await connection.execute(insert(schema.site_rate).values(ROW))
    assert await count(database) == 1


async def test_a_reader_neither_waits_for_a_writer_nor_sees_what_it_has_not_committed(
    database: Database,
) -> None:
    async with database.write() as connection:
        await connection.execute(insert(schema.site_rate).values(ROW))
        assert await count(database) == 0


async def test_an_error_does_not_tell_the_parameters(database: Database) -> None:
    row = {**ROW, "site": "a secret"}
    async with database.write() as connection:
        await connection.execute(insert(schema.site_rate).values(row))
    with pytest.raises(IntegrityError) as failure:
        async with database.write() as connection:
            await connection.execute(insert(schema.site_rate).values({**row, "burst": 77777}))
    assert "77777" not in str(failure.value)


async def test_writers_take_turns(database: Database) -> None:
    async def add(number: int) -> None:
        async with database.write() as connection:
            known = (await connection.execute(select(schema.site_rate))).all()
            row = {**ROW, "site": f"{number}", "burst": len(known)}
            await connection.execute(insert(schema.site_rate).values(row))

    await asyncio.gather(*(add(number) for number in range(10)))
    assert await count(database) == 10


async def test_sqlite_refuses_a_write_in_a_read(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    async with database.write() as connection:
        await connection.run_sync(schema.metadata.create_all)
    with pytest.raises(OperationalError, match="readonly"):
        async with database.read() as connection:
            await connection.execute(insert(schema.site_rate).values(ROW))
    await database.close()


async def test_sqlite_survives_power_loss_by_its_settings(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'folder' / 'a.db'}")
    async with database.write() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        values = [(await connection.execute(text(f"PRAGMA {name}"))).scalar() for name in pragmas]
    await database.close()
    assert values == ["wal", 2, 1, 30_000]


async def test_the_database_tells_its_time_in_milliseconds(database: Database) -> None:
    before = datetime.datetime.now(datetime.UTC).timestamp() * 1000
    async with database.read() as connection:
        now = (await connection.execute(select(db_now_ms()))).scalar_one()
    after = datetime.datetime.now(datetime.UTC).timestamp() * 1000
    assert before - 2 <= now <= after + 2


async def test_an_instant_comes_back_to_the_microsecond(database: Database) -> None:
    statement = select(bindparam("at", INSTANT, schema.organization.c.create_time.type))
    async with database.read() as connection:
        assert (await connection.execute(statement)).scalar_one() == INSTANT


async def test_an_instant_without_a_zone_is_refused(database: Database) -> None:
    naive = INSTANT.replace(tzinfo=None)
    statement = select(bindparam("at", naive, schema.organization.c.create_time.type))
    with pytest.raises(StatementError, match="without a zone"):
        async with database.read() as connection:
            await connection.execute(statement)


async def test_text_sorts_by_its_bytes(database: Database) -> None:
    words = ["b", "A", "a-1", "a_1", "a1", "B"]
    async with database.write() as connection:
        rows = [{**ROW, "site": word} for word in words]
        await connection.execute(insert(schema.site_rate), rows)
        site = schema.site_rate.c.site
        found = (await connection.execute(select(site).order_by(site))).scalars().all()
    assert list(found) == sorted(words)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("mysql://root@host/name", "'mysql' databases are not supported"),
        ("/var/lib/sitekeep.db", "cannot be read"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
    ],
)
def test_an_unknown_url_is_refused_with_a_way_out(url: str, complaint: str) -> None:
    with pytest.raises(UnknownDatabase, match=complaint) as refusal:
        Database(url)
    assert "sqlite:///path" in str(refusal.value)


async def test_a_read_sees_one_state_from_its_first_statement_on(database: Database) -> None:
    statement = select(schema.site_rate)
    async with database.read() as connection:
        assert not (await connection.execute(statement)).all()
        async with database.write() as writing:
            await writing.execute(insert(schema.site_rate).values(ROW))
        assert not (await connection.execute(statement)).all()
    assert await count(database) == 1
