"""Answers of a site: their bodies as JSON, their refusals as typed errors."""

from __future__ import annotations

import json
import re
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
Shape = msgspec.json.Decoder[Any]
"""What an answer is read as."""
ANY_DOCUMENT: Shape = msgspec.json.Decoder(msgspec.Raw)
"""Skimmed, not built."""
_VALUES: Shape = msgspec.json.Decoder()
_PAIR_OR_HALF = re.compile(
    rb"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""An escaped backslash or a whole surrogate pair; what is left is half of a pair."""
_REPLACEMENT = rb"\ufffd"


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    """Names without regard to case."""
    body: bytes
    """Decompressed, otherwise verbatim; halves of characters are replaced."""
    content: Any = None
    """The body in the shape in which it was to be read."""
    replaced: int = 0
    """How many halves of characters were replaced."""


def read_answer(
    status: int, headers: Mapping[str, str], body: bytes, shape: Shape = ANY_DOCUMENT
) -> Answer:
    """An answer whose body is one complete JSON document.

    A half of a surrogate pair, which cutting a text in the middle of a character leaves and which
    no encoding has, becomes U+FFFD: neither a decoder nor the site itself would take it.

    Raises:
        ValueError: the body is no complete JSON document, or has another shape.
    """
    return Answer(status, headers, *_read(body, shape))


def _read(body: bytes, shape: Shape) -> tuple[bytes, Any, int]:
    """The body, mended where it has to be, its content, and how much was mended."""
    try:
        return body, shape.decode(body), 0
    except msgspec.DecodeError:
        mended, replaced = _without_halves(body)
        _check_complete(mended)
        return mended, shape.decode(mended), replaced


def _check_complete(body: bytes) -> None:
    """Of two faults of a body, that it is cut and that it has another shape, the first counts."""
    ANY_DOCUMENT.decode(body)


def _without_halves(body: bytes) -> tuple[bytes, int]:
    replaced = 0

    def mend(found: re.Match[bytes]) -> bytes:
        nonlocal replaced
        whole: bytes | None = found[1]
        replaced += whole is None
        return _REPLACEMENT if whole is None else whole

    return _PAIR_OR_HALF.sub(mend, body), replaced


def decode_json(body: bytes) -> Any:
    """The body as Python values, None where it is empty. Raises ValueError where it is no JSON."""
    return _read(body, _VALUES)[1] if body else None


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
