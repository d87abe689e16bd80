"""The Backup server: what it is made of."""

from __future__ import annotations

from contextlib import AsyncExitStack

from sitekeep.backup.v1 import backup_pb2_grpc, backup_policy_pb2_grpc, organization_pb2_grpc
from sitekeep_backup.backups import BackupService
from sitekeep_backup.expiry import Expiry
from sitekeep_backup.exporting import UNITS_PER_READER, BackupHandler, Tools
from sitekeep_backup.organizations import Organizations
from sitekeep_backup.policies import BackupPolicyService
from sitekeep_backup.products import Products
from sitekeep_shared.config import Settings
from sitekeep_shared.rpc.server import Server
from sitekeep_shared.rpc.service import ServiceServer, serve_until_asked_to_end
from sitekeep_shared.work.in_process import InProcessDispatcher


class OrganizationService(
    Products, Organizations, organization_pb2_grpc.OrganizationServiceServicer
):
    """Serves ``sitekeep.backup.v1.OrganizationService``."""


class BackupServer(ServiceServer):
    """Serves organizations, products, policies and backups."""

    service = "backup"
    service_names = (
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
        """Adds the services, and the look for what expires."""
        profile = self.settings.profile
        organization_pb2_grpc.add_OrganizationServiceServicer_to_server(
            OrganizationService(self.database, self.clock, self.secrets), server.server
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


async def serve(settings: Settings) -> None:
    """Serves until the process is asked to end."""
    await serve_until_asked_to_end(BackupServer(settings))
