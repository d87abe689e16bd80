"""Running a verification: a backup is looked through, and what is damaged is named."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_restore.holding import Hold
from sitekeep_restore.tools import Tools
from sitekeep_shared import failures, verifications
from sitekeep_shared.database import schema
from sitekeep_shared.errors import Conflict, SitekeepError
from sitekeep_shared.rpc.messages import stored_status
from sitekeep_shared.rpc.names import resource
from sitekeep_shared.rpc.status import to_status
from sitekeep_shared.vault.errors import StoreUnavailable
from sitekeep_shared.vault.examination import PACKS_AT_ONCE
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.names import split_backup_name
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.vault.vault import Vault
from sitekeep_shared.vault.verification_record import NAMED, VerificationRecord
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

_log = logging.getLogger(__name__)

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
            return VerificationRun(self._tools, operation, reader, stack.pop_all())

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
        self, tools: Tools, operation: Operation, reader: BackupReader, stack: AsyncExitStack
    ) -> None:
        self._tools = tools
        self._operation = operation
        self._reader = reader
        self._verifier = Verifier(reader)
        self._level = Level[operation.arguments.get("level", Level.DATA.name)]
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
        if unit.plan.kind == "packs":
            return await self._hash_packs(unit.plan.arguments["first"], unit.tally)
        packs = await self._read(Slice(**unit.plan.arguments), unit.tally)
        return UnitOutcome(unit.tally, (), {"damaged_packs": packs[:NAMED]} if packs else None)

    async def unit_failed(self, unit: ClaimedUnit, error: Exception) -> UnitOutcome:
        """A verification that could not read everything says nothing, so it fails."""
        raise error

    async def finish(self, progress: Progress) -> Completion:
        """Writes the report, whatever it says: into the database, and into the vault."""
        packs = await self._packs()
        record = self._record(progress, packs)
        report = await self._report(progress, record)
        _tell(self._operation, record)
        await keep_record(self._tools.vault, record)
        operation, table = self._operation, schema.operation

        async def write(connection: AsyncConnection) -> None:
            await connection.execute(
                update(table).where(table.c.id == operation.id).values(report=report)
            )
            await verifications.add(connection, operation.resource_uid, record)

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
        if self._level is Level.STORAGE:
            units += [
                UnitPlan(1, f"packs/{first:08d}", "packs", {"first": first})
                for first in range(0, len(self._reader.packs), PACKS_AT_ONCE)
            ]
        return UnitOutcome(tally, units, {"damaged_packs": packs[:NAMED]})

    async def _hash_packs(self, first: int, tally: Tally) -> UnitOutcome:
        packs = self._reader.packs[first : first + PACKS_AT_ONCE]
        hashed = await self._tools.vault.hash_packs(packs)
        result = {"damaged_packs": hashed.damaged_packs, "read_bytes": hashed.read_bytes}
        return UnitOutcome(tally, (), result)

    async def _read(self, part: Slice, tally: Tally) -> list[str]:
        """Names of the packs that were met and are damaged."""
        damaged_packs: set[str] = set()
        for kind, count in self._verifier.expected(part):
            tally.expect(kind, count)
        async for verified in self._verifier.look(part, self._level):
            if not verified.problem:
                tally.done(verified.kind, verified.size_bytes)
            elif len(tally.findings) < NAMED:
                _name_damage(tally, verified)
            else:
                tally.of(verified.kind).missing += verified.entry_count
            damaged_packs.add(verified.damaged_pack)
        return sorted(filter(None, damaged_packs))

    async def _packs(self) -> _Packs:
        damaged: set[str] = set()
        read_bytes = 0
        results = journal.results(self._tools.database, self._operation.id)
        async for _, result in results:
            damaged |= set(result["damaged_packs"])
            read_bytes += result.get("read_bytes", 0)
        return _Packs(sorted(damaged), read_bytes)

    def _record(self, progress: Progress, packs: _Packs) -> VerificationRecord:
        damaged = {
            kind.value: count.missing for kind, count in progress.counts.items() if count.missing
        }
        storage, header = self._level is Level.STORAGE, self._reader.header
        content = sum(count.size_bytes for count in progress.counts.values())
        return VerificationRecord(
            site=header.site,
            backup_id=header.backup_id,
            level=self._level.name,
            sound=not damaged and not packs.damaged,
            started=self._operation.create_time,
            finished=self._tools.clock.now(),
            read_bytes=packs.read_bytes if storage else content,
            total_bytes=header.referenced_bytes if storage else header.content_bytes,
            damaged=damaged,
            damaged_packs=packs.damaged[:NAMED],
        )

    async def _report(self, progress: Progress, record: VerificationRecord) -> dict[str, Any]:
        async with self._tools.database.read() as connection:
            named = await findings.page(connection, self._operation.id, limit=NAMED)
        return {
            "sound": record.sound,
            "level": record.level,
            "read_bytes": record.read_bytes,
            "total_bytes": record.total_bytes,
            "counts": counts.to_json(progress.counts),
            "damaged_count": sum(record.damaged.values()),
            "damaged_entities": [
                {"entity": each.finding.key, "description": each.finding.message} for each in named
            ],
            "damaged_packs": list(record.damaged_packs),
        }


@dataclass(frozen=True)
class _Packs:
    """What the units found about packs, together."""

    damaged: list[str]
    read_bytes: int


def _tell(operation: Operation, record: VerificationRecord) -> None:
    if record.sound:
        return
    _log.warning(
        "%s is damaged: %d entities and %d packs. Its report names them",
        operation.resource_name,
        sum(record.damaged.values()),
        len(record.damaged_packs),
        extra={"backup": operation.resource_name, "verification_level": record.level},
    )


async def keep_record(vault: Vault, record: VerificationRecord) -> None:
    """Puts the record into the vault; where the storage refuses, the database has it alone."""
    try:
        await vault.keep_record(record)
    except StoreUnavailable as error:
        _log.warning("the record of a verification is not in the vault: %s", error)


def _name_damage(tally: Tally, verified: Verified) -> None:
    tally.missing(
        verified.kind,
        verified.name,
        "ARCHIVE_CORRUPT",
        verified.problem,
        count=verified.entry_count,
    )
