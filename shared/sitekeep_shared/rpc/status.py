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
from sitekeep_shared.errors import SitekeepError

DOMAIN = "sitekeep.dev"

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
    status = status_pb2.Status(code=code, message=error.message)
    info = error_details_pb2.ErrorInfo(
        reason=error.reason, domain=DOMAIN, metadata=dict(error.metadata)
    )
    for detail in (info, *_details(error)):
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def grpc_code(status: status_pb2.Status) -> grpc.StatusCode:
    """The gRPC code of a status."""
    return next(code for code in grpc.StatusCode if code.value[0] == status.code)


def _details(error: SitekeepError) -> list[Message]:
    details: list[Message] = []
    if error.retry_after is not None:
        details.append(error_details_pb2.RetryInfo(retry_delay=_duration(error.retry_after)))
    if error.resource is not None:
        kind, name = error.resource
        details.append(error_details_pb2.ResourceInfo(resource_type=kind, resource_name=name))
    if error.violations:
        details.append(_violations(error))
    return details


def _violations(error: SitekeepError) -> Message:
    if isinstance(error, errors.InvalidRequest):
        return error_details_pb2.BadRequest(
            field_violations=[
                error_details_pb2.BadRequest.FieldViolation(
                    field=found.subject, description=found.description, reason=found.type
                )
                for found in error.violations
            ]
        )
    if isinstance(error, errors.WindowClosed):
        return error_details_pb2.QuotaFailure(
            violations=[
                error_details_pb2.QuotaFailure.Violation(
                    subject=found.subject, description=found.description
                )
                for found in error.violations
            ]
        )
    return error_details_pb2.PreconditionFailure(
        violations=[
            error_details_pb2.PreconditionFailure.Violation(
                type=found.type, subject=found.subject, description=found.description
            )
            for found in error.violations
        ]
    )


def _duration(delta: datetime.timedelta) -> duration_pb2.Duration:
    duration = duration_pb2.Duration()
    duration.FromTimedelta(delta)
    return duration
