"""What came of a copy of a vault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class LeftOut:
    """A backup that the copy does not hold yet."""

    backup: str
    """``site/backup_id``."""
    reason: str


@dataclass(frozen=True)
class CopyReport:
    """What a copy did, and what it could not do."""

    copied_backups: Sequence[str]
    """``site/backup_id`` of what the copy holds only since now."""
    present_backups: int
    """Backups that it held before."""
    expired_backups: int
    """Backups that expire in the copy from now on."""
    copied_objects: int
    copied_bytes: int
    healed: Sequence[str]
    """Objects that were damaged on one side and were replaced from the other."""
    damaged: Sequence[str]
    """What is wrong with objects that could not be copied or healed, as sentences."""
    left_out: Sequence[LeftOut]

    @property
    def is_complete(self) -> bool:
        """Whether the copy now holds all that it was to hold, undamaged."""
        return not self.damaged and not self.left_out


@dataclass
class CopyTally:
    """The same while it grows."""

    copied_backups: list[str] = field(default_factory=list[str])
    present_backups: int = 0
    expired_backups: int = 0
    copied_objects: int = 0
    copied_bytes: int = 0
    healed: list[str] = field(default_factory=list[str])
    damaged: dict[str, str] = field(default_factory=dict[str, str])
    left_out: list[LeftOut] = field(default_factory=list[LeftOut])

    def report(self) -> CopyReport:
        """What it has come to."""
        return CopyReport(
            copied_backups=tuple(self.copied_backups),
            present_backups=self.present_backups,
            expired_backups=self.expired_backups,
            copied_objects=self.copied_objects,
            copied_bytes=self.copied_bytes,
            healed=tuple(self.healed),
            damaged=tuple(self.damaged.values()),
            left_out=tuple(self.left_out),
        )
