"""The Backup server: what it is made of, and its life."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

from sitekeep.backup.v1 import backup_pb2_grpc, backup_policy_pb2_grpc, organization_pb2_grpc
from sitekeep_backup.backups import BackupService
from sitekeep_backup.expiry import Expiry
from sitekeep_backup.exporting import BackupHandler, Tools
from sitekeep_backup.organizations import Organizations
from sitekeep_backup.policies import BackupPolicyService
from sitekeep_backup.products import Products
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
    "sitekeep.backup.v1.OrganizationService",
    "sitekeep.backup.v1.BackupPolicyService",
    "sitekeep.backup.v1.BackupService",
    *COMMON_NAMES,
)


class OrganizationService(
    Organizations, Products, organization_pb2_grpc.OrganizationServiceServicer
):
    """Serves ``sitekeep.backup.v1.OrganizationService``."""

    def __init__(self, database: Database, clock: Clock, secrets: SecretBox) -> None:
        Products.__init__(self, database, clock, secrets)


class BackupServer:
    """Everything that the Backup server consists of. An async context manager."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.port = 0
        self._stop = asyncio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> BackupServer:
        """Opens the database and the vault, takes up unfinished backups, listens."""
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
        await stack.enter_async_context(ServiceSlot(self.database, "backup"))
        await migrate(self.database)
        keys = await asyncio.to_thread(load_or_create_key_file, settings.key_file)
        store = DurableLocalStore(settings.vault_folder)
        self.vault = await Vault.open(store, keys, self.clock, create=True)
        stack.push_async_callback(self.vault.close)
        secrets = await asyncio.to_thread(SecretBox.load_or_create, settings.credentials_key_file)
        dispatcher = self._dispatcher(secrets)
        stack.push_async_callback(dispatcher.drain)
        server = Server(SERVICE_NAMES)
        self._serve(server, dispatcher, secrets)
        self.port = await server.start(settings.backup_listen, insecure=settings.insecure_listen)
        stack.push_async_callback(server.stop)
        stack.callback(self._stop.set)
        self.expiry = Expiry(self.database, self.vault, self.clock, settings.profile)
        await stack.enter_async_context(self.expiry)
        await dispatcher.reconcile()
        _log.info("the Backup service listens", extra={"address": settings.backup_listen})

    def _dispatcher(self, secrets: SecretBox) -> InProcessDispatcher:
        tools = Tools(self.database, self.vault, secrets, self.clock)
        return InProcessDispatcher(
            self.database,
            BackupHandler(tools),
            service="backup",
            holder=holder_name("backup"),
            clock=self.clock,
            concurrency=self.settings.concurrency,
            lease_seconds=self.settings.lease_seconds,
        )

    def _serve(self, server: Server, dispatcher: InProcessDispatcher, secrets: SecretBox) -> None:
        grpc_server, profile = server.server, self.settings.profile
        organization_pb2_grpc.add_OrganizationServiceServicer_to_server(
            OrganizationService(self.database, self.clock, secrets), grpc_server
        )
        backup_policy_pb2_grpc.add_BackupPolicyServiceServicer_to_server(
            BackupPolicyService(self.database, self.clock, profile), grpc_server
        )
        backups = BackupService(
            self.database,
            self.clock,
            profile,
            dispatcher.start,
            holder=holder_name("backup"),
            lease_seconds=self.settings.lease_seconds,
        )
        backup_pb2_grpc.add_BackupServiceServicer_to_server(backups, grpc_server)
        add_common_services(server, self.database, self._stop, dispatcher)


async def serve(settings: Settings) -> None:
    """Serves until the process is asked to end."""
    stop = asyncio.Event()
    on_signals(stop.set)
    async with BackupServer(settings):
        await stop.wait()
