"""Pagination (AIP-158): sizes, and opaque tokens bound to the arguments they were issued for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from google.protobuf.message import Message

from sitekeep_shared.errors import InvalidRequest, Violation
from sitekeep_shared.rpc.names import invalid

DEFAULT_SIZE = 50
LARGEST_SIZE = 1000


def page_size(requested: int) -> int:
    """How many a page holds.

    Raises:
        InvalidRequest: it is negative.
    """
    if requested < 0:
        raise invalid("page_size", f"is {requested}; it cannot be negative.")
    return min(requested or DEFAULT_SIZE, LARGEST_SIZE)


def encode(request: Message, last: Any) -> str:
    """The token that goes on behind ``last``, a JSON value."""
    text = json.dumps([_digest(request), last], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode()


def decode(request: Message, token: str) -> Any:
    """What the token goes on behind; None for the first page.

    Raises:
        InvalidRequest: the token is not one of ours, or was issued for other arguments.
    """
    if not token:
        return None
    try:
        digest, last = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError, binascii.Error) as error:
        raise _refused("is not a token that this server issued.") from error
    if digest != _digest(request):
        raise _refused("was issued for other arguments; send it with the same ones.")
    return last


def _digest(request: Message) -> str:
    plain = type(request)()
    plain.CopyFrom(request)
    for field in ("page_token", "page_size", "resume_token"):
        if field in plain.DESCRIPTOR.fields_by_name:
            plain.ClearField(field)
    content = plain.DESCRIPTOR.full_name.encode() + plain.SerializeToString(deterministic=True)
    return hashlib.sha256(content).hexdigest()[:16]


def _refused(description: str) -> InvalidRequest:
    return InvalidRequest(
        "PAGE_TOKEN_INVALID",
        f"`page_token` {description}",
        {},
        [Violation("PAGE_TOKEN_INVALID", "page_token", description)],
    )
