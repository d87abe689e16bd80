"""A gRPC server with health, reflection and a graceful end."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from typing import Any, cast

import grpc
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from sitekeep_shared.config import ServerTls
from sitekeep_shared.rpc import tls
from sitekeep_shared.rpc.gate import Gate
from sitekeep_shared.rpc.interceptor import CallInterceptor

_log = logging.getLogger(__name__)
STOP_GRACE_SECONDS = 5.0

_OPTIONS = (
    # Two servers on one port would share its calls without a word.
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 30_000),
)


class ListenError(Exception):
    """The address cannot be listened on; the message says why and what to do."""


class Server:
    """The services of one program on one address."""

    def __init__(self, service_names: Sequence[str], gate: Gate) -> None:
        self._names = service_names
        self.server = aio.server(interceptors=[CallInterceptor(gate)], options=_OPTIONS)
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.server)
        names = (*service_names, health.SERVICE_NAME)
        reflection.enable_server_reflection(
            (*names, reflection.SERVICE_NAME, _REFLECTION_V1), self.server
        )
        _serve_reflection_v1((*names, reflection.SERVICE_NAME, _REFLECTION_V1), self.server)

    async def start(
        self, address: str, *, security: ServerTls | None = None, insecure: bool = False
    ) -> int:
        """Listens; returns the port.

        Raises:
            ListenError: the address is taken, or reaches beyond this machine without leave.
            TlsError: a file is not what it has to be.
        """
        if security is None and not insecure and not _is_loopback(address):
            raise ListenError(
                f"{address} reaches beyond this machine and there is no TLS. Listen on 127.0.0.1, "
                "set SITEKEEP_TLS_CERTIFICATE and SITEKEEP_TLS_KEY, or set "
                "SITEKEEP_INSECURE_LISTEN=1 behind something that encrypts."
            )
        port = await self._listen(address, security)
        await self.server.start()
        for name in ("", *self._names):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        return port

    async def _listen(self, address: str, security: ServerTls | None) -> int:
        credentials = None
        if security is not None:
            credentials = await asyncio.to_thread(tls.server_credentials, security)
        try:
            if credentials is None:
                return self.server.add_insecure_port(address)
            return self.server.add_secure_port(address, credentials)
        except RuntimeError as error:
            raise ListenError(f"{address} cannot be listened on: is it in use?") from error

    async def stop(self) -> None:
        """Tells the health clients, lets calls in flight end, then cancels them."""
        await self._health.enter_graceful_shutdown()
        await self.server.stop(STOP_GRACE_SECONDS)


def on_signals(stop: Callable[[], None]) -> None:
    """Calls ``stop`` when the process is asked to end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)


def _is_loopback(address: str) -> bool:
    host = address.rsplit(":", 1)[0].strip("[]")
    return address.startswith("unix:") or host in ("localhost", "::1") or host.startswith("127.")


_REFLECTION_V1 = "grpc.reflection.v1.ServerReflection"


def _serve_reflection_v1(names: Sequence[str], server: aio.Server) -> None:
    """Serves v1 with the messages of v1alpha, which are the same on the wire."""
    servicer = reflection.aio.ReflectionServicer(service_names=names)
    handler = grpc.stream_stream_rpc_method_handler(
        cast(Any, servicer).ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    generic = grpc.method_handlers_generic_handler(
        _REFLECTION_V1, {"ServerReflectionInfo": handler}
    )
    server.add_generic_rpc_handlers((generic,))
