"""What the creation of an issue needs of its payload."""

from __future__ import annotations

from typing import Any

import msgspec


class IssueType(msgspec.Struct, rename="camel"):
    """``fields.issuetype``."""

    id: str = ""
    name: str = ""
    subtask: bool = False


class Parent(msgspec.Struct):
    """``fields.parent``."""

    id: str
    key: str = ""


class Security(msgspec.Struct):
    """``fields.security``."""

    id: str


class Fields(msgspec.Struct):
    """``fields`` of an issue."""

    summary: str | None = None
    issuetype: IssueType = msgspec.field(default_factory=IssueType)
    parent: Parent | None = None
    security: Security | None = None
    creator: dict[str, Any] | None = None
    created: str | None = None
    updated: str | None = None


class Head(msgspec.Struct):
    """An issue of the backup."""

    id: str
    key: str
    fields: Fields


def decode_head(payload: bytes) -> Head:
    """Reads what the creation needs and skips the rest."""
    return msgspec.json.decode(payload, type=Head)
