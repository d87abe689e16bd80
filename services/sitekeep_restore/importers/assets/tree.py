"""The tree of object types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Item = dict[str, Any]


def parents_first(types: Sequence[Item]) -> Iterator[Item]:
    """The types in an order in which each comes after its parent, else as they are."""
    left = list(types)
    known = {str(each["id"]) for each in types}
    while left:
        waiting = {str(each["id"]) for each in left}
        ready = [each for each in left if parent_of(each) not in waiting & known]
        # Types that are their own ancestors cannot be; should a site send some, they go first.
        for each in ready or left[:1]:
            left.remove(each)
            yield each


def parent_of(found: Item) -> str:
    """The id of the parent of a type; empty: it has none."""
    parent = found.get("parentObjectTypeId")
    return "" if parent is None else str(parent)
