"""Both servers over one database and one vault, real channels, a clock that is moved."""

from __future__ import annotations

import datetime
import shutil
import tempfile
from collections.abc import AsyncGenerator, Generator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from grpc import aio

from sitekeep_backup.server import BackupServer
from sitekeep_restore.server import RestoreServer
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.config import Settings
from sitekeep_simulator.server import RunningSite, start_site
from sitekeep_simulator.site import SimulatedSite
from support.client import Client, make_key, open_channel

START = datetime.datetime(2026, 3, 2, 9, 30, tzinfo=datetime.UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def socket_folder() -> Generator[Path, None, None]:
    # The path of a socket may have 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="sk"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def settings(tmp_path: Path, socket_folder: Path) -> Settings:
    settings = Settings.from_environment({"SITEKEEP_HOME": str(tmp_path / "home")})
    return replace(
        settings,
        backup_listen=f"unix:{socket_folder}/backup",
        restore_listen=f"unix:{socket_folder}/restore",
        backup_address=f"unix:{socket_folder}/backup",
    )


@pytest.fixture
def grpc_addr(settings: Settings) -> str:
    """The address that pytest-grpc's channel goes to: the Backup service's."""
    return settings.backup_listen


@pytest_asyncio.fixture
async def grpc_server(settings: Settings, clock: ManualClock) -> AsyncGenerator[BackupServer, None]:
    async with BackupServer(settings, clock) as server:
        yield server


@pytest_asyncio.fixture
async def restore_server(
    grpc_server: BackupServer, settings: Settings, clock: ManualClock
) -> AsyncGenerator[RestoreServer, None]:
    async with RestoreServer(settings, clock) as server:
        yield server


@pytest_asyncio.fixture
async def key(grpc_server: BackupServer, clock: ManualClock) -> str:
    """The API key that the client calls with."""
    return await make_key(grpc_server.database, clock)


@pytest_asyncio.fixture
async def grpc_channel(
    grpc_addr: str, grpc_server: BackupServer, key: str
) -> AsyncGenerator[aio.Channel, None]:
    async with open_channel(grpc_addr, key) as channel:
        yield channel


@pytest_asyncio.fixture
async def client(
    grpc_channel: aio.Channel, restore_server: RestoreServer, settings: Settings, key: str
) -> AsyncGenerator[Client, None]:
    async with open_channel(settings.restore_listen, key) as restore_channel:
        yield Client(grpc_channel, restore_channel)


@pytest_asyncio.fixture
async def empty_site(tmp_path: Path) -> AsyncGenerator[RunningSite, None]:
    site = SimulatedSite("empty")
    running = await start_site(site)
    yield running
    await running.close()
    site.close()
