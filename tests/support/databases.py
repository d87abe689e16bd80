"""Fixtures: an empty database of each kind that Sitekeep runs on."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.migrate import migrate

POSTGRESQL_URL = os.environ.get("SITEKEEP_TEST_POSTGRESQL_URL", "")

needs_postgresql = pytest.mark.skipif(
    not POSTGRESQL_URL, reason="SITEKEEP_TEST_POSTGRESQL_URL names no server"
)


@contextmanager
def postgresql_database(server_url: str = POSTGRESQL_URL) -> Generator[str, None, None]:
    """The URL of an empty database on the server; gone afterwards."""
    name = f"sitekeep_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield make_url(server_url).set(database=name).render_as_string(False)
        finally:
            drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            server.execute(drop.format(sql.Identifier(name)))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str, None, None]:
    """The URL of a database that holds nothing."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'sitekeep.db'}"
        return
    with postgresql_database() as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database, None]:
    """A database with every table and no row."""
    database = Database(database_url)
    await migrate(database)
    yield database
    await database.close()
