"""What a verification found, kept in the vault beside what it is about.

``verify/<backup_id>/<id>``, FORMAT.md section 9. The writer part of the keys opens it, so that
it holds no name and no key of anything that the backup holds: damage is counted by kind.
"""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import Mapping, Sequence

import msgspec

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import DamagedObject, ObjectMissing
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.sealed_json import SealedJson
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store

NAMED = 100
"""Damaged entities and damaged packs that a report names; the rest is counted."""

_READ_AT_ONCE = 16

_log = logging.getLogger(__name__)


class VerificationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One verification of one backup, as sealed JSON."""

    site: str
    backup_id: str
    level: str
    """The name of a Level."""
    sound: bool
    started: datetime.datetime
    finished: datetime.datetime
    read_bytes: int
    """Of packs at the level STORAGE, else of content before compression."""
    total_bytes: int
    """What there is of what ``read_bytes`` counts."""
    damaged: Mapping[str, int] = {}
    """Damaged entities by kind."""
    damaged_packs: Sequence[str] = ()
    """Names of packs, NAMED at most."""

    @property
    def found_damage(self) -> bool:
        """Whether something in the vault is damaged; a drill may fail for other reasons."""
        if self.depth is Level.DRILL:
            return bool(self.damaged or self.damaged_packs)
        return not self.sound

    @property
    def depth(self) -> Level:
        """The level."""
        return Level[self.level]


RECORD = SealedJson(b"SKVERIF1", "verification", "verification", VerificationRecord)


def decode_record(sealer: Sealer, name: str, data: bytes) -> VerificationRecord:
    """The record that an object holds.

    Raises:
        DamagedObject: it is not what was written, or of a level that is not known.
    """
    record = RECORD.decode(sealer, name, data)
    if record.level not in Level.__members__:
        raise DamagedObject(name, f"it is of a level {record.level} that is not known")
    return record


async def put_record(store: Store, sealer: Sealer, record: VerificationRecord) -> str:
    """Creates the object; returns its name.

    Raises:
        StoreUnavailable: the store refuses or does not answer.
    """
    identifier = names.new_time_id(record.finished)
    name = names.verification_name(record.backup_id, identifier)
    await store.put_new(name, [RECORD.encode(sealer, name, record)])
    return name


async def read_records(store: Store, sealer: Sealer, backup_id: str) -> list[VerificationRecord]:
    """Those of a backup, the oldest first; one that cannot be read is left out with a warning.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    return await _read(store, sealer, f"{names.VERIFICATIONS}{backup_id}/")


async def read_all_records(
    store: Store, sealer: Sealer
) -> Mapping[str, Sequence[VerificationRecord]]:
    """Those of all backups, by backup id, each the oldest first, as :func:`read_records` has them.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    found: dict[str, list[VerificationRecord]] = {}
    for record in await _read(store, sealer, names.VERIFICATIONS):
        found.setdefault(record.backup_id, []).append(record)
    return found


async def _read(store: Store, sealer: Sealer, prefix: str) -> list[VerificationRecord]:
    keys = [item.key async for item in store.list(prefix)]
    found: list[VerificationRecord | None] = []
    for start in range(0, len(keys), _READ_AT_ONCE):
        batch = keys[start : start + _READ_AT_ONCE]
        found += await asyncio.gather(*(_read_one(store, sealer, key) for key in batch))
    return [record for record in found if record is not None]


async def _read_one(store: Store, sealer: Sealer, key: str) -> VerificationRecord | None:
    try:
        return decode_record(sealer, key, await store.get(key))
    except ObjectMissing:
        return None
    except DamagedObject as error:
        _log.warning("%s It is passed over.", error)
        return None
