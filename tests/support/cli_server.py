"""A server in a thread that answers as it is told, and the command run against it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf import any_pb2
from grpc_status import rpc_status

from sitekeep.backup.v1 import (
    api_key_pb2_grpc,
    backup_pb2,
    backup_pb2_grpc,
    backup_policy_pb2,
    organization_pb2,
    organization_pb2_grpc,
)
from sitekeep.operation.v1 import operation_pb2, operation_pb2_grpc
from sitekeep.restore.v1 import content_pb2, content_pb2_grpc, restore_pb2, restore_pb2_grpc
from sitekeep_shared.errors import SitekeepError
from sitekeep_shared.rpc.status import to_status

Answer = Callable[[Any], Any]


@dataclass
class Scripted:
    """What each method answers, and what it was asked."""

    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    asked: list[Any] = field(default_factory=list[Any])
    credentials: list[str] = field(default_factory=list[str])
    """The ``authorization`` of each call; empty where it had none."""

    def on(self, method: str, answer: Any) -> None:
        """Answers a method with a message, an error, or what a function makes of the request."""
        self.answers[method] = answer if callable(answer) else lambda request: answer

    def unary(self, method: str) -> Callable[[Any, grpc.ServicerContext], Any]:
        """The handler of a method with one answer."""

        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            self._note(request, context)
            return self._answer(method, request, context)

        return handle

    def stream(self, method: str) -> Callable[[Any, grpc.ServicerContext], Iterator[Any]]:
        """The handler of a method with a stream of answers."""

        def handle(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            self._note(request, context)
            answers: Sequence[Any] = self._answer(method, request, context)
            for answer in answers:
                if isinstance(answer, SitekeepError):
                    context.abort_with_status(rpc_status.to_status(to_status(answer)))  # pyright: ignore
                yield answer

        return handle

    def _note(self, request: Any, context: grpc.ServicerContext) -> None:
        self.asked.append(request)
        metadata = dict(context.invocation_metadata())
        self.credentials.append(str(metadata.get("authorization", "")))

    def _answer(self, method: str, request: Any, context: grpc.ServicerContext) -> Any:
        if method not in self.answers:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, method)
        answer = self.answers[method](request)
        if isinstance(answer, SitekeepError):
            context.abort_with_status(rpc_status.to_status(to_status(answer)))  # pyright: ignore
        return answer


_STREAMS = {"WatchOperation", "StreamEntities", "ReadAttachment"}
_SERVICES: Sequence[tuple[type[Any], Callable[[Any, grpc.Server], None]]] = (
    (
        api_key_pb2_grpc.ApiKeyServiceServicer,
        api_key_pb2_grpc.add_ApiKeyServiceServicer_to_server,
    ),
    (
        organization_pb2_grpc.OrganizationServiceServicer,
        organization_pb2_grpc.add_OrganizationServiceServicer_to_server,
    ),
    (
        backup_pb2_grpc.BackupServiceServicer,
        backup_pb2_grpc.add_BackupServiceServicer_to_server,
    ),
    (
        restore_pb2_grpc.RestoreServiceServicer,
        restore_pb2_grpc.add_RestoreServiceServicer_to_server,
    ),
    (
        content_pb2_grpc.ContentServiceServicer,
        content_pb2_grpc.add_ContentServiceServicer_to_server,
    ),
    (
        operation_pb2_grpc.OperationEventServiceServicer,
        operation_pb2_grpc.add_OperationEventServiceServicer_to_server,
    ),
    (
        operations_pb2_grpc.OperationsServicer,
        cast(Any, operations_pb2_grpc).add_OperationsServicer_to_server,
    ),
)


@contextmanager
def serving(
    scripted: Scripted,
    address: str = "127.0.0.1:0",
    credentials: grpc.ServerCredentials | None = None,
) -> Generator[str, None, None]:
    """Serves until the block is left; gives the address."""
    with ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool, options=[("grpc.so_reuseport", 0)])
        for servicer, add in _SERVICES:
            methods = [name for name in vars(servicer) if name[0].isupper()]
            handlers = {
                name: (scripted.stream if name in _STREAMS else scripted.unary)(name)
                for name in methods
            }
            add(type("Fake", (), {n: staticmethod(h) for n, h in handlers.items()})(), server)
        if credentials is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, credentials)
        server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.stop(None).wait()


BACKUP = "organizations/acme/backups/b1"
OPERATION = "organizations/acme/operations/o1"
CREATED = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def backup(state: backup_pb2.Backup.State.ValueType) -> backup_pb2.Backup:
    """A backup in a state."""
    result = backup_pb2.Backup(
        name=BACKUP,
        backup_policy="organizations/acme/backupPolicies/p1",
        product="organizations/acme/products/jira",
        product_type=organization_pb2.Product.JIRA,
        state=state,
        operation=OPERATION,
        size_bytes=1234,
    )
    result.create_time.FromDatetime(CREATED)
    return result


def operation(
    result: backup_pb2.Backup | None = None, *, percent: int = 0, error: SitekeepError | None = None
) -> operations_pb2.Operation:
    """An operation that runs, or that is done."""
    metadata = backup_pb2.CreateBackupMetadata(
        backup=BACKUP,
        phase=backup_pb2.CreateBackupMetadata.EXPORTING_CONTENT,
        progress_percent=percent,
    )
    message = operations_pb2.Operation(name=OPERATION, metadata=packed(metadata))
    if result is not None:
        message.done = True
        message.response.CopyFrom(packed(result))
    if error is not None:
        message.done = True
        message.error.CopyFrom(to_status(error))
    return message


def packed(message: Any) -> any_pb2.Any:
    """A message in an Any."""
    result = any_pb2.Any()
    result.Pack(message)
    return result


__all__ = [
    "BACKUP",
    "OPERATION",
    "Scripted",
    "backup",
    "backup_pb2",
    "backup_policy_pb2",
    "content_pb2",
    "operation",
    "operation_pb2",
    "organization_pb2",
    "packed",
    "restore_pb2",
    "serving",
]
