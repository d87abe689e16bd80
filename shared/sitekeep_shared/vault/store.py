"""A store: the few things that a vault asks of a place to keep objects."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class ObjectInfo:
    """What a store knows about an object without reading it."""

    key: str
    size_bytes: int
    last_modified: datetime.datetime
    """By the store's own clock."""


class Store(Protocol):
    """Holds immutable objects under keys such as ``packs/0f/0f3a…``.

    Guarantees that every implementation gives: an object becomes visible whole
    or not at all; once ``put_new`` has returned it survives a power cut; what has
    been put is listed and read from then on; an existing key is never overwritten.
    Every method raises StoreUnavailable when the store refuses or does not answer.
    """

    async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        """Creates an object from the concatenation of the parts.

        Returns False, and changes nothing, when the key exists.
        """
        ...

    async def get(self, key: str) -> bytes:
        """The whole object. Raises ObjectMissing."""
        ...

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        """``length`` bytes from ``start``, fewer at the object's end. Raises ObjectMissing."""
        ...

    async def head(self, key: str) -> ObjectInfo | None:
        """What is known of the object, None when there is none."""
        ...

    def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """All objects below a prefix that ends in ``/``, in the order of their keys."""
        ...

    async def delete(self, key: str) -> None:
        """Removes an object; one that is not there is no error."""
        ...
