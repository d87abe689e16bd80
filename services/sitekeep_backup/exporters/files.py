"""Files of a site: taken from an earlier backup where it has them, downloaded otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import StoredFile
from sitekeep_shared.vault.known_file import FileIdentity


@dataclass(frozen=True)
class SiteFile:
    """A file that the site lists."""

    key: str
    """Of its entry."""
    identity: FileIdentity | None
    """None where the site does not say enough to know it again."""
    attributes: Callable[[bytes], Mapping[str, str]]
    """Of its entry, from the note that is kept with the bytes."""


def identity_of(id_: str, version: str, size_bytes: int | None) -> FileIdentity | None:
    """What the site says of a file; None without a size, which proves that all of it came."""
    return None if size_bytes is None else FileIdentity(id_, version, size_bytes)


def is_reused(unit: ExportUnit, file: SiteFile, *, even_if_due: bool = False) -> bool:
    """Takes a file from an earlier backup; False where it has to be downloaded."""
    if file.identity is None:
        return False
    records = unit.records
    known = records.find_file(Kind.ATTACHMENT, file.identity, even_if_due=even_if_due)
    if known is None:
        return False
    attributes = file.attributes(known.note)
    stored = records.reuse_file(Kind.ATTACHMENT, file.key, known, attributes=attributes)
    if stored is None:
        return False
    unit.tally.reused(Kind.ATTACHMENT, stored.size_bytes)
    return True


def is_kept_from_earlier(unit: ExportUnit, file: SiteFile, name: str, trouble: str) -> bool:
    """Takes a file that was due and cannot be downloaded from an earlier backup, and says so."""
    if not is_reused(unit, file, even_if_due=True):
        return False
    message = f"{trouble} An earlier backup has the same version of the file: it is kept."
    unit.tally.remark(Kind.ATTACHMENT, name, "FILE_KEPT_FROM_EARLIER_BACKUP", message)
    return True


def note_change(unit: ExportUnit, stored: StoredFile, name: str) -> None:
    """Says that a file that never should has changed; the new bytes are what is stored."""
    message = (
        "The site sends other bytes than before for the same version of the file: SHA-256 "
        f"{stored.sha256}, before {stored.earlier_sha256}. The new ones are kept; earlier backups "
        "have the others."
    )
    unit.tally.remark(Kind.ATTACHMENT, name, "FILE_CHANGED_IN_PLACE", message)
