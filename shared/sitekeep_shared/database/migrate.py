"""Brings the database to the schema of this program; several processes may do so at once."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, text

from sitekeep_shared.database.engine import (
    POSTGRESQL_OPTIONS,
    WRITE_PRAGMAS,
    Database,
    prepare_sqlite,
)
from sitekeep_shared.database.errors import DatabaseTooNew

MIGRATIONS = Path(__file__).parent / "migrations"

# Any number will do, as long as nothing else in the database uses it.
ADVISORY_LOCK = 0x5174_6B65_6570_0001

# Alembic keeps its context in globals of the process.
_one_at_a_time = threading.Lock()


async def migrate(database: Database) -> None:
    """Applies every migration that the database lacks, in one transaction.

    Raises DatabaseTooNew where a newer program has been there.
    """
    await asyncio.to_thread(_migrate, database)


def _migrate(database: Database) -> None:
    engine = _engine(database)
    try:
        with _one_at_a_time, engine.begin() as connection:
            _wait_for_others(connection)
            upgrade(connection)
    finally:
        engine.dispose()


def _engine(database: Database) -> Engine:
    if database.path is None:
        options = {**POSTGRESQL_OPTIONS, "options": ""}
        return create_engine(database.url, poolclass=NullPool, connect_args=options)
    engine = create_engine(database.url.set(drivername="sqlite+pysqlite"), poolclass=NullPool)
    prepare_sqlite(engine, begin="BEGIN IMMEDIATE", pragmas=WRITE_PRAGMAS)
    return engine


def _wait_for_others(connection: Connection) -> None:
    # BEGIN IMMEDIATE has waited for them on SQLite.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})


def upgrade(connection: Connection) -> None:
    """Applies the missing migrations in the connection's transaction. Raises DatabaseTooNew."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    _refuse_newer(connection, config)
    command.upgrade(config, "head")


def _refuse_newer(connection: Connection, config: Config) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    for revision in MigrationContext.configure(connection).get_current_heads():
        if revision not in known:
            raise DatabaseTooNew(
                f"a newer Sitekeep has migrated this database (to {revision});"
                " start that version, or restore the database from before the update"
            )
