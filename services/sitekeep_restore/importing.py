"""Running a restore: the importer's units, the hold on the backup, and how it all ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_restore import salvaging
from sitekeep_restore.backup_facts import backup_facts
from sitekeep_restore.holding import Hold
from sitekeep_restore.importers.confluence.importer import IMPORTER as CONFLUENCE
from sitekeep_restore.importers.jira.importer import IMPORTER as JIRA
from sitekeep_restore.importers.unit import Importer, ImportOptions, ImportPhase, ImportUnit
from sitekeep_restore.preflight import stored_packs
from sitekeep_restore.salvaging import Salvage
from sitekeep_restore.tools import Tools
from sitekeep_shared import failures, rules
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.clock import Clock
from sitekeep_shared.credentials import open_credentials
from sitekeep_shared.database import schema
from sitekeep_shared.errors import Conflict, Damaged, PreconditionFailed, SitekeepError
from sitekeep_shared.facts import AnyRow
from sitekeep_shared.rpc import etags
from sitekeep_shared.rpc.messages import stored_status
from sitekeep_shared.rpc.status import to_status
from sitekeep_shared.vault.errors import DamagedObject
from sitekeep_shared.vault.names import split_backup_name
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.work import counts
from sitekeep_shared.work.identities import DatabaseIdentities
from sitekeep_shared.work.port import Completion
from sitekeep_shared.work.records import (
    ClaimedUnit,
    Operation,
    OperationState,
    Progress,
    UnitOutcome,
)
from sitekeep_shared.work.unit import UnitPlan

IMPORTERS: Mapping[str, Importer] = {"JIRA": JIRA, "CONFLUENCE": CONFLUENCE}

_PHASES = {
    ImportPhase.SALVAGE: "CHECKING",
    ImportPhase.USERS_AND_GROUPS: "RESTORING_USERS_AND_GROUPS",
    ImportPhase.CONFIGURATION: "RESTORING_CONTENT",
    ImportPhase.SCHEMES: "RESTORING_CONTENT",
    ImportPhase.CONTAINERS: "RESTORING_CONTENT",
    ImportPhase.SETTINGS: "RESTORING_CONTENT",
    ImportPhase.CONTENT: "RESTORING_CONTENT",
    ImportPhase.ATTACHMENTS: "RESTORING_ATTACHMENTS",
    ImportPhase.DETAILS: "RESTORING_CONTENT",
    ImportPhase.RELATIONS: "RESTORING_CONTENT",
    ImportPhase.PLANNING: "RESTORING_CONTENT",
    ImportPhase.CLEAN_UP: "RESTORING_CONTENT",
    ImportPhase.ARCHIVING: "RESTORING_CONTENT",
    ImportPhase.OPENING: "RESTORING_CONTENT",
    ImportPhase.CLOSING: "RESTORING_CONTENT",
}


class RestoreHandler:
    """Opens the runs of the Restore service and says how they end."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def open(self, operation: Operation) -> RestoreRun:
        """Holds the backup, opens it and the site.

        Raises:
            PreconditionFailed: the product is gone, or the backup expired.
            Damaged: the backup is damaged, and it is not to be salvaged.
            VaultError: the vault does not answer.
        """
        restore, product = await self._rows(operation)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(
                Hold(self._tools.backups, restore.backup_name, operation.resource_name)
            )
            source, backup_id = split_backup_name(operation.arguments["manifest_key"])
            await self._refuse_damaged(operation, restore)
            reader = await self._tools.vault.open_backup(source, backup_id)
            stack.push_async_callback(reader.close)
            site = await stack.enter_async_context(
                SiteClient(
                    product.site_uri,
                    open_credentials(self._tools.secrets, product),
                    clock=self._tools.clock,
                )
            )
            return RestoreRun(self._tools, operation, product, site, reader, stack.pop_all())

    async def _refuse_damaged(self, operation: Operation, restore: AnyRow) -> None:
        """Asks the rule again: what it said when the restore was created may be long ago."""
        packs = await stored_packs(self._tools.vault, operation.arguments["manifest_key"])
        backup = await self._tools.backups.get(restore.backup_name)
        judged = rules.backup_is_sound(backup_facts(backup), packs, _options(operation).salvage)
        if judged.error is not None:
            raise judged.error

    async def _rows(self, operation: Operation) -> tuple[AnyRow, AnyRow]:
        async with self._tools.database.read() as connection:
            table, products = schema.restore, schema.product
            statement = select(table).where(table.c.uid == operation.resource_uid)
            restore = (await connection.execute(statement)).one()
            wanted = select(products).where(products.c.uid == operation.product_uid)
            product = (await connection.execute(wanted)).first()
        if product is None:
            raise PreconditionFailed(
                "PRODUCT_NOT_IN_ORGANIZATION",
                f"{restore.product_name} was removed while it was restored to.",
            )
        return restore, product

    def retryable(self, error: Exception) -> bool:
        """Whether another attempt may help."""
        return failures.is_retryable(error)

    async def failed(
        self, operation: Operation, error: Exception, progress: Progress
    ) -> Completion:
        """The restore ends FAILED; what it wrote stays on the site."""
        translated = failures.translate(error)
        return self._unfinished(operation, OperationState.FAILED, translated, progress)

    async def cancelled(self, operation: Operation, progress: Progress) -> Completion:
        """The restore ends CANCELLED; what it wrote stays on the site."""
        error = Conflict(
            "OPERATION_CANCELLED",
            f"{operation.resource_name} was cancelled. What it wrote by then is on the site; "
            "empty it before the next restore.",
            {"resource": operation.resource_name},
        )
        return self._unfinished(operation, OperationState.CANCELLED, error, progress)

    def _unfinished(
        self, operation: Operation, ended: OperationState, error: SitekeepError, progress: Progress
    ) -> Completion:
        status = stored_status(to_status(error))
        values = end_values(self._tools.clock, ended.value, progress) | {"error": status}
        return Completion(ended, status, _writer(operation, values))


