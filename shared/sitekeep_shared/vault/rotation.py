"""Rotation: a new pair for what is written from now on. Packs are never rewritten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sitekeep_shared.vault.key_ring import KeyRing
from sitekeep_shared.vault.keys import WholeKey
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store
from sitekeep_shared.vault.unlocks import Unlock, Unlocks


@dataclass(frozen=True)
class Rotation:
    """What a rotation did."""

    key: WholeKey
    carried: list[Unlock]
    """Recipients of the old key, who can unlock the new one too."""
    left: list[Unlock]
    """Ways that unlock the old key only: nobody is there to type their passphrases."""


async def rotate(
    store: Store, ring: KeyRing, key: WholeKey, keep: Callable[[WholeKey], None]
) -> Rotation:
    """Puts a new pair in the place of the newest; ``keep`` makes the new key durable first.

    Raises:
        WrongKey: the key is superseded already, or another rotation came first.
        DamagedObject: what supersedes the key is not what was written.
        StoreUnavailable: the store does not answer; it may be that the rotation took place.
        Whatever ``keep`` raises: nothing has changed then.
    """
    await ring.require_current()
    newer = key.rotated()
    await asyncio.to_thread(keep, newer)
    unlocks = Unlocks(store, Sealer(ring.keys, ring.repository_id))
    ways = [each for each in await unlocks.list() if each.key_id == ring.keys.key_id]
    carried: list[Unlock] = []
    for way in ways:
        if way.recipient is not None:
            await unlocks.add_recipient(newer, way.recipient, way.label)
            carried.append(way)
    await ring.supersede(newer.keys)
    return Rotation(newer, carried, [way for way in ways if way not in carried])
