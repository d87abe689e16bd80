"""Marks beside and in place of manifests: a backup expired, or was given up unfinished.

FORMAT.md section 9. ``expired/<backup_id>`` stands beside a manifest. The mark that a backup was
abandoned stands where its manifest would be: as names are created once, of the two only one can
ever be there.
"""

from __future__ import annotations

import datetime
from typing import TypeVar

import msgspec

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import BackupAbandoned, DamagedObject
from sitekeep_shared.vault.sealing import Sealer

EXPIRED_MAGIC = b"SKEXPIR1"
EXPIRED_SECTION = "expired"
ABANDONED_MAGIC = b"SKABAND1"
ABANDONED_SECTION = "abandoned"


class ExpiryMarker(msgspec.Struct, frozen=True):
    """What an ``expired/<backup_id>`` object says, as sealed JSON."""

    site: str
    backup_id: str
    reason: str
    expired: datetime.datetime


class AbandonedMarker(msgspec.Struct, frozen=True):
    """What stands in place of the manifest of a backup that was given up, as sealed JSON."""

    site: str
    backup_id: str
    reason: str
    abandoned: datetime.datetime


_Marker = TypeVar("_Marker", ExpiryMarker, AbandonedMarker)


def encode_expiry(sealer: Sealer, name: str, marker: ExpiryMarker) -> bytes:
    """The bytes of an ``expired/…`` object."""
    sealed = sealer.seal(EXPIRED_SECTION, name.encode(), msgspec.json.encode(marker))
    return EXPIRED_MAGIC + sealed


def decode_expiry(sealer: Sealer, name: str, data: bytes) -> ExpiryMarker:
    """The reverse of encode_expiry.

    Raises:
        DamagedObject: it is not what was written.
    """
    return _decode(sealer, name, data, EXPIRED_MAGIC, EXPIRED_SECTION, ExpiryMarker)


def encode_abandoned(sealer: Sealer, name: str, marker: AbandonedMarker) -> bytes:
    """The bytes of what stands in place of a manifest."""
    sealed = sealer.seal(ABANDONED_SECTION, name.encode(), msgspec.json.encode(marker))
    return ABANDONED_MAGIC + sealed


def decode_abandoned(sealer: Sealer, name: str, data: bytes) -> AbandonedMarker:
    """The reverse of encode_abandoned.

    Raises:
        DamagedObject: it is not what was written.
    """
    return _decode(sealer, name, data, ABANDONED_MAGIC, ABANDONED_SECTION, AbandonedMarker)


def refuse_abandoned(name: str, data: bytes) -> None:
    """Refuses the start of an object that should be a manifest.

    Raises:
        BackupAbandoned: it is the mark of a backup that was given up.
    """
    if data.startswith(ABANDONED_MAGIC):
        site, backup_id = names.split_backup_name(name)
        raise BackupAbandoned(f"Backup {backup_id} of {site} was given up before it was finished.")


def _decode(
    sealer: Sealer, name: str, data: bytes, magic: bytes, section: str, kind: type[_Marker]
) -> _Marker:
    if not data.startswith(magic):
        raise DamagedObject(name, "it does not start as a marker")
    plain = sealer.open(section, name.encode(), data[len(magic) :], name)
    try:
        return msgspec.json.decode(plain, type=kind)
    except msgspec.MsgspecError as error:
        raise DamagedObject(name, "it does not read as a marker") from error
