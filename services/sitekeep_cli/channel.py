"""Opens channels to the servers: with TLS where it is asked for, and with the API key."""

from __future__ import annotations

from typing import Any

import grpc

from sitekeep_cli.access import Access
from sitekeep_cli.errors import CommandError, UsageError

_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.max_reconnect_backoff_ms", 3_000),
)


def open_channel(address: str, access: Access) -> grpc.Channel:
    """A channel that carries large records and notices a server that is gone.

    Raises:
        CommandError: the address is empty.
        UsageError: a file of TLS is not what it has to be.
    """
    if not address:
        raise CommandError("The address of the server is empty.")
    channel = _channel(address, access)
    if not access.api_key:
        return channel
    interceptor: Any = _WithKey(access.api_key)
    return grpc.intercept_channel(channel, interceptor)


def _channel(address: str, access: Access) -> grpc.Channel:
    if access.tls is None:
        return grpc.insecure_channel(address, options=_OPTIONS)
    from sitekeep_shared.rpc import tls

    try:
        credentials = tls.channel_credentials(access.tls)
    except tls.TlsError as error:
        raise UsageError(str(error)) from error
    return grpc.secure_channel(address, credentials, options=_OPTIONS)


class _WithKey(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Sends the API key with every call."""

    def __init__(self, api_key: str) -> None:
        self._header = ("authorization", f"Bearer {api_key}")

    def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return continuation(self._with_key(client_call_details), request)

    def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        return continuation(self._with_key(client_call_details), request)

    def _with_key(self, details: Any) -> Any:
        return details._replace(metadata=[*(details.metadata or ()), self._header])
