"""Answers of a site: their bodies as JSON, their refusals as typed errors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from sitekeep_shared.atlassian.errors import (
    SiteError,
    SiteForbidden,
    SiteNotFound,
    SiteRefused,
    SiteUnauthorized,
)

BODY_LIMIT = 64 * 1024
"""Bytes of a refusal's body that are kept."""

_PLAIN_SENTENCES = {
    401: "The site does not accept the e-mail address and API token",
    403: "The account is not allowed to do that",
    404: "The site has no such thing, or hides it from the account",
}
_OWN_CLASSES: dict[int, type[SiteError]] = {
    401: SiteUnauthorized,
    403: SiteForbidden,
    404: SiteNotFound,
}
_skim = msgspec.json.Decoder(msgspec.Raw)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    """Names without regard to case."""
    body: bytes
    """Decompressed, otherwise verbatim."""


def is_json(body: bytes) -> bool:
    """Whether the body is one complete JSON document; it is skimmed, not built."""
    try:
        _skim.decode(body)
    except msgspec.DecodeError:
        return _is_lenient_json(body)
    return True


def _is_lenient_json(body: bytes) -> bool:
    # Lone surrogates, which real issues contain, are refused by the quick decoder.
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def decode_json(body: bytes) -> Any:
    """The body as Python values, None where it is empty. Raises ValueError where it is no JSON."""
    if not body:
        return None
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        # Lone surrogates again.
        return json.loads(body)


def encode_json(value: Any) -> bytes | None:
    """A request body; bytes are taken as JSON already, None means that there is none."""
    if value is None or isinstance(value, bytes):
        return value
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value).encode("ascii")


def refusal(status: int, body: bytes, request: str) -> SiteError:
    """The typed error for a 4xx answer."""
    kept = body[:BODY_LIMIT]
    messages, errors = _complaints(body)
    detail = "; ".join([*messages, *(f"{name}: {text}" for name, text in errors.items())])[:500]
    sentence = _PLAIN_SENTENCES.get(status, "The site refuses the request")
    message = f"{sentence} ({status}): {request}" + (f": {detail}" if detail else "")
    own = _OWN_CLASSES.get(status)
    if own is not None:
        return own(message, status=status, body=kept, request=request)
    return SiteRefused(
        message, status=status, body=kept, request=request, errors=errors, messages=messages
    )


def _complaints(body: bytes) -> tuple[list[str], dict[str, str]]:
    """Messages and field errors of Jira, Jira Software, Confluence v1, v2 and JSM answers."""
    try:
        document = decode_json(body)
    except ValueError:
        return [], {}
    messages: list[str] = []
    errors: dict[str, str] = {}
    for part in _complaint_parts(document):
        for name, text in cast("dict[str, Any]", part.get("errors") or {}).items():
            errors[str(name)] = str(text)
        messages.extend(str(text) for text in cast("list[Any]", part.get("errorMessages") or []))
        texts = (part.get(name) for name in ("errorMessage", "message", "title", "detail"))
        messages.extend(text for text in texts if isinstance(text, str))
    return messages, errors


def _complaint_parts(document: Any) -> Iterator[dict[str, Any]]:
    """The objects of an error document that carry messages: itself and those of its lists.

    Confluence v2 has ``errors: [{title, detail}]``, Jira's bulk create
    ``errors: [{elementErrors: {errors, errorMessages}}]``.
    """
    if not isinstance(document, dict):
        return
    whole = cast("dict[str, Any]", document)
    nested: Any = whole.get("errors")
    if not isinstance(nested, list):
        yield whole if isinstance(nested, dict) else {**whole, "errors": {}}
        return
    yield {**whole, "errors": {}}
    for item in cast("list[object]", nested):
        if isinstance(item, dict):
            yield from _complaint_parts(item)
            yield from _complaint_parts(cast("dict[str, Any]", item).get("elementErrors"))
        elif isinstance(item, str):
            yield {"message": item}
