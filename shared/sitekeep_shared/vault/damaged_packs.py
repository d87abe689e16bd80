"""Packs that a verification found damaged: a new backup stores anew what it would find there."""

from __future__ import annotations

from collections.abc import Iterable

from sitekeep_shared.vault import names
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store
from sitekeep_shared.vault.verification_record import VerificationRecord, read_all_records


async def load_damaged_packs(store: Store, sealer: Sealer) -> frozenset[bytes]:
    """The ids of the packs that the newest verifications of any backup found damaged.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    damaged: set[str] = set()
    for records in (await read_all_records(store, sealer)).values():
        damaged |= still_damaged(records)
    found = (names.pack_id_of(name) for name in damaged)
    return frozenset(pack_id for pack_id in found if pack_id is not None)


def still_damaged(records: Iterable[VerificationRecord]) -> set[str]:
    """Names of the packs that the verifications of one backup, in their order, leave damaged.

    What was put back from a copy is used again once a verification has found it sound. Only the
    level STORAGE reads the whole of a pack: what it found no other level takes back.
    """
    whole: set[str] = set()
    met: set[str] = set()
    for record in records:
        if record.depth is Level.STORAGE:
            whole, met = set(record.damaged_packs), set()
        elif record.depth > Level.STORAGE:
            met = set(record.damaged_packs)
    return whole | met
