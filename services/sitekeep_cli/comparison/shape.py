"""Takes JSON apart: what is missing or null counts as empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

from sitekeep_cli.comparison.model import Json


def is_object(value: Json) -> TypeGuard[dict[str, Any]]:
    """Whether it is a JSON object."""
    return isinstance(value, dict)


def is_list(value: Json) -> TypeGuard[list[Any]]:
    """Whether it is a JSON array."""
    return isinstance(value, list)


def part(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object under the name."""
    found = value.get(name)
    return found if is_object(found) else {}


def items(value: Mapping[str, Any], name: str) -> list[Any]:
    """The array under the name."""
    found = value.get(name)
    return found if is_list(found) else []
