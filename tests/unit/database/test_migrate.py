from __future__ import annotations

import datetime
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text

from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.errors import DatabaseTooNew
from sitekeep_shared.database.migrate import migrate
from sitekeep_shared.work.operations import insert_operation

MIGRATE = """
import asyncio, sys
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.migrate import migrate
asyncio.run(migrate(Database(sys.argv[1])))
"""


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, schema.metadata))


def check_constraints(connection: Connection) -> dict[str, set[str | None]]:
    inspector = inspect(connection)
    return {
        table: {check["name"] for check in inspector.get_check_constraints(table)}
        for table in schema.metadata.tables
    }


async def test_a_migrated_database_has_the_schema_of_the_program(database: Database) -> None:
    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_the_comparison_would_find_a_missing_column(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("ALTER TABLE hold ADD COLUMN forgotten INTEGER"))
        assert await connection.run_sync(differences) != []


async def test_a_migrated_database_has_the_checks_of_the_schema(database: Database) -> None:
    async with database.write() as connection:
        migrated = await connection.run_sync(check_constraints)
        await connection.run_sync(schema.metadata.drop_all)
        await connection.run_sync(schema.metadata.create_all)
        assert await connection.run_sync(check_constraints) == migrated
    assert migrated["operation_lock"] == {"ck_operation_lock_fence"}


async def test_migrating_again_changes_nothing(database: Database) -> None:
    await migrate(database)
    async with database.read() as connection:
        versions = await connection.execute(text("SELECT version_num FROM alembic_version"))
        assert len(versions.all()) == 1


async def test_what_verifications_found_before_there_was_a_table_is_kept(
    database: Database,
) -> None:
    now = datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC)
    async with database.write() as connection:
        for number, sound in enumerate((True, False)):
            await insert_operation(
                connection,
                id=f"o{number}",
                organization="acme",
                kind="verification",
                resource_uid=f"b{number}",
                resource_name="",
                product_uid="",
                service="restore",
                arguments={},
                now=now,
            )
            values = {"state": "SUCCEEDED", "end_time": now, "report": {"sound": sound}}
            table = schema.operation
            await connection.execute(
                table.update().where(table.c.id == f"o{number}").values(values)
            )
        await connection.execute(text("DROP TABLE verification"))
        await connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
    await migrate(database)
    async with database.read() as connection:
        rows = (await connection.execute(select(schema.verification))).all()
    found = [(row.backup_uid, row.level, row.sound, row.damage, row.verify_time) for row in rows]
    assert sorted(found) == [("b0", 3, True, False, now), ("b1", 3, False, True, now)]


async def test_a_database_of_a_newer_program_is_refused(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew, match="9999"):
        await migrate(database)


def migrate_in_processes(url: str, processes: int) -> list[tuple[int, str]]:
    command = [sys.executable, "-W", "error", "-c", MIGRATE, url]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(processes)]
    errors = [process.communicate(timeout=120)[1].decode() for process in running]
    return [(process.returncode, error) for process, error in zip(running, errors, strict=True)]


async def test_processes_that_migrate_at_once_apply_each_migration_once(database_url: str) -> None:
    assert migrate_in_processes(database_url, 4) == [(0, "")] * 4
    database = Database(database_url)
    async with database.read() as connection:
        assert await connection.run_sync(differences) == []
    await database.close()
