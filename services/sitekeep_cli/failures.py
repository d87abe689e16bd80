"""An error of a server as one paragraph and one exit code."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import grpc
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from sitekeep_cli import unreachable, wording
from sitekeep_cli.advice import ADVICE
from sitekeep_cli.exit_codes import ExitCode
from sitekeep_shared.clock import Clock

_EXIT_CODES: Mapping[int, ExitCode] = {
    code_pb2.INVALID_ARGUMENT: ExitCode.USAGE,
    code_pb2.NOT_FOUND: ExitCode.NOT_FOUND,
    code_pb2.ALREADY_EXISTS: ExitCode.REFUSED,
    code_pb2.FAILED_PRECONDITION: ExitCode.REFUSED,
    code_pb2.RESOURCE_EXHAUSTED: ExitCode.REFUSED,
    code_pb2.ABORTED: ExitCode.REFUSED,
    code_pb2.PERMISSION_DENIED: ExitCode.NO_PERMISSION,
    code_pb2.UNAUTHENTICATED: ExitCode.NO_PERMISSION,
    code_pb2.UNAVAILABLE: ExitCode.UNREACHABLE,
}
_HEADINGS = {
    ExitCode.USAGE: "Not understood",
    ExitCode.NOT_FOUND: "Not found",
    ExitCode.REFUSED: "Refused",
    ExitCode.NO_PERMISSION: "Not permitted",
    ExitCode.UNREACHABLE: "Unreachable",
}


@dataclass
class Failure:
    """What a ``google.rpc.Status`` says, taken apart."""

    status: status_pb2.Status
    reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    violations: list[str] = field(default_factory=list[str])
    retry_after: datetime.timedelta | None = None
    resource: str = ""
    links: list[str] = field(default_factory=list[str])
    advice: str = ""
    """What to do, where the reason does not say it."""

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that it stands for."""
        return _EXIT_CODES.get(self.status.code, ExitCode.FAILED)


def of_call(error: grpc.RpcError) -> Failure:
    """What a failed call says."""
    # Every error that grpc raises is a call as well; its stubs do not say so.
    assert isinstance(error, grpc.Call)
    try:
        status: status_pb2.Status | None = cast(Any, rpc_status).from_call(error)
    except ValueError:
        # A proxy, or the library itself, put another code over the server's.
        status = None
    return _without_status(error) if status is None else of_status(status)


def _without_status(error: grpc.Call) -> Failure:
    code, message = error.code(), error.details() or ""
    if code is not grpc.StatusCode.UNAVAILABLE:
        return Failure(status_pb2.Status(code=code.value[0], message=message))
    explained = unreachable.explained(message)
    status = status_pb2.Status(code=code_pb2.UNAVAILABLE, message=explained.message)
    return Failure(status, advice=explained.advice)


def of_status(status: status_pb2.Status) -> Failure:
    """What a status says."""
    failure = Failure(status)
    for detail in _details(status):
        _take(failure, detail)
    return failure


def _details(status: status_pb2.Status) -> Iterator[Message]:
    kinds: tuple[type[Message], ...] = (
        error_details_pb2.ErrorInfo,
        error_details_pb2.RetryInfo,
        error_details_pb2.PreconditionFailure,
        error_details_pb2.QuotaFailure,
        error_details_pb2.BadRequest,
        error_details_pb2.ResourceInfo,
        error_details_pb2.Help,
    )
    for packed in status.details:
        for kind in kinds:
            detail = kind()
            # Unpack answers whether it is of that kind.
            if packed.Unpack(detail):
                yield detail


def _take(failure: Failure, detail: Message) -> None:
    match detail:
        case error_details_pb2.ErrorInfo():
            failure.reason = detail.reason
            failure.metadata = dict(detail.metadata)
        case error_details_pb2.RetryInfo():
            failure.retry_after = detail.retry_delay.ToTimedelta()
        case error_details_pb2.PreconditionFailure() | error_details_pb2.QuotaFailure():
            failure.violations += [
                f"{found.subject}: {found.description}" for found in detail.violations
            ]
        case error_details_pb2.BadRequest():
            failure.violations += [
                f"{found.field}: {found.description}" for found in detail.field_violations
            ]
        case error_details_pb2.ResourceInfo():
            failure.resource = detail.resource_name
        case error_details_pb2.Help():
            failure.links += [link.url for link in detail.links]
        case _:
            pass


def paragraph(failure: Failure, clock: Clock) -> str:
    """What happened, why, from when on it is allowed and what to do."""
    return "\n".join(_lines(failure, clock))


def _lines(failure: Failure, clock: Clock) -> Iterator[str]:
    heading = _HEADINGS.get(failure.exit_code, "Failed")
    message = failure.status.message or "the server gave no reason"
    suffix = f" ({failure.reason})" if failure.reason else ""
    yield f"{heading}: {message.rstrip('.')}.{suffix}"
    for violation in failure.violations:
        if violation.partition(": ")[2] not in message:
            yield f"  - {violation}"
    if failure.resource and failure.resource not in message:
        yield f"  It is about {failure.resource}."
    if failure.retry_after is not None:
        yield f"  {_allowed_from(failure.retry_after, clock)}"
    advice = failure.advice or ADVICE.get(failure.reason, "")
    if advice:
        yield f"  {advice}"
    for link in failure.links:
        yield f"  See {link}"


def _allowed_from(delay: datetime.timedelta, clock: Clock) -> str:
    instant = clock.now() + delay
    return f"Allowed from {wording.local(instant)} on, in {wording.duration(delay)}."
