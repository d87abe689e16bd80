"""Packs that a verification found damaged: a new backup stores anew what it would find there."""

from __future__ import annotations

import logging

from sitekeep_shared.vault import names
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store
from sitekeep_shared.vault.verification_record import read_records

_logger = logging.getLogger(__name__)


async def load_damaged_packs(store: Store, sealer: Sealer) -> frozenset[bytes]:
    """The ids of the packs that the newest verification of any backup found damaged.

    Of each backup the last verification counts that read the packs: one that was put back from
    a copy is used again once a verification has found it sound.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    damaged: set[str] = set()
    for backup_id in await _verified_backups(store):
        records = await read_records(store, sealer, backup_id)
        reading = [record for record in records if record.depth is not Level.STRUCTURE]
        if reading:
            damaged.update(reading[-1].damaged_packs)
    for name in sorted(damaged):
        _logger.warning("A verification found %s damaged; what it held is stored anew.", name)
    found = (names.pack_id_of(name) for name in damaged)
    return frozenset(pack_id for pack_id in found if pack_id is not None)


async def _verified_backups(store: Store) -> list[str]:
    found = {item.key.split("/")[1] async for item in store.list(names.VERIFICATIONS)}
    return sorted(found)
