"""Errors on the wire: the one place that makes a ``google.rpc.Status`` of an error.

Every status carries one ``ErrorInfo`` under the domain ``sitekeep.dev`` (AIP-193).
"""

from __future__ import annotations

import datetime

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from sitekeep_shared import errors
from sitekeep_shared.errors import SitekeepError, Violation

DOMAIN = "sitekeep.dev"

# An error travels in the trailers of HTTP/2, which clients bound at 8 KiB together. The message
# is in them twice, once percent-encoded; what is binary grows by a third. All in bytes.
_LONGEST_MESSAGE = 1_000
_LONGEST_VALUE = 300
_LONGEST_DETAILS = 2_000

_CODES: dict[type[SitekeepError], int] = {
    errors.InvalidRequest: code_pb2.INVALID_ARGUMENT,
    errors.NotFound: code_pb2.NOT_FOUND,
    errors.AlreadyExists: code_pb2.ALREADY_EXISTS,
    errors.PermissionDenied: code_pb2.PERMISSION_DENIED,
    errors.Unauthenticated: code_pb2.UNAUTHENTICATED,
    errors.PreconditionFailed: code_pb2.FAILED_PRECONDITION,
    errors.WindowClosed: code_pb2.RESOURCE_EXHAUSTED,
    errors.Conflict: code_pb2.ABORTED,
    errors.Unavailable: code_pb2.UNAVAILABLE,
    errors.Damaged: code_pb2.DATA_LOSS,
    errors.NotImplementedYet: code_pb2.UNIMPLEMENTED,
    errors.InternalError: code_pb2.INTERNAL,
}


def to_status(error: SitekeepError) -> status_pb2.Status:
    """The status that a client is answered with."""
    code = next(_CODES[kind] for kind in type(error).__mro__ if kind in _CODES)
    status = status_pb2.Status(code=code, message=_cut(error.message))
    info = error_details_pb2.ErrorInfo(
        reason=error.reason, domain=DOMAIN, metadata=_metadata(error)
    )
    for detail in (info, *_details(error)):
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _metadata(error: SitekeepError) -> dict[str, str]:
    return {name: _cut(value, _LONGEST_VALUE) for name, value in error.metadata.items()}


def _cut(text: str, longest: int = _LONGEST_MESSAGE) -> str:
    if len(text.encode()) <= longest:
        return text
    return text.encode()[: longest - 3].decode(errors="ignore") + "…"


def grpc_code(status: status_pb2.Status) -> grpc.StatusCode:
    """The gRPC code of a status."""
    return next(code for code in grpc.StatusCode if code.value[0] == status.code)


def _details(error: SitekeepError) -> list[Message]:
    details: list[Message] = []
    if error.retry_after is not None:
        details.append(error_details_pb2.RetryInfo(retry_delay=_duration(error.retry_after)))
    if error.resource is not None:
        kind, name = error.resource
        shown_name = _cut(name, _LONGEST_VALUE)
        details.append(error_details_pb2.ResourceInfo(resource_type=kind, resource_name=shown_name))
    shown = _fitting(error)
    if shown:
        details.append(_violations(error, shown))
    return details


def _fitting(error: SitekeepError) -> list[Violation]:
    """The first violations, as many as an error can carry; ``findingCount`` has the number."""
    room = _LONGEST_DETAILS
    room -= sum(len((name + value).encode()) for name, value in _metadata(error).items())
    shown: list[Violation] = []
    for found in error.violations:
        room -= len((found.type + found.subject + found.description).encode()) + 12
        if room < 0:
            break
        shown.append(found)
    return shown


def _violations(error: SitekeepError, shown: list[Violation]) -> Message:
    if isinstance(error, errors.InvalidRequest):
        return error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(
                    field=found.subject, description=found.description, reason=found.type
                )
                for found in shown
            ]
        )
    if isinstance(error, errors.WindowClosed):
        return error_details_pb2.QuotaFailure(
            violations=[
                error_details_pb2.QuotaFailure.Violation(
                    subject=found.subject, description=found.description
                )
                for found in shown
            ]
        )
    return error_details_pb2.PreconditionFailure(
        violations=[
            error_details_pb2.PreconditionFailure.Violation(
                type=found.type, subject=found.subject, description=found.description
            )
            for found in shown
        ]
    )


def _duration(delta: datetime.timedelta) -> duration_pb2.Duration:
    duration = duration_pb2.Duration()
    duration.FromTimedelta(delta)
    return duration


def from_status(status: status_pb2.Status) -> SitekeepError:
    """The error that a service of ours made the status of; InternalError for any other's."""
    kind = next((kind for kind, code in _CODES.items() if code == status.code), None)
    info = error_details_pb2.ErrorInfo()
    _unpack(status, info)
    if kind is None or info.domain != DOMAIN:
        return errors.InternalError("INTERNAL_ERROR", status.message)
    return kind(
        info.reason,
        status.message,
        dict(info.metadata),
        _violations_of(status),
        _retry_after(status),
        _resource_of(status),
    )


def _unpack(status: status_pb2.Status, detail: Message) -> bool:
    return any(packed.Unpack(detail) for packed in status.details)


def _retry_after(status: status_pb2.Status) -> datetime.timedelta | None:
    retry = error_details_pb2.RetryInfo()
    return retry.retry_delay.ToTimedelta() if _unpack(status, retry) else None


def _resource_of(status: status_pb2.Status) -> tuple[str, str] | None:
    found = error_details_pb2.ResourceInfo()
    return (found.resource_type, found.resource_name) if _unpack(status, found) else None


def _violations_of(status: status_pb2.Status) -> list[Violation]:
    fields, quota = error_details_pb2.BadRequest(), error_details_pb2.QuotaFailure()
    states = error_details_pb2.PreconditionFailure()
    for detail in (fields, quota, states):
        _unpack(status, detail)
    return [
        *(Violation(item.reason, item.field, item.description) for item in fields.field_violations),
        *(Violation("", item.subject, item.description) for item in quota.violations),
        *(Violation(item.type, item.subject, item.description) for item in states.violations),
    ]
