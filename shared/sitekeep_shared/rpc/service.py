"""What both servers have in common: their life, and the services around their own."""

from __future__ import annotations

import abc
import asyncio
import logging
import secrets
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, ClassVar, Self, cast

from google.longrunning import operations_pb2_grpc

from sitekeep.operation.v1 import operation_pb2_grpc
from sitekeep_shared.clock import Clock, SystemClock
from sitekeep_shared.config import Settings
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.migrate import migrate
from sitekeep_shared.database.service_slot import ServiceSlot
from sitekeep_shared.memory import keep_what_is_loaded, share_one_heap
from sitekeep_shared.rpc.gate import Gate
from sitekeep_shared.rpc.locks import OperationLockService
from sitekeep_shared.rpc.operation_store import OperationStore
from sitekeep_shared.rpc.operations import OperationEventService, OperationsService
from sitekeep_shared.rpc.revisions import Revisions
from sitekeep_shared.rpc.server import Server, on_signals
from sitekeep_shared.secrets import SecretBox
from sitekeep_shared.vault.opening import Use, open_vault
from sitekeep_shared.work.in_process import InProcessDispatcher
from sitekeep_shared.work.port import Handler

_log = logging.getLogger(__name__)

COMMON_NAMES = (
    "sitekeep.operation.v1.OperationEventService",
    "sitekeep.operation.v1.OperationLockService",
    "google.longrunning.Operations",
)


class ServiceServer(abc.ABC):
    """A server with its database, its vault and its dispatcher. An async context manager."""

    service: ClassVar[str]
    """``backup`` or ``restore``: its slot, and the operations that it runs."""
    service_names: ClassVar[Sequence[str]]
    """The gRPC services of its own."""
    use: ClassVar[Use]
    """What it opens the vault for."""
    units_per_place: ClassVar[int] = 1
    """Units that are claimed for each one that may be at work at the same time."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.port = 0
        self.holder = f"{self.service}@{socket.gethostname()}#{secrets.token_hex(4)}"
        """This incarnation in the locks that it holds."""
        self._stop = asyncio.Event()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Opens the database and the vault, listens, takes up unfinished operations."""
        async with AsyncExitStack() as stack:
            await self._open(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        """Ends streams, lets calls end, puts work down where it goes on at the next start."""
        self._stop.set()
        await self._stack.aclose()

    @property
    @abc.abstractmethod
    def address(self) -> str:
        """Where it is to listen."""

    @abc.abstractmethod
    async def open_handler(self, stack: AsyncExitStack) -> Handler:
        """What runs its operations; what that needs is closed with the stack."""

    @abc.abstractmethod
    async def add_services(
        self, server: Server, dispatcher: InProcessDispatcher, stack: AsyncExitStack
    ) -> None:
        """Adds the services of its own."""

    async def _open(self, stack: AsyncExitStack) -> None:
        await self._open_stores(stack)
        self.dispatcher = dispatcher = InProcessDispatcher(
            self.database,
            await self.open_handler(stack),
            self.service,
            self.holder,
            self.clock,
            concurrency=self.settings.concurrency * self.units_per_place,
            lease_seconds=self.settings.lease_seconds,
            may_adopt=self.slot.keep,
        )
        stack.push_async_callback(dispatcher.drain)
        gate = Gate(self.database, self.clock, self.secrets)
        server = Server((*self.service_names, *COMMON_NAMES), gate)
        await self.add_services(server, dispatcher, stack)
        self._add_common_services(server, dispatcher, stack)
        self.port = await server.start(
            self.address,
            security=self.settings.server_tls,
            insecure=self.settings.insecure_listen,
        )
        stack.push_async_callback(server.stop)
        stack.callback(self._stop.set)
        await dispatcher.reconcile()
        _log.info("the server listens", extra={"service": self.service, "address": self.address})

    async def _open_stores(self, stack: AsyncExitStack) -> None:
        settings = self.settings
        self.database = Database(settings.database_url)
        stack.push_async_callback(self.database.close)
        self.slot = await stack.enter_async_context(ServiceSlot(self.database, self.service))
        await migrate(self.database)
        self.vault = await open_vault(settings, self.clock, create=True, use=self.use)
        stack.push_async_callback(self.vault.close)
        path = settings.credentials_key_file
        self.secrets = await asyncio.to_thread(SecretBox.load_or_create, path)

    def _add_common_services(
        self, server: Server, dispatcher: InProcessDispatcher, stack: AsyncExitStack
    ) -> None:
        store = OperationStore(self.database)
        self.revisions = Revisions(store, self._stop)
        stack.push_async_callback(self.revisions.close)
        cast(Any, operations_pb2_grpc).add_OperationsServicer_to_server(
            OperationsService(store, self.revisions, dispatcher.cancel), server.server
        )
        operation_pb2_grpc.add_OperationEventServiceServicer_to_server(
            OperationEventService(self.revisions), server.server
        )
        operation_pb2_grpc.add_OperationLockServiceServicer_to_server(
            OperationLockService(self.database), server.server
        )


async def serve_until_asked_to_end(server: ServiceServer) -> None:
    """Serves until the process gets SIGTERM or SIGINT."""
    share_one_heap()
    stop = asyncio.Event()
    on_signals(stop.set)
    async with server:
        keep_what_is_loaded()
        await stop.wait()
