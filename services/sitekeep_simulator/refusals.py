"""What a site answers when it refuses, in the shape of the product that was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Refused(Exception):
    """A request that the site refuses: an HTTP status and what is wrong."""

    def __init__(
        self,
        status: int,
        *messages: str,
        fields: Mapping[str, str] | None = None,
        code: str = "",
    ) -> None:
        super().__init__(f"{status}: {'; '.join(messages) or dict(fields or {})}")
        self.status = status
        self.messages: Sequence[str] = messages
        self.fields: Mapping[str, str] = fields or {}
        self.code = code
        """Confluence v2 only: the machine-readable code; one is derived from the status else."""


def refusal_body(path: str, refusal: Refused) -> dict[str, Any]:
    """The JSON body of a refusal for a request of that path."""
    if path.startswith("/wiki/api/v2/"):
        return _confluence_v2(refusal)
    if path.startswith("/wiki/"):
        return _confluence_v1(refusal)
    if path.startswith("/rest/servicedeskapi/"):
        return _service_management(refusal)
    return {"errorMessages": list(refusal.messages), "errors": dict(refusal.fields)}


_CODES = {400: "INVALID_REQUEST_PARAMETER", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND"}


def _confluence_v2(refusal: Refused) -> dict[str, Any]:
    code = refusal.code or _CODES.get(refusal.status, "CONFLICT")
    titles = [*refusal.messages, *(f"{name}: {text}" for name, text in refusal.fields.items())]
    return {
        "errors": [
            {"status": refusal.status, "code": code, "title": title, "detail": None}
            for title in titles or [code]
        ]
    }


def _confluence_v1(refusal: Refused) -> dict[str, Any]:
    texts = [*refusal.messages, *(f"{name}: {text}" for name, text in refusal.fields.items())]
    return {
        "statusCode": refusal.status,
        "data": {"authorized": refusal.status != 401, "valid": False, "errors": []},
        "message": "; ".join(texts),
    }


def _service_management(refusal: Refused) -> dict[str, Any]:
    text = "; ".join(refusal.messages)
    return {"errorMessage": text, "i18nErrorMessage": {"i18nKey": text, "parameters": []}}
