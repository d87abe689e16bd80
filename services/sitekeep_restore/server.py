"""The Restore server: what it is made of, and its life."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

from sitekeep.restore.v1 import content_pb2_grpc, restore_pb2_grpc
from sitekeep_restore.backup_client import BackupClient
from sitekeep_restore.contents import ContentService
from sitekeep_restore.importing import RestoreHandler, Tools
from sitekeep_restore.preflight import Inspector
from sitekeep_restore.restores import RestoreService
from sitekeep_shared.clock import Clock, SystemClock
from sitekeep_shared.config import Settings
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.migrate import migrate
from sitekeep_shared.database.service_slot import ServiceSlot
from sitekeep_shared.rpc.server import Server, on_signals
from sitekeep_shared.rpc.service import (
    COMMON_NAMES,
    add_common_services,
    holder_name,
)
from sitekeep_shared.secrets import SecretBox
from sitekeep_shared.vault.keys import load_or_create_key_file
from sitekeep_shared.vault.local_store import DurableLocalStore
from sitekeep_shared.vault.vault import Vault
from sitekeep_shared.work.in_process import InProcessDispatcher

_log = logging.getLogger(__name__)

SERVICE_NAMES = (
    "sitekeep.restore.v1.RestoreService",
    "sitekeep.restore.v1.ContentService",
    *COMMON_NAMES,
)


class RestoreServer:
    """Everything that the Restore server consists of. An async context manager."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.port = 0
        self._stop = asyncio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> RestoreServer:
        """Opens the database and the vault, takes up unfinished restores, listens."""
        async with AsyncExitStack() as stack:
            await self._open(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Ends streams, lets calls end, puts work down where it goes on at the next start."""
        self._stop.set()
        await self._stack.aclose()

    async def _open(self, stack: AsyncExitStack) -> None:
        settings = self.settings
        self.database = Database(settings.database_url)
        stack.push_async_callback(self.database.close)
        await stack.enter_async_context(ServiceSlot(self.database, "restore"))
        await migrate(self.database)
        keys = await asyncio.to_thread(load_or_create_key_file, settings.key_file)
        store = DurableLocalStore(settings.vault_folder)
        self.vault = await Vault.open(store, keys, self.clock, create=True)
        stack.push_async_callback(self.vault.close)
        secrets = await asyncio.to_thread(SecretBox.load_or_create, settings.credentials_key_file)
        self.backups = await stack.enter_async_context(BackupClient(settings.backup_address))
        dispatcher = self._dispatcher(secrets)
        stack.push_async_callback(dispatcher.drain)
        server = Server(SERVICE_NAMES)
        self._serve(server, dispatcher, secrets)
        self.port = await server.start(settings.restore_listen, insecure=settings.insecure_listen)
        stack.push_async_callback(server.stop)
        stack.callback(self._stop.set)
        await dispatcher.reconcile()
        _log.info("the Restore service listens", extra={"address": settings.restore_listen})

    def _dispatcher(self, secrets: SecretBox) -> InProcessDispatcher:
        tools = Tools(self.database, self.vault, self.backups, secrets, self.clock)
        return InProcessDispatcher(
            self.database,
            RestoreHandler(tools),
            service="restore",
            holder=holder_name("restore"),
            clock=self.clock,
            concurrency=self.settings.concurrency,
            lease_seconds=self.settings.lease_seconds,
        )

    def _serve(self, server: Server, dispatcher: InProcessDispatcher, secrets: SecretBox) -> None:
        grpc_server = server.server
        inspector = Inspector(
            self.database, self.backups, secrets, self.clock, self.settings.profile
        )
        restores = RestoreService(
            self.database,
            self.clock,
            inspector,
            dispatcher.start,
            holder=holder_name("restore"),
            lease_seconds=self.settings.lease_seconds,
        )
        restore_pb2_grpc.add_RestoreServiceServicer_to_server(restores, grpc_server)
        content_pb2_grpc.add_ContentServiceServicer_to_server(
            ContentService(self.vault, self.backups, self.clock), grpc_server
        )
        add_common_services(server, self.database, self._stop, dispatcher)


async def serve(settings: Settings) -> None:
    """Serves until the process is asked to end."""
    stop = asyncio.Event()
    on_signals(stop.set)
    async with RestoreServer(settings):
        await stop.wait()
