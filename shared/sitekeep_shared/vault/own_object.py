"""Puts what only one session of a backup may put: its index and its known files."""

from __future__ import annotations

from sitekeep_shared.vault.errors import LeaseLost
from sitekeep_shared.vault.store import Store


async def put_own(store: Store, name: str, data: bytes) -> None:
    """Creates an object under the next number of a backup.

    An answer that was lost makes a put that arrived look like a failure: the same bytes are ours.

    Raises:
        LeaseLost: another session of the same backup was there first.
        StoreUnavailable: the store does not take it.
    """
    if not await store.put_new(name, [data]) and await store.get(name) != data:
        raise LeaseLost(f"Another session of the same backup wrote {name}.")
