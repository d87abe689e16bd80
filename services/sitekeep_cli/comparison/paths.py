"""The paths in which two JSON values differ."""

from __future__ import annotations

from collections.abc import Iterator

from sitekeep_cli.comparison.model import Json
from sitekeep_cli.comparison.shape import is_list, is_object

ABSENT = None
"""What stands for a value that one side does not have: absent and null are equal."""


def differing(left: Json, right: Json, path: str = "") -> Iterator[tuple[str, Json, Json]]:
    """Each deepest path in which they differ, with both values.

    Steps are joined by dots: ``description.content.3.text``.
    """
    if left == right:
        return
    if is_object(left) and is_object(right):
        for name in sorted({*left, *right}):
            yield from differing(left.get(name), right.get(name), _below(path, str(name)))
    elif is_list(left) and is_list(right) and len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from differing(one, other, _below(path, str(index)))
    else:
        yield path, left, right


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
