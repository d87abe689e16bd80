"""Every error that Sitekeep raises on purpose. One error, one reason.

SitekeepError
├── InvalidRequest           INVALID_ARGUMENT
├── NotFound                 NOT_FOUND
├── AlreadyExists            ALREADY_EXISTS
├── PermissionDenied         PERMISSION_DENIED
├── Unauthenticated          UNAUTHENTICATED
├── PreconditionFailed       FAILED_PRECONDITION
├── WindowClosed             RESOURCE_EXHAUSTED, only time helps
├── Conflict                 ABORTED
├── Unavailable              UNAVAILABLE
├── Damaged                  DATA_LOSS
├── NotImplementedYet        UNIMPLEMENTED
└── InternalError            INTERNAL

``sitekeep_shared.rpc.status`` maps them to ``google.rpc.Status``. ``reason`` is a
value of ``sitekeep.type.v1.ErrorReason``; its name is the string on the wire.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Violation:
    """One thing that a precondition or a field violates."""

    type: str
    """PreconditionFailure: the type, UPPER_SNAKE_CASE. BadRequest: the reason."""
    subject: str
    """PreconditionFailure: what it is about. BadRequest: the path of the field."""
    description: str
    """What is wrong and what to do about it."""


@dataclass(eq=False)
class SitekeepError(Exception):
    """The root: a message for people, a reason for programs, and every dynamic part as metadata."""

    reason: str
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    violations: Sequence[Violation] = ()
    retry_after: datetime.timedelta | None = None
    resource: tuple[str, str] | None = None
    """The type and the name of the resource that it is about."""

    def __post_init__(self) -> None:
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message


class InvalidRequest(SitekeepError):
    """A field is missing or malformed."""


class NotFound(SitekeepError):
    """There is no such resource."""


class AlreadyExists(SitekeepError):
    """There is such a resource already."""


class PermissionDenied(SitekeepError):
    """The caller may not do that."""


class Unauthenticated(SitekeepError):
    """The caller is not known."""


class PreconditionFailed(SitekeepError):
    """A state that the caller can mend stands in the way."""


class WindowClosed(SitekeepError):
    """Too soon: only time helps."""


class Conflict(SitekeepError):
    """Another operation or another writer was faster."""


class Unavailable(SitekeepError):
    """Something that is needed does not answer now; trying again may help."""


class Damaged(SitekeepError):
    """What is stored is not what was written."""


class NotImplementedYet(SitekeepError):
    """The method is part of the contract, the server cannot do it yet."""


class InternalError(SitekeepError):
    """A defect of Sitekeep."""
