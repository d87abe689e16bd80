"""A backup while it is worked on: its units are read, its manifest is committed."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_backup.exporters.confluence.exporter import EXPORTER as CONFLUENCE
from sitekeep_backup.exporters.jira.exporter import EXPORTER as JIRA
from sitekeep_backup.exporters.unit import (
    CLOSING_KEYS,
    Exporter,
    ExportOptions,
    ExportPhase,
    ExportUnit,
)
from sitekeep_shared import failures, rules
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.catalog.collecting import details_of
from sitekeep_shared.catalog.details import encode_details
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.facts import AnyRow
from sitekeep_shared.rpc import etags
from sitekeep_shared.secrets import SecretBox
from sitekeep_shared.vault.errors import (
    BackupNotFound,
    CommitConflict,
    StoreUnavailable,
)
from sitekeep_shared.vault.manifest_types import ManifestFacts, ManifestHeader
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.session import BackupSession
from sitekeep_shared.vault.vault import Vault
from sitekeep_shared.work import counts, journal
from sitekeep_shared.work.adoption import is_lost
from sitekeep_shared.work.guarded import guarded
from sitekeep_shared.work.interruptions import DATABASE_TROUBLE
from sitekeep_shared.work.port import Completion
from sitekeep_shared.work.records import (
    ClaimedUnit,
    Operation,
    OperationState,
    Progress,
    UnitOutcome,
)
from sitekeep_shared.work.tally import Count, Tally
from sitekeep_shared.work.unit import UnitPlan

_log = logging.getLogger(__name__)

EXPORTERS: Mapping[str, Exporter] = {"JIRA": JIRA, "CONFLUENCE": CONFLUENCE}

_PHASES = {
    ExportPhase.USERS_AND_GROUPS: "EXPORTING_USERS_AND_GROUPS",
    ExportPhase.CONFIGURATION: "EXPORTING_CONTENT",
    ExportPhase.CONTENT: "EXPORTING_CONTENT",
    **dict.fromkeys(
        (
            ExportPhase.LISTING_AGAIN,
            ExportPhase.CLOSING,
            ExportPhase.CLOSING_AGAIN,
            ExportPhase.COUNTING,
        ),
        "EXPORTING_CONTENT",
    ),
    ExportPhase.ATTACHMENTS: "EXPORTING_ATTACHMENTS",
}


UNITS_PER_READER = 4
"""Units claimed for each one that reads: the others wait until what they read is durable."""


@dataclass(frozen=True)
class Tools:
    """What every run needs."""

    database: Database
    vault: Vault
    secrets: SecretBox
    clock: Clock
    readers: int = 8
    """Units of one backup that read from the site side by side."""


class BackupRun:
    """A backup that is being worked on."""

    finishing_phase = "SEALING"

    def __init__(
        self,
        tools: Tools,
        operation: Operation,
        backup: AnyRow,
        site: SiteClient,
        session: BackupSession,
    ) -> None:
        self._tools = tools
        self._operation = operation
        self._backup = backup
        self._site = site
        self._session = session
        self._exporter = EXPORTERS[backup.product_type]
        self._options = ExportOptions(operation.arguments["include_attachments"])
        self._readers = asyncio.Semaphore(tools.readers)

    @property
    def request_count(self) -> int:
        """Requests sent to the site since it was opened."""
        return self._site.request_count

    @property
    def trouble(self) -> str:
        """Why the site does not answer at the moment."""
        return self._site.trouble

    def phase_name(self, phase: int) -> str:
        """The phase of the contract."""
        return _PHASES[ExportPhase(phase)]

    def initial_units(self) -> Sequence[UnitPlan]:
        """The exporter's first units."""
        return self._exporter.initial_units

    async def run_unit(self, unit: ClaimedUnit) -> UnitOutcome:
        """One attempt: what the exporter reads is durable in the vault when this returns."""
        async with self._readers:
            export = self._export(unit)
            await self._exporter.run[unit.plan.kind](export)
        # The next unit reads while this one waits for the disk.
        pages = await export.records.finish()
        result: dict[str, Any] = {"pages": [page.to_json() for page in pages]}
        if export.note is not None:
            result["note"] = export.note
        if export.superseded.entries:
            result["superseded"] = export.superseded.entries
        return UnitOutcome(export.tally, export.spawned, result, export.superseded.findings)

    def _export(self, unit: ClaimedUnit) -> ExportUnit:
        return ExportUnit(
            unit.plan,
            unit.attempt,
            self._site.telling(partial(self._note_replaced, unit.tally)),
            self._session.unit(unit.plan.key),
            self._options,
            earlier=self,
            running_for=self._tools.clock.now() - self._backup.create_time,
            tally=unit.tally,
        )

    def _note_replaced(self, tally: Tally, request: str, count: int) -> None:
        kind = failures.content_kind(self._backup.product_type)
        message = f"{count} halves of characters, which no encoding has, are kept as U+FFFD."
        tally.remark(kind, request, "HALF_CHARACTERS", message, count=count)

    async def notes(self, prefix: str) -> AsyncIterator[tuple[str, Any]]:
        """What units of this backup have left for later ones: EarlierUnits."""
        database, operation = self._tools.database, self._operation.id
        async for key, result in journal.results(database, operation, prefix):
            if "note" in result:
                yield key, result["note"]

    async def unit_failed(self, unit: ClaimedUnit, error: Exception) -> UnitOutcome:
        """What a unit that is given up is missing: named, so that the backup is INCOMPLETE."""
        if failures.ends_operation(error):
            raise error
        tally = failures.given_up(unit, error, self._backup.product_type)
        return UnitOutcome(tally, (), {"pages": []})

    async def finish(self, progress: Progress) -> Completion:
        """Commits the manifest, once, and says what the backup became."""
        operation = self._operation
        header = await self._find() or await self._commit(await self._facts(progress))
        values = self._values(header, progress)
        self._log_end(header, progress)

        async def write(connection: AsyncConnection) -> None:
            await write_backup(connection, operation, values)

        return Completion(OperationState.SUCCEEDED, None, write)

    def _log_end(self, header: ManifestHeader, progress: Progress) -> None:
        totals = progress.counts.values()
        facts = {
            "backup": self._operation.resource_name,
            "state": header.state,
            "content_bytes": header.content_bytes,
            "new_bytes": header.new_bytes,
            "reused_files": sum(count.reused_files for count in totals),
            "reused_bytes": sum(count.reused_bytes for count in totals),
        }
        _log.info("a backup is in the vault", extra=facts)

    async def _find(self) -> ManifestHeader | None:
        product, backup = self._operation.product_uid, self._operation.resource_uid
        return await self._tools.vault.find_backup(product, backup)

    async def _commit(self, facts: ManifestFacts) -> ManifestHeader:
        """Writes the manifest while the lock is held for certain.

        Raises:
            LockLost: it is not; nothing was written.
            Unavailable: the vault does not answer; trying again is safe.
        """
        permit = guarded(self._tools.database, self._operation)
        try:
            committed = await self._session.commit(self._pages(), facts, permit)
        except CommitConflict:
            # An earlier incarnation of the operation was there first, under its own fence.
            header = await self._find()
            if header is None:
                raise
            return header
        except StoreUnavailable as error:
            raise failures.translate(error) from error
        except DATABASE_TROUBLE:
            await self._withdraw_if_lost()
            raise
        return committed.header

    async def _withdraw_if_lost(self) -> None:
        """The database may have ended the guard's transaction before the manifest was written."""
        async with self._tools.database.write() as connection:
            lost = await is_lost(connection, self._operation)
        if lost:
            await withdraw(self._tools.vault, self._operation)

    async def close(self) -> None:
        """Closes the site and gives the vault's lease back."""
        await self._site.close()
        await self._session.close()

    async def _pages(self) -> AsyncIterator[PageReference]:
        superseded = await self._superseded()
        async for unit_key, result in journal.results(self._tools.database, self._operation.id):
            gone = superseded.get(unit_key, {})
            for each in result["pages"]:
                page = PageReference.from_json(each)
                left = page.without(gone.get(page.kind, {}))
                if left is not None:
                    yield left

    async def _superseded(self) -> Mapping[str, Mapping[str, Mapping[str, int]]]:
        """By unit key and kind: the keys and sizes of the entries that no longer count."""
        found: dict[str, dict[str, dict[str, int]]] = {}
        database, operation = self._tools.database, self._operation.id
        async for _, result in journal.results(database, operation, CLOSING_KEYS):
            for unit_key, kinds in result.get("superseded", {}).items():
                for kind, keys in kinds.items():
                    found.setdefault(unit_key, {}).setdefault(kind, {}).update(keys)
        return found

    async def _facts(self, progress: Progress) -> ManifestFacts:
        now = self._tools.clock.now()
        details = await details_of(self._tools.database, self._operation, self._backup, progress)
        return ManifestFacts(
            started=self._backup.create_time,
            finished=now,
            expire_time=rules.expire_time(now, retention_of(self._operation)),
            state=final_state(progress),
            counts={kind: count.done for kind, count in progress.counts.items()},
            details=encode_details(details),
        )

    def _values(self, header: ManifestHeader, progress: Progress) -> dict[str, Any]:
        sizes = sum(count.size_bytes for count in progress.counts.values())
        return {
            "state": header.state,
            "final_state": header.state,
            "end_time": header.finished,
            "expire_time": header.expire_time,
            "size_bytes": sizes,
            "counts": counts.to_json(progress.counts),
            "issue_count": progress.issue_count,
            "archive_digest": header.merkle_root,
            "manifest_key": f"backups/{self._operation.product_uid}/{self._operation.resource_uid}",
            "etag": etags.new_etag(),
        }


def final_state(progress: Progress) -> str:
    """COMPLETE where everything that was listed is there and nothing was given up."""
    whole = all(_is_whole(count) for count in progress.counts.values())
    return "COMPLETE" if whole and not progress.error_count else "INCOMPLETE"


def _is_whole(count: Count) -> bool:
    return count.missing == 0 and count.done >= count.expected


async def withdraw(vault: Vault, operation: Operation) -> None:
    """Hides the manifest of an operation's backup, if there is one.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    with contextlib.suppress(BackupNotFound):
        await vault.expire(operation.product_uid, operation.resource_uid, "its operation failed")


def retention_of(operation: Operation) -> datetime.timedelta:
    """How long the backup of an operation is kept once it is complete."""
    return datetime.timedelta(seconds=operation.arguments["retention_seconds"])


async def write_backup(
    connection: AsyncConnection, operation: Operation, values: Mapping[str, Any]
) -> None:
    """Changes the backup that the operation makes."""
    table = schema.backup
    await connection.execute(
        update(table).where(table.c.uid == operation.resource_uid).values(**values)
    )
