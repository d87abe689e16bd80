"""The Backup server: what it is made of."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack

from sitekeep.backup.v1 import (
    api_key_pb2_grpc,
    backup_pb2_grpc,
    backup_policy_pb2_grpc,
    organization_pb2_grpc,
)
from sitekeep_backup.api_keys import ApiKeyService
from sitekeep_backup.backup_run import UNITS_PER_READER, Tools
from sitekeep_backup.backups import BackupService
from sitekeep_backup.collecting import Collecting
from sitekeep_backup.expiry import Expiry
from sitekeep_backup.exporting import BackupHandler
from sitekeep_backup.organizations import Organizations
from sitekeep_backup.policies import BackupPolicyService
from sitekeep_backup.products import Products
from sitekeep_shared import api_keys
from sitekeep_shared.clock import Clock
from sitekeep_shared.config import Settings
from sitekeep_shared.database.engine import Database
from sitekeep_shared.rpc.server import Server
from sitekeep_shared.rpc.service import ServiceServer, serve_until_asked_to_end
from sitekeep_shared.rules import Profile
from sitekeep_shared.secrets import SecretBox
from sitekeep_shared.vault.opening import Use
from sitekeep_shared.work.in_process import InProcessDispatcher

_log = logging.getLogger(__name__)


class OrganizationService(
    Products, Organizations, organization_pb2_grpc.OrganizationServiceServicer
):
    """Serves ``sitekeep.backup.v1.OrganizationService``."""

    def __init__(
        self, database: Database, clock: Clock, profile: Profile, secrets: SecretBox
    ) -> None:
        Organizations.__init__(self, database, clock, profile)
        Products.__init__(self, database, clock, secrets)


class BackupServer(ServiceServer):
    """Serves organizations, products, policies and backups."""

    service = "backup"
    use = Use.WRITING
    service_names = (
        "sitekeep.backup.v1.ApiKeyService",
        "sitekeep.backup.v1.OrganizationService",
        "sitekeep.backup.v1.BackupPolicyService",
        "sitekeep.backup.v1.BackupService",
    )
    units_per_place = UNITS_PER_READER

    @property
    def address(self) -> str:
        """Where it is to listen."""
        return self.settings.backup_listen

    async def open_handler(self, stack: AsyncExitStack) -> BackupHandler:
        """What runs backups."""
        readers = self.settings.concurrency
        return BackupHandler(Tools(self.database, self.vault, self.secrets, self.clock, readers))

    async def add_services(
        self, server: Server, dispatcher: InProcessDispatcher, stack: AsyncExitStack
    ) -> None:
        """Adds the services, the look for what expires, and the collection of the vault."""
        profile = self.settings.profile
        organization_pb2_grpc.add_OrganizationServiceServicer_to_server(
            OrganizationService(self.database, self.clock, profile, self.secrets), server.server
        )
        api_key_pb2_grpc.add_ApiKeyServiceServicer_to_server(
            ApiKeyService(self.database, self.clock), server.server
        )
        backup_policy_pb2_grpc.add_BackupPolicyServiceServicer_to_server(
            BackupPolicyService(self.database, self.clock, profile), server.server
        )
        backups = BackupService(
            self.database,
            self.clock,
            profile,
            dispatcher.start,
            holder=self.holder,
            lease_seconds=self.settings.lease_seconds,
        )
        backup_pb2_grpc.add_BackupServiceServicer_to_server(backups, server.server)
        self.expiry = Expiry(self.database, self.vault, self.clock, profile)
        await stack.enter_async_context(self.expiry)
        self.collecting = Collecting(self.vault)
        await stack.enter_async_context(self.collecting)
        await self._ask_for_a_key()

    async def _ask_for_a_key(self) -> None:
        # Without one nobody can call, unless with a certificate; who starts the server is told.
        security = self.settings.server_tls
        if security is not None and security.client_authority is not None:
            return
        async with self.database.read() as connection:
            if not await api_keys.any_valid(connection, self.clock.now()):
                _log.warning("There is no valid API key yet: `sitekeep init` makes the first one.")


async def serve(settings: Settings) -> None:
    """Serves until the process is asked to end."""
    await serve_until_asked_to_end(BackupServer(settings))
