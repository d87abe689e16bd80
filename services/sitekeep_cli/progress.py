"""What the metadata of an operation says about its progress."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sitekeep.backup.v1 import backup_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep.type.v1 import content_pb2
from sitekeep_cli import wording

if TYPE_CHECKING:
    from google.longrunning.operations_pb2 import Operation

Metadata = (
    backup_pb2.CreateBackupMetadata
    | restore_pb2.CreateRestoreMetadata
    | restore_pb2.VerifyBackupMetadata
)
_METADATA = (
    backup_pb2.CreateBackupMetadata,
    restore_pb2.CreateRestoreMetadata,
    restore_pb2.VerifyBackupMetadata,
)

MOST_KINDS = 6
"""Kinds in one line of progress: a site has more than fifty."""


def metadata_of(operation: Operation) -> Metadata | None:
    """The metadata of a backup, a restore or a verification; None where it is none of them."""
    for kind in _METADATA:
        if operation.metadata.Is(kind.DESCRIPTOR):
            metadata = kind()
            operation.metadata.Unpack(metadata)
            return metadata
    return None


def kind_name(kind: content_pb2.EntityKind.ValueType) -> str:
    """The name of a kind as people write it: ``issue link``."""
    return wording.words(content_pb2.EntityKind.Name(kind).removeprefix("ENTITY_KIND_"))


def _weight(count: content_pb2.EntityCount) -> tuple[bool, int]:
    """Kinds of which something is to come go first, then those of which there is most."""
    left = count.expected_count - count.done_count - count.missing_count
    return left > 0, max(count.expected_count, count.done_count)


@dataclass
class Progress:
    """The progress of one operation, with the speed as seen from here."""

    metadata: Metadata
    seconds: float = 0.0
    """Since the command began to watch."""
    first_bytes: int = 0
    first_percent: int = 0
    least_percent: int = 0
    """What was shown before: a bar does not go back when further work turns up."""

    @property
    def phase(self) -> str:
        """What the operation is doing."""
        return wording.words(wording.constant(self.metadata, "phase"))

    @property
    def percent(self) -> int:
        """How much is done, 0 to 100."""
        return min(max(self.metadata.progress_percent, self.least_percent), 100)

    @property
    def size_bytes(self) -> int:
        """Bytes stored, brought back or read so far."""
        return sum(count.size_bytes for count in self.metadata.counts)

    @property
    def rate(self) -> float:
        """Bytes a second since the command began to watch; 0 before there is one."""
        gained = self.size_bytes - self.first_bytes
        return gained / self.seconds if self.seconds > 0 and gained > 0 else 0.0

    @property
    def remaining(self) -> datetime.timedelta | None:
        """The time left at the speed so far; None before there is one."""
        gained = self.percent - self.first_percent
        if self.seconds < 2 or gained < 2:
            return None
        return datetime.timedelta(seconds=self.seconds / gained * (100 - self.percent))

    def kinds(self) -> str:
        """Done and expected per kind: ``issue 120/300 · comment 44/90 · 3 kinds more``.

        Those that are under way and the largest are shown, MOST_KINDS in all.
        """
        met = [each for each in self.metadata.counts if each.done_count or each.expected_count]
        shown = sorted(met, key=_weight, reverse=True)[:MOST_KINDS]
        parts = [
            f"{kind_name(each.kind)} {wording.number(each.done_count)}"
            f"/{wording.number(max(each.expected_count, each.done_count))}"
            for each in met
            if each in shown
        ]
        if len(met) > len(shown):
            parts.append(f"{len(met) - len(shown)} kinds more")
        return " · ".join(parts)

    def speed(self) -> str:
        """Bytes, rate, requests and the time left, as far as they are known."""
        parts = [wording.size(self.size_bytes)]
        if self.rate:
            parts.append(f"{wording.size(self.rate)}/s")
        if self.requests:
            parts.append(f"{wording.number(self.requests)} requests")
        if self.remaining is not None and self.percent < 100:
            parts.append(f"about {wording.duration(self.remaining)} left")
        return " · ".join(parts)

    @property
    def requests(self) -> int:
        """Requests sent to the site; a verification sends none."""
        if isinstance(self.metadata, restore_pb2.VerifyBackupMetadata):
            return 0
        return self.metadata.request_count

    @property
    def trouble(self) -> str:
        """Why the operation does not get on at the moment; empty while it does."""
        if isinstance(self.metadata, restore_pb2.VerifyBackupMetadata):
            return ""
        return " ".join(failure.message for failure in self.metadata.partial_failures)

    def missing(self) -> int:
        """How many entities are known to be missing."""
        return sum(count.missing_count for count in self.metadata.counts)
