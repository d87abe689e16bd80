"""The Restore server: what it is made of."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from sitekeep.restore.v1 import content_pb2_grpc, restore_pb2_grpc
from sitekeep_restore.backup_client import BackupClient
from sitekeep_restore.contents import ContentService
from sitekeep_restore.handlers import HandlerByKind
from sitekeep_restore.importing import RestoreHandler
from sitekeep_restore.preflight import Inspector
from sitekeep_restore.restores import RestoreService
from sitekeep_restore.tools import Tools
from sitekeep_restore.verification_schedule import VerificationSchedule
from sitekeep_restore.verifying import VerificationHandler
from sitekeep_shared.config import Settings
from sitekeep_shared.rpc import tls
from sitekeep_shared.rpc.gate import service_token
from sitekeep_shared.rpc.server import Server
from sitekeep_shared.rpc.service import ServiceServer, serve_until_asked_to_end
from sitekeep_shared.vault.opening import Use
from sitekeep_shared.work.in_process import InProcessDispatcher


class RestoreServer(ServiceServer):
    """Serves restores and the contents of backups."""

    service = "restore"
    use = Use.READING
    service_names = (
        "sitekeep.restore.v1.RestoreService",
        "sitekeep.restore.v1.ContentService",
    )

    @property
    def address(self) -> str:
        """Where it is to listen."""
        return self.settings.restore_listen

    async def open_handler(self, stack: AsyncExitStack) -> HandlerByKind:
        """What runs restores and verifications."""
        security = self.settings.client_tls
        credentials = None
        if security is not None:
            credentials = await asyncio.to_thread(tls.channel_credentials, security)
        client = BackupClient(
            self.settings.backup_address, service_token(self.secrets), credentials
        )
        self._backups = await stack.enter_async_context(client)
        tools = Tools(self.database, self.vault, self._backups, self.secrets, self.clock)
        return HandlerByKind(
            {"restore": RestoreHandler(tools), "verification": VerificationHandler(tools)}
        )

    async def add_services(
        self, server: Server, dispatcher: InProcessDispatcher, stack: AsyncExitStack
    ) -> None:
        """Adds RestoreService and ContentService."""
        profile = self.settings.profile
        restores = RestoreService(
            self.database,
            self.clock,
            self._backups,
            Inspector(self.database, self.vault, self._backups, self.secrets, self.clock, profile),
            dispatcher.start,
            holder=self.holder,
            lease_seconds=self.settings.lease_seconds,
        )
        restore_pb2_grpc.add_RestoreServiceServicer_to_server(restores, server.server)
        self.schedule = await stack.enter_async_context(
            VerificationSchedule(
                self.database, self.clock, profile, self.settings.verify_days, restores.begin
            )
        )
        content_pb2_grpc.add_ContentServiceServicer_to_server(
            ContentService(self.vault, self._backups, self.clock), server.server
        )


async def serve(settings: Settings) -> None:
    """Serves until the process is asked to end."""
    await serve_until_asked_to_end(RestoreServer(settings))
