"""An organization with a Jira, a Confluence and a policy, under a profile."""

from __future__ import annotations

from dataclasses import replace

import pytest
import pytest_asyncio

from sitekeep_backup.server import BackupServer
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.config import Settings
from sitekeep_shared.rules import PROFILES
from sitekeep_shared.work.in_process import InProcessDispatcher
from sitekeep_simulator.server import RunningSite
from support.client import Client
from support.rule_world import World
from support.vaults import small_backup


@pytest.fixture
def profile() -> str:
    """The profile of both servers; tests parametrize it."""
    return "closed-beta"


@pytest.fixture
def settings(settings: Settings, profile: str) -> Settings:
    return replace(settings, profile=PROFILES[profile])


@pytest_asyncio.fixture
async def world(
    client: Client, grpc_server: BackupServer, clock: ManualClock, empty_site: RunningSite
) -> World:
    """An enrolled organization with the products ``jira`` and ``wiki``; nothing was backed up."""
    await client.add_organization()
    await client.add_product("jira", "JIRA", empty_site.base_url)
    await client.add_product("wiki", "CONFLUENCE", empty_site.base_url)
    manifest = await small_backup(grpc_server.vault, clock, "stored")
    return World(client, grpc_server.database, clock, manifest)


@pytest_asyncio.fixture
async def policy(world: World) -> str:
    """The policy of the product ``jira``."""
    return await world.client.add_policy("weekly", "organizations/acme/products/jira")


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is started stays queued, so that nothing ends while a test looks."""

    async def start(dispatcher: InProcessDispatcher, operation: str) -> None:
        return None

    monkeypatch.setattr(InProcessDispatcher, "start", start)
