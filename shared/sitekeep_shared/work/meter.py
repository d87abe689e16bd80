"""The progress of an operation, kept up to date while units run and end."""

from __future__ import annotations

from dataclasses import replace

from sitekeep_shared.work.records import QUEUED_PHASE, ClaimedUnit, Progress, UnitOutcome


class Meter:
    """What has been committed, and on top of it what the running units have counted so far."""

    def __init__(self, committed: Progress) -> None:
        """Starts with what the journal says; requests sent so far are those of the past."""
        self.phase = QUEUED_PHASE
        self.requests_of_this_run = 0
        self.trouble = ""
        self._percent = committed.percent
        self._committed = committed
        self._running: dict[str, ClaimedUnit] = {}

    def planned(self, units: int) -> None:
        """More units are known."""
        self._committed = replace(self._committed, unit_count=self._committed.unit_count + units)

    def started(self, unit: ClaimedUnit) -> None:
        """An attempt at a unit has begun."""
        self._running[unit.plan.key] = unit

    def stopped(self, unit: ClaimedUnit) -> None:
        """An attempt at a unit is over, and what it counted does not count."""
        self._running.pop(unit.plan.key, None)

    def ended(self, unit: ClaimedUnit, outcome: UnitOutcome, *, given_up: bool) -> None:
        """A unit is committed."""
        self.stopped(unit)
        total = self._committed.plus(outcome.tally).without(outcome.withdrawn)
        self._committed = replace(
            total,
            done_unit_count=total.done_unit_count + (not given_up),
            failed_unit_count=total.failed_unit_count + given_up,
        )

    @property
    def committed(self) -> Progress:
        """What the journal has."""
        requests = self._committed.request_count + self.requests_of_this_run
        committed = replace(self._committed, request_count=requests)
        self._percent = max(self._percent, committed.estimate)
        return replace(committed, percent=self._percent, trouble="")

    @property
    def live(self) -> Progress:
        """What the journal has and what will be added if every running unit ended now."""
        total = self.committed
        for unit in self._running.values():
            total = total.plus(unit.tally)
        return replace(total, trouble=self.trouble)
