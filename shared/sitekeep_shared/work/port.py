"""The port between the services and whatever runs their work.

A service gives a ``Handler``; a ``Dispatcher`` runs the units of its operations,
each at least once, and asks the handler what to write at the end. The journal in
the database is the only truth: a dispatcher may forget everything at any time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.work.records import (
    ClaimedUnit,
    Operation,
    OperationState,
    Progress,
    UnitOutcome,
)
from sitekeep_shared.work.unit import UnitPlan


async def _write_nothing(connection: AsyncConnection) -> None:
    return


@dataclass(frozen=True)
class Completion:
    """How an operation ends."""

    state: OperationState
    """SUCCEEDED, FAILED or CANCELLED."""
    error: Mapping[str, Any] | None = None
    """``google.rpc.Status`` as JSON, unless it succeeded."""
    write: Callable[[AsyncConnection], Awaitable[None]] = _write_nothing
    """Called in the transaction that ends the operation and gives up the lock.

    It may be called again if that transaction fails.
    """


class OperationRun(Protocol):
    """An operation that is being worked on: its site, its vault session and so on are open."""

    @property
    def request_count(self) -> int:
        """Requests sent to the site since it was opened."""
        ...

    @property
    def trouble(self) -> str:
        """Why it does not get on at the moment, in a sentence; empty while it does."""
        ...

    @property
    def finishing_phase(self) -> str:
        """What to call the time after the last unit, for example ``SEALING``."""
        ...

    def phase_name(self, phase: int) -> str:
        """What to call a phase of units in the metadata of the operation."""
        ...

    def initial_units(self) -> Sequence[UnitPlan]:
        """The first units; asked at every adoption, so the keys must be the same each time."""
        ...

    async def run_unit(self, unit: ClaimedUnit) -> UnitOutcome:
        """One attempt at a unit. What it raises goes to ``Handler.retryable``.

        The outcome's tally should be ``unit.tally``, filled while it runs.
        """
        ...

    async def unit_failed(self, unit: ClaimedUnit, error: Exception) -> UnitOutcome:
        """What a unit that is given up comes to: its missing items and the units after it.

        Raising (the error itself, as a rule) fails the whole operation instead.
        """
        ...

    async def finish(self, progress: Progress) -> Completion:
        """Does what remains once every unit is done, for example the vault's commit.

        ``sitekeep_shared.work.journal.results`` streams what the units left.
        Called again after a crash in its midst or behind it.
        """
        ...

    async def close(self) -> None:
        """Frees what is open. Always called, and nothing else is called after it."""
        ...


class Handler(Protocol):
    """What a service gives to its dispatcher. It lives as long as the process."""

    async def open(self, operation: Operation) -> OperationRun:
        """Opens what the work needs; ``operation.fence`` numbers this incarnation."""
        ...

    def retryable(self, error: Exception) -> bool:
        """Whether another attempt may help, for a unit, ``open`` or ``finish``."""
        ...

    async def failed(
        self, operation: Operation, error: Exception, progress: Progress
    ) -> Completion:
        """How an operation ends that cannot go on. Its run is closed by then, if it ever opened."""
        ...

    async def cancelled(self, operation: Operation, progress: Progress) -> Completion:
        """How an operation ends that was cancelled. Its run is closed by then."""
        ...


class Dispatcher(Protocol):
    """Runs the operations of one service. What it is told is a hint; the database decides."""

    async def start(self, operation: str) -> None:
        """Begins to work on an operation, after the transaction that inserted it."""
        ...

    async def cancel(self, operation: str) -> None:
        """Has an operation stop soon: asks for it in the database and wakes whoever works on it.

        Does nothing for one that has ended or is about to.
        """
        ...

    async def reconcile(self) -> None:
        """Takes up every unfinished operation of the service. Call it at start, and at any time."""
        ...

    async def drain(self) -> None:
        """Stops all work, soon and for good. Unfinished operations go on at the next start."""
        ...
