"""Takes the place of a manifest, so that no commit can: whatever was frozen, for however long."""

from __future__ import annotations

import datetime

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import ObjectMissing
from sitekeep_shared.vault.markers import ABANDONED, AbandonedMarker
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store


async def abandon(
    store: Store, sealer: Sealer, manifest: str, reason: str, now: datetime.datetime
) -> bool:
    """Makes sure that a backup is never committed; False where it was, or where that is so.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    site, backup_id = names.split_backup_name(manifest)
    marker = AbandonedMarker(site, backup_id, reason, now)
    return await store.put_new(manifest, [ABANDONED.encode(sealer, manifest, marker)])


async def is_abandoned(store: Store, manifest: str) -> bool:
    """Whether the mark of a backup that was given up stands where its manifest would be.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    try:
        return await store.get_range(manifest, 0, len(ABANDONED.magic)) == ABANDONED.magic
    except ObjectMissing:
        return False
