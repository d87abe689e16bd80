"""Every method of both servers, found in the contracts, and a way to call any of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from google.longrunning import operations_pb2
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc import aio
from grpc_status import rpc_status

from sitekeep.backup.v1 import api_key_pb2, backup_pb2, backup_policy_pb2, organization_pb2
from sitekeep.operation.v1 import operation_pb2
from sitekeep.restore.v1 import content_pb2, restore_pb2

BACKUP_CONTRACTS = (organization_pb2, api_key_pb2, backup_policy_pb2, backup_pb2)
RESTORE_CONTRACTS = (restore_pb2, content_pb2)
COMMON_CONTRACTS = (operation_pb2, operations_pb2)


@dataclass(frozen=True)
class Method:
    """A method of a server."""

    server: str
    """``backup`` or ``restore``; what both serve stands for each of them."""
    service: str
    name: str
    request: type[Message]
    response: type[Message]
    streams: bool

    @property
    def path(self) -> str:
        """How it is called on the wire."""
        return f"/{self.service}/{self.name}"

    async def call(self, channel: aio.Channel, request: Message, **options: Any) -> str:
        """What it answers: ``OK``, or the code and the reason of the error."""
        make = channel.unary_stream if self.streams else channel.unary_unary
        stub = cast(Any, make)(
            self.path,
            request_serializer=self.request.SerializeToString,
            response_deserializer=self.response.FromString,
        )
        call = stub(request, timeout=20, **options)
        try:
            if self.streams:
                async for _ in call:
                    pass
            else:
                await call
        except aio.AioRpcError as error:
            return f"{error.code().name} {reason_of(error)}"
        return "OK"


def reason_of(error: aio.AioRpcError) -> str:
    """The reason in the ErrorInfo of an error; empty where there is none."""
    status = cast(Any, rpc_status).from_call(error)
    info = error_details_pb2.ErrorInfo()
    for detail in () if status is None else status.details:
        if detail.Unpack(info):
            return str(info.reason)
    return ""


def every_method() -> Iterator[Method]:
    """Every method of our own services and of Operations, on each server that has it."""
    for server, contracts in (
        ("backup", (*BACKUP_CONTRACTS, *COMMON_CONTRACTS)),
        ("restore", (*RESTORE_CONTRACTS, *COMMON_CONTRACTS)),
    ):
        for contract in contracts:
            for service in cast(Any, contract).DESCRIPTOR.services_by_name.values():
                yield from _methods(server, service)


def _methods(server: str, service: ServiceDescriptor) -> Iterator[Method]:
    for method in service.methods:
        yield Method(
            server,
            service.full_name,
            method.name,
            GetMessageClass(method.input_type),
            GetMessageClass(method.output_type),
            bool(cast(Any, method).server_streaming),
        )
