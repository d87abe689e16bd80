"""What the journal keeps, as values: operations, claimed units, outcomes, progress."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sitekeep_shared.kinds import Kind
from sitekeep_shared.work import counts
from sitekeep_shared.work.counts import Counts
from sitekeep_shared.work.tally import Count, Severity, Tally, Withdrawn
from sitekeep_shared.work.unit import UnitPlan

QUEUED_PHASE = "QUEUED"


class OperationState(enum.StrEnum):
    """How far an operation is."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def done(self) -> bool:
        """Whether nothing will change any more."""
        return self not in UNFINISHED


UNFINISHED = (OperationState.QUEUED, OperationState.RUNNING)


class UnitState(enum.StrEnum):
    """How far a unit is."""

    TODO = "TODO"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    """Given up; what it would have brought is counted as missing."""


@dataclass(frozen=True)
class Progress:
    """How far an operation is, in numbers; at its end, what came of it."""

    counts: Mapping[Kind, Count] = field(default_factory=dict[Kind, Count])
    issue_count: int = 0
    """Findings of any severity."""
    error_count: int = 0
    """Findings of severity ERROR: any makes the operation incomplete."""
    unit_count: int = 0
    """Units known so far."""
    done_unit_count: int = 0
    failed_unit_count: int = 0
    request_count: int = 0
    """Requests sent to the site, by every incarnation."""
    percent: int = 0
    """What was shown as done so far, 0 to 99: it never falls, though further work turns up."""
    trouble: str = ""
    """Why it does not get on at the moment; empty while it does."""

    @property
    def estimate(self) -> int:
        """How much is done, in percent: the smaller share of units and of entities.

        Units make further units and count entities that nobody knew of, so that either share
        alone runs ahead.
        """
        ended = self.done_unit_count + self.failed_unit_count
        met = sum(min(count.done + count.missing, count.expected) for count in self.counts.values())
        expected = sum(count.expected for count in self.counts.values())
        shares = [100 * ended // max(self.unit_count, 1)]
        if expected:
            shares.append(100 * met // expected)
        return min(99, *shares)

    def to_json(self) -> dict[str, Any]:
        """The form of the column ``operation.progress``."""
        document: dict[str, Any] = dict(vars(self))
        document["counts"] = counts.to_json(self.counts)
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Progress:
        """From the column ``operation.progress``."""
        fields = dict(document)
        fields["counts"] = counts.from_json(fields.get("counts"))
        return cls(**fields)

    def plus(self, tally: Tally) -> Progress:
        """With what a tally adds to it."""
        total: Counts = {kind: replace(count) for kind, count in self.counts.items()}
        counts.add(total, tally.counts)
        errors = sum(finding.severity is Severity.ERROR for finding in tally.findings)
        return replace(
            self,
            counts=total,
            issue_count=self.issue_count + len(tally.findings),
            error_count=self.error_count + errors,
        )

    def without(self, withdrawn: Sequence[Withdrawn]) -> Progress:
        """Without findings that were taken back."""
        errors = sum(each.finding.severity is Severity.ERROR for each in withdrawn)
        return replace(
            self,
            issue_count=self.issue_count - len(withdrawn),
            error_count=self.error_count - errors,
        )


@dataclass(frozen=True)
class Operation:
    """A long-running operation, as the database has it."""

    id: str
    organization: str
    kind: str
    """``backup``, ``restore`` or ``verification``."""
    resource_uid: str
    resource_name: str
    product_uid: str
    """Whose lock it needs."""
    service: str
    """Which service runs it."""
    state: OperationState
    cancel_requested: bool
    finishing: bool
    """Every unit is done: too late to cancel."""
    fence: int | None
    """Of the lock, when a process last adopted the operation."""
    phase: str
    progress: Progress
    create_time: datetime.datetime
    update_time: datetime.datetime
    end_time: datetime.datetime | None
    revision: int
    """Grows with every change."""
    error: dict[str, Any] | None
    arguments: dict[str, Any]
    cancel_time: datetime.datetime | None = None
    report: dict[str, Any] | None = None
    """What a verification found."""


@dataclass(frozen=True)
class ClaimedUnit:
    """One attempt at a unit."""

    plan: UnitPlan
    attempt: int
    """From 1; above 1, an earlier attempt may have done everything, nothing, or a part."""
    failures: int = 0
    """Earlier attempts that ended in an error."""
    tally: Tally = field(default_factory=Tally)
    """To be filled while the unit runs: the progress shows it at once."""


@dataclass(frozen=True)
class UnitOutcome:
    """What a unit comes to; all of it takes effect in the transaction that commits the unit."""

    tally: Tally
    spawned: Sequence[UnitPlan] = ()
    result: Any = None
    """JSON for the end of the operation, for example the pages that hold the unit's records."""
    withdrawn: Sequence[Withdrawn] = ()
    """Findings of earlier units that are taken back."""
