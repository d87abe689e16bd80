"""Follows an operation to its end, also over a server that goes away and comes back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import grpc

from sitekeep.operation.v1 import operation_pb2
from sitekeep_cli.display import Display, display_for
from sitekeep_cli.errors import CommandError
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_cli.names import short
from sitekeep_cli.outcome import Result, require_success, result_of

if TYPE_CHECKING:
    from google.longrunning.operations_pb2 import Operation

    from sitekeep_cli.call import Call

PATIENCE_SECONDS = 300.0
"""How long a server may be away before the command gives up watching."""
PAUSE_SECONDS = 1.0
"""Between two attempts to reach it."""

_TRANSIENT = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}


def events(call: Call, name: str, display: Display) -> Iterator[Operation]:
    """The operation as it stands, then at each change, until it is done.

    Raises:
        grpc.RpcError: the server refuses, or is away for longer than the patience.
    """
    away_since: float | None = None
    while True:
        try:
            for operation in _stream(call, name):
                away_since = None
                yield operation
                if operation.done:
                    return
        except grpc.RpcError as error:
            if not _transient(error):
                raise
            if away_since is None:
                away_since = time.monotonic()
                display.remark("The server is away; the operation goes on when it is back.")
            elif time.monotonic() - away_since > PATIENCE_SECONDS:
                raise
        time.sleep(PAUSE_SECONDS)


def _stream(call: Call, name: str) -> Iterator[Operation]:
    request = operation_pb2.WatchOperationRequest(name=name)
    stream = call.events.WatchOperation(request)
    try:
        yield from stream
    finally:
        stream.cancel()


def _transient(error: grpc.RpcError) -> bool:
    return isinstance(error, grpc.Call) and error.code() in _TRANSIENT


def follow(call: Call, operation: Operation, title: str, *, silent: bool = False) -> Operation:
    """Shows the progress of an operation until it is done, and answers it as it ended.

    Raises:
        CommandError: the person interrupted; the operation itself goes on.
    """
    latest = operation
    try:
        with display_for(call.output.remarks, title, silent=silent) as display:
            for latest in events(call, operation.name, display):
                display.show(latest)
    except KeyboardInterrupt:
        raise CommandError(_still_running(operation.name), ExitCode.INTERRUPTED) from None
    return latest


def result_of_followed(
    call: Call, operation: Operation, title: str, *, silent: bool = False
) -> Result:
    """As :func:`follow`; answers the resource or report.

    Raises:
        CommandError: the operation failed or was cancelled, or the person interrupted.
    """
    ended = follow(call, operation, title, silent=silent)
    require_success(ended)
    result = result_of(ended)
    if result is None:
        raise CommandError(f"The operation {short(operation.name)} ended without a result.")
    return result


def _still_running(name: str) -> str:
    return (
        f"\nYou stopped watching; the operation goes on.\n"
        f"  watch it:  sitekeep operation watch {short(name)}\n"
        f"  cancel it: sitekeep operation cancel {short(name)}"
    )
