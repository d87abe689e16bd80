"""Asks a server whether it serves: ``python -m sitekeep_shared.rpc.health_probe HOST:PORT``.

Exits with 0 where it does, 1 where it does not, 2 where it does not answer.
"""

from __future__ import annotations

import sys
from typing import Any, cast

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

ANSWER_SECONDS = 3.0


def probe(address: str) -> int:
    """The exit code for the server at the address."""
    with grpc.insecure_channel(address) as channel:
        try:
            answer = cast(Any, health_pb2_grpc.HealthStub(channel)).Check(
                health_pb2.HealthCheckRequest(), timeout=ANSWER_SECONDS
            )
        except grpc.RpcError:
            return 2
    return 0 if answer.status == health_pb2.HealthCheckResponse.SERVING else 1


if __name__ == "__main__":
    sys.exit(probe(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051"))