def _met(error: DamagedObject) -> Damaged:
    """Damage that nobody had found before the restore met it."""
    what = f" The restore met it in {error.entry} and ended there." if error.entry else ""
    return Damaged(
        "ARCHIVE_CORRUPT",
        f"{error}{what} Restore another backup, or empty the destination and restore this one "
        "with `salvage`: what can be read comes back, what is lost is named.",
        {"object": error.object_name, "entity": error.entry},
    )


def _options(operation: Operation) -> ImportOptions:
    # Operations that began before there was such an option do without it.
    return ImportOptions(
        skip_users_and_groups=operation.arguments["skip_users_and_groups"],
        skip_attachments=operation.arguments.get("skip_attachments", False),
        salvage=operation.arguments.get("salvage", False),
    )


def end_values(clock: Clock, state: str, progress: Progress) -> dict[str, Any]:
    """What a restore's row says at its end."""
    return {
        "state": state,
        "end_time": clock.now(),
        "counts": counts.to_json(progress.counts),
        "issue_count": progress.issue_count,
        "etag": etags.new_etag(),
    }


def _writer(operation: Operation, values: Mapping[str, Any]) -> Any:
    async def write(connection: AsyncConnection) -> None:
        table = schema.restore
        await connection.execute(
            update(table).where(table.c.uid == operation.resource_uid).values(**values)
        )

    return write


class RestoreRun:
    """A restore that is being worked on."""

    finishing_phase = "VERIFYING"

    def __init__(
        self,
        tools: Tools,
        operation: Operation,
        product: AnyRow,
        site: SiteClient,
        backup: BackupReader,
        stack: AsyncExitStack,
    ) -> None:
        self._tools = tools
        self._operation = operation
        self._site = site
        self._backup = backup
        self._stack = stack
        self._product_type = product.type
        self._importer = IMPORTERS[product.type]
        self._options = _options(operation)
        self._identities = DatabaseIdentities(tools.database, operation)
        self._salvage = Salvage(tools.database, operation.id, backup, product.type, self._options)

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
        return _PHASES[ImportPhase(phase)]

    def initial_units(self) -> Sequence[UnitPlan]:
        """The importer's first units; of a damaged backup those before them that read it."""
        units = self._importer.initial_units
        return [salvaging.PLAN, *units] if self._options.salvage else units

    async def run_unit(self, unit: ClaimedUnit) -> UnitOutcome:
        """One attempt: what it writes carries marks by which a later attempt knows it again."""
        if self._salvage.runs(unit):
            return await self._salvage.run(unit)
        work = ImportUnit(
            unit.plan,
            unit.attempt,
            self._site,
            await self._readable(),
            self._identities,
            self._options,
            unit.tally,
        )
        await self._importer.run[unit.plan.kind](work)
        return UnitOutcome(work.tally, work.spawned)

    async def _readable(self) -> BackupReader:
        return await self._salvage.readable() if self._options.salvage else self._backup

    async def unit_failed(self, unit: ClaimedUnit, error: Exception) -> UnitOutcome:
        """What a unit that is given up did not bring back: named, so that it ends INCOMPLETE."""
        if isinstance(error, DamagedObject):
            raise _met(error) from error
        if failures.ends_operation(error):
            raise error
        tally = failures.given_up(unit, error, self._product_type)
        return UnitOutcome(tally)

    async def finish(self, progress: Progress) -> Completion:
        """Says what the restore became."""
        # What cannot come back at all is counted as missing too, but it is declared, no error.
        state = "INCOMPLETE" if progress.error_count else "COMPLETE"
        values = end_values(self._tools.clock, state, progress)
        return Completion(OperationState.SUCCEEDED, None, _writer(self._operation, values))

    async def close(self) -> None:
        """Closes the site and the backup, and releases the hold."""
        await self._stack.aclose()
