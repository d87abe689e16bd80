"""What a verification found, kept in the vault beside what it is about.

``verify/<backup_id>/<id>``, FORMAT.md section 9. The writer part of the keys opens it, so that
it holds no name and no key of anything that the backup holds: damage is counted by kind.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Mapping, Sequence

import msgspec

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import DamagedObject, ObjectMissing
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store

MAGIC = b"SKVERIF1"
SECTION = "verification"

NAMED = 100
"""Damaged entities and damaged packs that a report names; the rest is counted."""

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


def encode_record(sealer: Sealer, name: str, record: VerificationRecord) -> bytes:
    """The bytes of the object."""
    return MAGIC + sealer.seal(SECTION, name.encode(), msgspec.json.encode(record))


def decode_record(sealer: Sealer, name: str, data: bytes) -> VerificationRecord:
    """The reverse of encode_record.

    Raises:
        DamagedObject: it is not what was written.
    """
    if not data.startswith(MAGIC):
        raise DamagedObject(name, "it does not start as a verification")
    plain = sealer.open(SECTION, name.encode(), data[len(MAGIC) :], name)
    try:
        record = msgspec.json.decode(plain, type=VerificationRecord)
    except msgspec.MsgspecError as error:
        raise DamagedObject(name, "it does not read as a verification") from error
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
    await store.put_new(name, [encode_record(sealer, name, record)])
    return name


async def read_records(store: Store, sealer: Sealer, backup_id: str) -> list[VerificationRecord]:
    """Those of a backup, the oldest first; one that cannot be read is left out with a warning.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    records: list[VerificationRecord] = []
    async for item in store.list(f"{names.VERIFICATIONS}{backup_id}/"):
        try:
            records.append(decode_record(sealer, item.key, await store.get(item.key)))
        except ObjectMissing:
            continue
        except DamagedObject as error:
            _log.warning("%s It is passed over.", error)
    return records
