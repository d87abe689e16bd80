"""Marks beside and in place of manifests: a backup expired, or was given up unfinished.

FORMAT.md section 9. ``expired/<backup_id>`` stands beside a manifest. The mark that a backup was
abandoned stands where its manifest would be: as names are created once, of the two only one can
ever be there.
"""

from __future__ import annotations

import datetime

import msgspec

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import BackupAbandoned
from sitekeep_shared.vault.sealed_json import SealedJson


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


EXPIRY = SealedJson(b"SKEXPIR1", "expired", "marker", ExpiryMarker)
ABANDONED = SealedJson(b"SKABAND1", "abandoned", "marker", AbandonedMarker)


def refuse_abandoned(name: str, data: bytes) -> None:
    """Refuses the start of an object that should be a manifest.

    Raises:
        BackupAbandoned: it is the mark of a backup that was given up.
    """
    if data.startswith(ABANDONED.magic):
        site, backup_id = names.split_backup_name(name)
        raise BackupAbandoned(f"Backup {backup_id} of {site} was given up before it was finished.")
