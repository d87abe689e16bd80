"""Connections and transactions: one writer per process on SQLite, a pool on PostgreSQL."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    BigInteger,
    Connection,
    Engine,
    Executable,
    Table,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from sitekeep_shared.database.errors import DatabaseTooOld, UnknownDatabase
from sitekeep_shared.database.prepared import Rows
from sitekeep_shared.database.statement_reader import StatementReader

BUSY_TIMEOUT_MS = 30_000
READ_CONNECTIONS = 4
POSTGRESQL_CONNECTIONS = 8

# Single statements: on SQLite the interpreter is what bounds them, so a second thread
# would only fight for it; on PostgreSQL it reads while the first waits for the network.
SQLITE_FETCHERS = 1
POSTGRESQL_FETCHERS = 2

POOL_TIMEOUT_SECONDS = 60.0

# RETURNING came with 3.35, upserts long before.
OLDEST_SQLITE = (3, 35)

# A frozen process must not block the others for longer than this, and a dead
# peer must be noticed; prepared statements are off because a plan that was
# cached before a migration fails once after it, and poolers lose them.
POSTGRESQL_OPTIONS: dict[str, Any] = {
    "options": "-c idle_in_transaction_session_timeout=10000 -c lock_timeout=10000",
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "connect_timeout": 10,
    "prepare_threshold": None,
}


class db_now_ms(FunctionElement[int]):  # noqa: N801
    """The wall clock of the database, in milliseconds since the epoch.

    On PostgreSQL it moves within a transaction, unlike ``now()``.
    """

    type = BigInteger()
    inherit_cache = True
    name = "db_now_ms"


@compiles(db_now_ms, "postgresql")
def _now_on_postgresql(element: db_now_ms, compiler: SQLCompiler, **options: Any) -> str:
    return "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint"


@compiles(db_now_ms, "sqlite")
def _now_on_sqlite(element: db_now_ms, compiler: SQLCompiler, **options: Any) -> str:
    # unixepoch('subsec') would need SQLite 3.42.
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


def insert_into(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT, in the words of the connection's database."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def parse_url(url: str) -> URL:
    """The URL with the driver that Sitekeep uses for it, for SQLAlchemy's asynchronous engine.

    Raises UnknownDatabase for anything but ``sqlite:///path`` and ``postgresql://…``.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UnknownDatabase(
            "the database URL cannot be read; use sqlite:///path or postgresql://user@host/name"
        ) from error
    backend = parsed.drivername.partition("+")[0]
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise UnknownDatabase(
            f"{backend!r} databases are not supported;"
            " use sqlite:///path or postgresql://user@host/name"
        )
    if parsed.database in (None, "", ":memory:"):
        raise UnknownDatabase("SQLite needs a file that servers can share: sqlite:///path")
    return parsed.set(drivername="sqlite+aiosqlite")


def prepare_sqlite(engine: Engine, *, begin: str, pragmas: tuple[str, ...]) -> None:
    """Makes the engine's connections begin transactions by themselves and set their pragmas.

    The driver would begin one only at the first write, which cannot be waited for.
    """
    _set_pragmas(engine, pragmas)

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "begin", on_begin)


def _set_pragmas(engine: Engine, pragmas: tuple[str, ...]) -> None:
    def on_connect(connection: Any, record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "connect", on_connect)


WRITE_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
READ_PRAGMAS = ("query_only=ON",)


class Database:
    """The database of a process. ``write`` and ``read`` are transactions."""

    def __init__(self, url: str) -> None:
        """Takes ``sqlite:///path`` (the folder is created) or ``postgresql://…``.

        Connects at the first use. Raises UnknownDatabase, DatabaseTooOld.
        """
        self.url = parse_url(url)
        self.path: Path | None = None
        """The file of a SQLite database."""
        if self.url.get_backend_name() == "sqlite":
            self.path = Path(str(self.url.database)).absolute()
            self._writer, self._reader = _sqlite_engines(self.url, self.path)
        else:
            self._writer = _postgresql_engine(self.url)
            # All statements of a read see one state, as on SQLite.
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ")
        self._fetcher = _statement_reader(self.url)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[AsyncConnection, None]:
        """A transaction that may write; it is committed unless the block raises.

        On SQLite it has the only writing connection of the process, so another
        one within the block would wait for itself.
        """
        async with self._writer.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncConnection, None]:
        """A transaction that only reads one state of the database; it never waits for a writer."""
        async with self._reader.begin() as connection:
            yield connection

    async def fetch(self, statement: Executable, **parameters: Any) -> Rows:
        """All rows of one statement that only reads, several times as fast as with ``read``.

        Made for what every call asks: keep the statement, with its values as
        ``bindparam``, because building it costs as much as running it.
        """
        return await self._fetcher.fetch(statement, parameters)

    async def session(self) -> AsyncConnection:
        """A connection of its own on PostgreSQL; each statement is its own transaction."""
        connection = await self._writer.connect()
        return await connection.execution_options(isolation_level="AUTOCOMMIT")

    async def close(self) -> None:
        """Closes every connection; those in use close when they are given back."""
        await self._fetcher.close()
        await self._writer.dispose()
        await self._reader.dispose()


def _sqlite_engines(url: URL, path: Path) -> tuple[AsyncEngine, AsyncEngine]:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise DatabaseTooOld(f"SQLite {sqlite3.sqlite_version} is too old; 3.35 is needed")
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = _sqlite_engine(url, 1, begin="BEGIN IMMEDIATE", pragmas=WRITE_PRAGMAS)
    reader = _sqlite_engine(url, READ_CONNECTIONS, begin="BEGIN", pragmas=READ_PRAGMAS)
    return writer, reader


class _SqliteConnection(sqlite3.Connection):
    """Rolls back before it is closed.

    A task that is cancelled in the midst of a transaction leaves its connection to be closed
    while a cursor of it is still referred to; SQLite then keeps the connection, and the lock
    on the database with it, until that cursor is collected.
    """

    def close(self) -> None:
        """Ends the transaction and the connection."""
        with contextlib.suppress(sqlite3.ProgrammingError):  # It is closed already.
            self.rollback()
        super().close()


def _sqlite_engine(
    url: URL, connections: int, *, begin: str, pragmas: tuple[str, ...]
) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        hide_parameters=True,  # They are customers' data, and errors are logged.
        connect_args={"factory": _SqliteConnection},
    )
    prepare_sqlite(engine.sync_engine, begin=begin, pragmas=pragmas)
    return engine


def _statement_reader(url: URL) -> StatementReader:
    options: dict[str, Any] = {
        "isolation_level": "AUTOCOMMIT",
        "max_overflow": 0,
        "hide_parameters": True,  # They are customers' data, and errors are logged.
    }
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url.set(drivername="sqlite"), pool_size=SQLITE_FETCHERS, **options)
        _set_pragmas(engine, READ_PRAGMAS)
        return StatementReader(engine, SQLITE_FETCHERS)
    engine = create_engine(
        url, pool_size=POSTGRESQL_FETCHERS, connect_args=POSTGRESQL_OPTIONS, **options
    )
    return StatementReader(engine, POSTGRESQL_FETCHERS)


def _postgresql_engine(url: URL) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=POSTGRESQL_CONNECTIONS,
        max_overflow=POSTGRESQL_CONNECTIONS,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,  # They are customers' data, and errors are logged.
        connect_args=POSTGRESQL_OPTIONS,
    )
