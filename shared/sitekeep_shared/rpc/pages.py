"""Pagination (AIP-158): sizes, and opaque tokens bound to the arguments they were issued for.

A token is not signed: whoever makes one up reads nothing that the same call would not list.
So it may hold anything, and every part of it is checked before it is used.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import msgspec
from google.protobuf.message import Message

from sitekeep_shared.errors import InvalidRequest, Violation
from sitekeep_shared.rpc.names import invalid

DEFAULT_SIZE = 50
LARGEST_SIZE = 1000

_LARGEST_NUMBER = 2**63 - 1


def page_size(requested: int) -> int:
    """How many a page holds.

    Raises:
        InvalidRequest: it is negative.
    """
    if requested < 0:
        raise invalid("page_size", f"is {requested}; it cannot be negative.")
    return min(requested or DEFAULT_SIZE, LARGEST_SIZE)


def encode(request: Message, *position: str | int) -> str:
    """The token that goes on behind a position."""
    content = msgspec.json.encode([_digest(request), *position])
    return base64.urlsafe_b64encode(content).decode()


def decode(
    request: Message, *shape: type[str] | type[int], field: str = "page_token"
) -> tuple[Any, ...] | None:
    """The position that the request goes on behind, as many parts as ``shape``; None at the start.

    Raises:
        InvalidRequest: the token is not one of ours, or was issued for other arguments.
    """
    token = str(getattr(request, field, ""))
    if not token:
        return None
    digest, *position = _content(token, field) or [""]
    if len(position) != len(shape) or not all(map(_fits, position, shape)):
        raise refused("is not a token that this method issued.", field)
    if digest != _digest(request):
        raise refused("was issued for other arguments; send it with the same ones.", field)
    return tuple(position)


def _content(token: str, field: str) -> list[str | int]:
    try:
        content = base64.b64decode(token, altchars=b"-_", validate=True)
        return msgspec.json.decode(content, type=list[str | int])
    except ValueError as error:
        raise refused("is not a token that this server issued.", field) from error


def _fits(part: str | int, kind: type[str] | type[int]) -> bool:
    if isinstance(part, int):
        return kind is int and abs(part) <= _LARGEST_NUMBER
    # No database holds NUL.
    return kind is str and "\x00" not in part


def _digest(request: Message) -> str:
    plain = type(request)()
    plain.CopyFrom(request)
    for field in ("page_token", "page_size", "resume_token"):
        if field in plain.DESCRIPTOR.fields_by_name:
            plain.ClearField(field)
    content = plain.DESCRIPTOR.full_name.encode() + plain.SerializeToString(deterministic=True)
    return hashlib.sha256(content).hexdigest()[:16]


def refused(description: str, field: str = "page_token") -> InvalidRequest:
    """The error about a token."""
    return InvalidRequest(
        "PAGE_TOKEN_INVALID",
        f"`{field}` {description}",
        {"field": field},
        [Violation("PAGE_TOKEN_INVALID", field, description)],
    )
