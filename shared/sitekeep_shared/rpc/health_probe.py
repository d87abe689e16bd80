"""Asks a server whether it serves: ``python -m sitekeep_shared.rpc.health_probe HOST:PORT``.

Exits with 0 where it does, 1 where it does not, 2 where it does not answer. It needs no API
key; ``SITEKEEP_TLS_CA`` and the variables beside it say how it speaks TLS.
"""

from __future__ import annotations

import sys
from typing import Any, cast

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from sitekeep_shared.config import ClientTls, ConfigurationError, client_tls
from sitekeep_shared.rpc import tls

ANSWER_SECONDS = 3.0


def probe(address: str, security: ClientTls | None = None) -> int:
    """The exit code for the server at the address.

    Raises:
        TlsError: a file of TLS is not what it has to be.
    """
    with _channel(address, security) as channel:
        try:
            answer = cast(Any, health_pb2_grpc.HealthStub(channel)).Check(
                health_pb2.HealthCheckRequest(), timeout=ANSWER_SECONDS
            )
        except grpc.RpcError:
            return 2
    return 0 if answer.status == health_pb2.HealthCheckResponse.SERVING else 1


def _channel(address: str, security: ClientTls | None) -> grpc.Channel:
    if security is None:
        return grpc.insecure_channel(address)
    return grpc.secure_channel(address, tls.channel_credentials(security))


def main(address: str = "127.0.0.1:50051") -> int:
    """The exit code of the process."""
    try:
        return probe(address, client_tls())
    except (ConfigurationError, tls.TlsError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
