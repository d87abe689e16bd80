"""The tally of a unit: what it met, what became of it, and what has to be said about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from sitekeep_shared.kinds import Kind


class Severity(enum.StrEnum):
    """How bad a finding is."""

    WARNING = "warning"
    """A declared loss or a remark: the operation can still be complete."""

    ERROR = "error"
    """Something is missing: the operation ends incomplete."""


@dataclass(frozen=True)
class Finding:
    """One thing that did not go through, named so that a person can look it up."""

    severity: Severity
    kind: Kind
    key: str
    """The entity, by the name that the site's users know: ``ALOY-12``, ``ALOY-12/comment 33``."""
    reason: str
    """A stable word in UPPER_SNAKE_CASE; equal reasons are counted together."""
    message: str
    count: int = 1


@dataclass(frozen=True)
class Withdrawn:
    """A finding of a unit that has ended, which a later unit found to be so no more."""

    unit_key: str
    finding: Finding


@dataclass(slots=True)
class Count:
    """How many entities of a kind a unit met.

    Export: ``expected`` = listed by the site, ``done`` = stored, ``reused_files`` = those of
    ``done`` that an earlier backup has, so that they were not downloaded. Import:
    ``expected`` = held by the backup, ``done`` = brought back, ``lossy`` = those
    of ``done`` that came back with a declared loss.
    """

    expected: int = 0
    done: int = 0
    lossy: int = 0
    missing: int = 0
    size_bytes: int = 0
    reused_files: int = 0
    reused_bytes: int = 0


@dataclass
class Tally:
    """What a unit counted. It takes effect when the unit is committed, once."""

    counts: dict[Kind, Count] = field(default_factory=dict[Kind, Count])
    findings: list[Finding] = field(default_factory=list[Finding])

    def of(self, kind: Kind) -> Count:
        """The count of a kind."""
        count = self.counts.get(kind)
        if count is None:
            count = self.counts[kind] = Count()
        return count

    def expect(self, kind: Kind, count: int = 1) -> None:
        """Adds entities that should be stored or brought back; none leave no trace of the kind."""
        if count:
            self.of(kind).expected += count

    def done(self, kind: Kind, size_bytes: int = 0, *, count: int = 1, lossy: bool = False) -> None:
        """Adds entities that are stored or brought back; nothing leaves no trace of the kind."""
        if not count and not size_bytes:
            return
        entry = self.of(kind)
        entry.done += count
        entry.size_bytes += size_bytes
        if lossy:
            entry.lossy += count

    def reused(self, kind: Kind, size_bytes: int) -> None:
        """Adds a file that is stored because an earlier backup has it."""
        self.done(kind, size_bytes)
        entry = self.of(kind)
        entry.reused_files += 1
        entry.reused_bytes += size_bytes

    def missing(self, kind: Kind, key: str, reason: str, message: str, *, count: int = 1) -> None:
        """Adds entities that were expected and are not there, with the reason why."""
        self.of(kind).missing += count
        self.findings.append(Finding(Severity.ERROR, kind, key, reason, message, count))

    def not_restorable(
        self, kind: Kind, key: str, reason: str, message: str, *, count: int = 1
    ) -> None:
        """Adds entities that no restore can bring back, as the coverage table declares."""
        self.of(kind).missing += count
        self.remark(kind, key, reason, message, count=count)

    def remark(self, kind: Kind, key: str, reason: str, message: str, *, count: int = 1) -> None:
        """Says something that a careful admin wants to know and that misses nothing."""
        self.findings.append(Finding(Severity.WARNING, kind, key, reason, message, count))
