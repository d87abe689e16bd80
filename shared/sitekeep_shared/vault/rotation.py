"""Rotation: a new pair for what is written from now on. Packs are never rewritten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sitekeep_shared.vault.key_ring import KeyRing
from sitekeep_shared.vault.keys import VaultKeys, WholeKey
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
    current = await _current(ring, key)
    newer = key.rotated()
    await asyncio.to_thread(keep, newer)
    unlocks = Unlocks(store, Sealer(ring.keys, ring.repository_id))
    known = (ring.keys.key_id, current.keys.key_id)
    ways = [each for each in await unlocks.list() if each.key_id in known]
    carried = {each.recipient: each for each in ways if each.recipient is not None}
    for recipient, way in carried.items():
        await unlocks.add_recipient(newer, recipient, way.label)
    await current.supersede(newer.keys)
    left = [each for each in ways if each.recipient is None]
    return Rotation(newer, list(carried.values()), left)


async def _current(ring: KeyRing, key: WholeKey) -> KeyRing:
    """The ring seen with the current key set, which need not be the newest that the key holds.

    Where a rotation stopped half-way, or the object that completed it is lost, the key
    of that rotation can be rotated all the same.
    """
    current = await ring.current_key_id()
    ids = ring.keys.readable_key_ids
    if current not in ids:
        await ring.require_current()
    return ring.seen_with(VaultKeys.derive(key.secret, *key.private_keys[ids.index(current) :]))
