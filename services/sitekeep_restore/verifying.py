"""Running a verification: everything that a backup holds is read, and what is damaged is named."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_restore.holding import Hold
from sitekeep_restore.tools import Tools
from sitekeep_shared import failures
from sitekeep_shared.database import schema
from sitekeep_shared.errors import Conflict, SitekeepError
from sitekeep_shared.rpc.messages import stored_status
from sitekeep_shared.rpc.names import resource
from sitekeep_shared.rpc.status import to_status
from sitekeep_shared.vault.names import split_backup_name
from sitekeep_shared.vault.verify import Slice, Verified, Verifier
from sitekeep_shared.work import counts, findings, journal
from sitekeep_shared.work.port import Completion
from sitekeep_shared.work.records import (
    ClaimedUnit,
    Operation,
    OperationState,
    Progress,
    UnitOutcome,
)
from sitekeep_shared.work.tally import Tally
from sitekeep_shared.work.unit import UnitPlan

NAMED = 100
"""Damaged entities and damaged packs that a report names; the rest is counted."""

_STRUCTURE = UnitPlan(0, "structure", "structure")


class VerificationHandler:
    """Opens verifications and says how they end."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def open(self, operation: Operation) -> VerificationRun:
        """Holds the backup and opens it.

        Raises:
            PreconditionFailed: the backup expired.
            VaultError: its manifest is damaged, so nothing of it can be looked for.
        """
        holder = resource(operation.organization, "operations", operation.id)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(
                Hold(self._tools.backups, operation.resource_name, holder)
            )
            site, backup_id = split_backup_name(operation.arguments["manifest_key"])
            reader = await self._tools.vault.open_backup(site, backup_id)
            stack.push_async_callback(reader.close)
            return VerificationRun(self._tools, operation, Verifier(reader), stack.pop_all())

    def retryable(self, error: Exception) -> bool:
        """Whether another attempt may help."""
        return failures.is_retryable(error)

    async def failed(
        self, operation: Operation, error: Exception, progress: Progress
    ) -> Completion:
        """The verification ends without a report."""
        return _unfinished(OperationState.FAILED, failures.translate(error))

    async def cancelled(self, operation: Operation, progress: Progress) -> Completion:
        """The verification ends without a report."""
        error = Conflict(
            "OPERATION_CANCELLED",
            f"The verification of {operation.resource_name} was cancelled; it says nothing about "
            "the backup.",
            {"resource": operation.resource_name},
        )
        return _unfinished(OperationState.CANCELLED, error)


def _unfinished(state: OperationState, error: SitekeepError) -> Completion:
    return Completion(state, stored_status(to_status(error)))


class VerificationRun:
    """A verification that is being worked on."""

    finishing_phase = "REPORTING"
    request_count = 0
    trouble = ""

    def __init__(
        self, tools: Tools, operation: Operation, verifier: Verifier, stack: AsyncExitStack
    ) -> None:
        self._tools = tools
        self._operation = operation
        self._verifier = verifier
        self._stack = stack

    def phase_name(self, phase: int) -> str:
        """The phase of the contract."""
        return "VERIFYING"

    def initial_units(self) -> Sequence[UnitPlan]:
        """The structure first; it plans the rest."""
        return [_STRUCTURE]

    async def run_unit(self, unit: ClaimedUnit) -> UnitOutcome:
        """One attempt; it changes nothing, so it may be repeated at any time."""
        if unit.plan.kind == _STRUCTURE.kind:
            return await self._look_packs_up(unit.tally)
        await self._read(Slice(**unit.plan.arguments), unit.tally)
        return UnitOutcome(unit.tally)

    async def unit_failed(self, unit: ClaimedUnit, error: Exception) -> UnitOutcome:
        """A verification that could not read everything says nothing, so it fails."""
        raise error

    async def finish(self, progress: Progress) -> Completion:
        """Writes the report, whatever it says."""
        report = await self._report(progress)
        table = schema.operation

        async def write(connection: AsyncConnection) -> None:
            await connection.execute(
                update(table).where(table.c.id == self._operation.id).values(report=report)
            )

        return Completion(OperationState.SUCCEEDED, None, write)

    async def close(self) -> None:
        """Closes the backup and releases the hold."""
        await self._stack.aclose()

    async def _look_packs_up(self, tally: Tally) -> UnitOutcome:
        site, backup_id = split_backup_name(self._operation.arguments["manifest_key"])
        structure = await self._tools.vault.check(site, backup_id)
        packs = sorted({*structure.missing_packs, *structure.resized_packs})
        units = [
            UnitPlan(1, f"content/{number:08d}", "content", asdict(part))
            for number, part in enumerate(self._verifier.slices())
        ]
        return UnitOutcome(tally, units, {"damaged_packs": packs[:NAMED]})

    async def _read(self, part: Slice, tally: Tally) -> None:
        for kind, count in self._verifier.expected(part):
            tally.expect(kind, count)
        async for verified in self._verifier.verify(part):
            if not verified.problem:
                tally.done(verified.kind, verified.size_bytes)
            elif len(tally.findings) < NAMED:
                _name_damage(tally, verified)
            else:
                tally.of(verified.kind).missing += verified.entry_count

    async def _report(self, progress: Progress) -> dict[str, Any]:
        database, operation = self._tools.database, self._operation.id
        packs: list[str] = []
        async for _, result in journal.results(database, operation):
            packs.extend(result["damaged_packs"])
        async with database.read() as connection:
            named = await findings.page(connection, operation, limit=NAMED)
        damaged = sum(count.missing for count in progress.counts.values())
        return {
            "sound": not damaged and not packs,
            "counts": counts.to_json(progress.counts),
            "damaged_count": damaged,
            "damaged_entities": [
                {"entity": each.finding.key, "description": each.finding.message} for each in named
            ],
            "damaged_packs": packs,
        }


def _name_damage(tally: Tally, verified: Verified) -> None:
    tally.missing(
        verified.kind,
        verified.name,
        "ARCHIVE_CORRUPT",
        verified.problem,
        count=verified.entry_count,
    )
