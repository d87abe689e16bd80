"""What both services have in common around their own methods."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any, cast

from google.longrunning import operations_pb2_grpc

from sitekeep.operation.v1 import operation_pb2_grpc
from sitekeep_shared.database.engine import Database
from sitekeep_shared.rpc.locks import OperationLockService
from sitekeep_shared.rpc.operations import (
    OperationEventService,
    OperationsService,
    OperationStore,
)
from sitekeep_shared.rpc.server import Server
from sitekeep_shared.work.port import Dispatcher

COMMON_NAMES = (
    "sitekeep.operation.v1.OperationEventService",
    "sitekeep.operation.v1.OperationLockService",
    "google.longrunning.Operations",
)


def holder_name(service: str) -> str:
    """The name of this incarnation of a server in the locks that it holds."""
    return f"{service}@{socket.gethostname()}#{os.getpid()}"


def add_common_services(
    server: Server, database: Database, stop: asyncio.Event, dispatcher: Dispatcher
) -> None:
    """Serves operations, their events and the locks, from the tables that both services share."""
    store = OperationStore(database)
    cast(Any, operations_pb2_grpc).add_OperationsServicer_to_server(
        OperationsService(store, stop, dispatcher.cancel), server.server
    )
    operation_pb2_grpc.add_OperationEventServiceServicer_to_server(
        OperationEventService(store, stop), server.server
    )
    operation_pb2_grpc.add_OperationLockServiceServicer_to_server(
        OperationLockService(database), server.server
    )
