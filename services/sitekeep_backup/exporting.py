"""Running a backup: the exporter's units, the vault's session, and how it all ends."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_backup.apps import note_apps
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
from sitekeep_shared.atlassian.greeting import greet
from sitekeep_shared.catalog.collecting import details_of
from sitekeep_shared.catalog.details import encode_details
from sitekeep_shared.clock import Clock
from sitekeep_shared.credentials import open_credentials
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import Conflict, PreconditionFailed, SitekeepError
from sitekeep_shared.facts import AnyRow
from sitekeep_shared.locks import LockLost
from sitekeep_shared.rpc import etags
from sitekeep_shared.rpc.messages import stored_status
from sitekeep_shared.rpc.status import to_status
from sitekeep_shared.secrets import SecretBox
from sitekeep_shared.vault.errors import (
    BackupNotFound,
    CommitConflict,
    StoreUnavailable,
    VaultError,
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


class BackupHandler:
    """Opens the runs of the Backup service and says how they end."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def open(self, operation: Operation) -> BackupRun:
        """Opens the site and a session of the vault.

        Raises:
            PreconditionFailed: the product is gone or has no credentials.
        """
        backup, product = await self._rows(operation)
        credentials = open_credentials(self._tools.secrets, product)
        if not operation.progress.unit_count:
            # Once a backup has begun, it waits for hours for a site that is away.
            await greet(product.site_uri, product.type, credentials, self._tools.clock)
            if product.type == "JIRA":
                await note_apps(self._tools.database, product, credentials, self._tools.clock)
        site = SiteClient(product.site_uri, credentials, clock=self._tools.clock)
        session = await self._tools.vault.begin_backup(
            operation.resource_uid,
            site=operation.product_uid,
            fence=operation.fence or 0,
            address=product.site_uri,
            keeping=_retention(operation),
        )
        await site.__aenter__()
        return BackupRun(self._tools, operation, backup, site, session)

    async def _rows(self, operation: Operation) -> tuple[AnyRow, AnyRow]:
        async with self._tools.database.read() as connection:
            table = schema.backup
            statement = select(table).where(table.c.uid == operation.resource_uid)
            backup = (await connection.execute(statement)).one()
            products = schema.product
            wanted = select(products).where(products.c.uid == operation.product_uid)
            product = (await connection.execute(wanted)).first()
        if product is None:
            raise PreconditionFailed(
                "PRODUCT_NOT_IN_ORGANIZATION",
                f"{backup.product_name} was removed while its backup ran.",
            )
        return backup, product

    def retryable(self, error: Exception) -> bool:
        """Whether another attempt may help; a session of the vault ends with its first failure."""
        return failures.is_retryable(error) and not isinstance(error, VaultError)

    async def failed(
        self, operation: Operation, error: Exception, progress: Progress
    ) -> Completion:
        """The backup ends FAILED; nothing of it is visible in the vault."""
        await self._withdraw(operation, error)
        status = stored_status(to_status(failures.translate(error)))
        return self._unfinished(operation, "FAILED", OperationState.FAILED, status, progress)

    async def cancelled(self, operation: Operation, progress: Progress) -> Completion:
        """The backup ends CANCELLED; nothing of it is visible in the vault."""
        status = stored_status(to_status(cancelled_error(operation)))
        return self._unfinished(operation, "CANCELLED", OperationState.CANCELLED, status, progress)

    async def _withdraw(self, operation: Operation, error: Exception) -> None:
        """Hides the manifest of a backup that fails between its commit and its end."""
        try:
            await withdraw(self._tools.vault, operation)
        except StoreUnavailable as trouble:
            if isinstance(error, LockLost):
                raise
            # As a rule it is what the backup fails for, and there is no manifest.
            _log.warning("whether %s has a manifest is not known: %s", operation.id, trouble)

    def _unfinished(
        self,
        operation: Operation,
        state: str,
        ended: OperationState,
        status: dict[str, Any],
        progress: Progress,
    ) -> Completion:
        values = {
            "state": state,
            "final_state": state,
            "end_time": self._tools.clock.now(),
            "error": status,
            "counts": counts.to_json(progress.counts),
            "issue_count": progress.issue_count,
            "etag": etags.new_etag(),
        }

        async def write(connection: AsyncConnection) -> None:
            await write_backup(connection, operation, values)

        return Completion(ended, status, write)


async def withdraw(vault: Vault, operation: Operation) -> None:
    """Hides the manifest of an operation's backup, if there is one.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    with contextlib.suppress(BackupNotFound):
        await vault.expire(operation.product_uid, operation.resource_uid, "its operation failed")


def _retention(operation: Operation) -> datetime.timedelta:
    return datetime.timedelta(seconds=operation.arguments["retention_seconds"])


def cancelled_error(operation: Operation) -> SitekeepError:
    """The error that a cancelled operation carries."""
    return Conflict(
        "OPERATION_CANCELLED",
        f"The operation was cancelled. {operation.resource_name} stays as a record.",
        {"resource": operation.resource_name},
    )


async def write_backup(
    connection: AsyncConnection, operation: Operation, values: Mapping[str, Any]
) -> None:
    """Changes the backup that the operation makes."""
    table = schema.backup
    await connection.execute(
        update(table).where(table.c.uid == operation.resource_uid).values(**values)
    )


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
            expire_time=rules.expire_time(now, _retention(self._operation)),
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
