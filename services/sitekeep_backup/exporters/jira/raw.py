"""Splitting answers without parsing them: every record keeps the bytes that the site sent."""

from __future__ import annotations

from typing import Any

import msgspec


class OffsetPage(msgspec.Struct, rename="camel"):
    """A page of ``values`` with an offset (Jira REST v3, PageBean…)."""

    values: list[msgspec.Raw] = []
    is_last: bool | None = None
    total: int | None = None


class Identified(msgspec.Struct, rename="camel", gc=False):
    """The id of an item; Jira sends a few ids as numbers."""

    id: str | int


def text_of(raw: msgspec.Raw) -> str:
    """The JSON text of an item, for carrying it in the arguments of a unit."""
    return bytes(raw).decode()


def identity_of(raw: msgspec.Raw | bytes) -> str:
    """The ``id`` of an item, as text."""
    return str(msgspec.json.decode(raw, type=Identified).id)


def attribute_of(raw: msgspec.Raw | bytes, name: str) -> str:
    """One text property of an item; empty where it is null or not there."""
    item: dict[str, Any] = msgspec.json.decode(raw)
    value = item.get(name)
    return "" if value is None else str(value)


def decode_page(body: bytes) -> OffsetPage:
    """Splits a page into its items."""
    return msgspec.json.decode(body, type=OffsetPage)


def decode_array(body: bytes) -> list[msgspec.Raw]:
    """Splits a plain JSON array into its items."""
    return msgspec.json.decode(body, type=list[msgspec.Raw])


def is_end(page: OffsetPage, start: int) -> bool:
    """Whether no page follows the one that began at ``start``."""
    if not page.values:
        return True
    if page.is_last is not None:
        return page.is_last
    return page.total is not None and start + len(page.values) >= page.total


def join_array(items: list[msgspec.Raw]) -> bytes:
    """A JSON array of items, each as it was sent."""
    return b"[" + b",".join(bytes(item) for item in items) + b"]"
