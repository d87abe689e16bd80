"""Removes objects, several at once; what the store does not let go is counted, not fatal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sitekeep_shared.vault.errors import DeleteRefused
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.store import Store


class Removal:
    """What one collection removed, and what it could not."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self.removed: set[str] = set()
        self.retained: set[str] = set()

    async def remove(self, keys: Sequence[str]) -> None:
        """Removes objects, in no order.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        for start in range(0, len(keys), self._limits.parallel_requests):
            batch = keys[start : start + self._limits.parallel_requests]
            results = await asyncio.gather(*map(self._remove, batch), return_exceptions=True)
            for result in results:
                if result is not None:
                    raise result

    async def _remove(self, key: str) -> None:
        try:
            await self._store.delete(key)
        except DeleteRefused:
            self.retained.add(key)
        else:
            self.removed.add(key)
