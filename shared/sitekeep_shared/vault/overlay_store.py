"""A store over another one that is only read: what is new lies in a place of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from sitekeep_shared.vault.errors import ObjectMissing, StoreUnavailable
from sitekeep_shared.vault.store import ObjectInfo, Store


class OverlayStore:
    """Reads from both, writes to the upper one alone. See Store for what it guarantees.

    What the lower one holds cannot be removed; an object that appears there meanwhile is seen.
    """

    def __init__(self, lower: Store, upper: Store) -> None:
        self._lower = lower
        self._upper = upper

    async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        """Creates an object above; returns False when either has the key."""
        if await self._lower.head(key) is not None:
            return False
        return await self._upper.put_new(key, parts)

    async def get(self, key: str) -> bytes:
        """The whole object."""
        try:
            return await self._upper.get(key)
        except ObjectMissing:
            return await self._lower.get(key)

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        """A part of an object."""
        try:
            return await self._upper.get_range(key, start, length)
        except ObjectMissing:
            return await self._lower.get_range(key, start, length)

    async def head(self, key: str) -> ObjectInfo | None:
        """What is known of the object."""
        return await self._upper.head(key) or await self._lower.head(key)

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """All objects of both below a prefix, in the order of their keys."""
        above = {item.key: item async for item in self._upper.list(prefix)}
        waiting = sorted(above)
        async for item in self._lower.list(prefix):
            while waiting and waiting[0] <= item.key:
                yield above[waiting.pop(0)]
            if item.key not in above:
                yield item
        for key in waiting:
            yield above[key]

    async def delete(self, key: str) -> None:
        """Removes an object from above."""
        if await self._lower.head(key) is not None:
            raise StoreUnavailable(
                f"The vault's object {key} cannot be removed: the vault is only read here."
            )
        await self._upper.delete(key)
