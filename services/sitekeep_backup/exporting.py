"""Running a backup: the exporter's units, the vault's session, and how it all ends."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_backup.apps import note_apps
from sitekeep_backup.backup_run import BackupRun, Tools, retention_of, withdraw, write_backup
from sitekeep_shared import failures
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.greeting import greet
from sitekeep_shared.credentials import open_credentials
from sitekeep_shared.database import schema
from sitekeep_shared.errors import Conflict, PreconditionFailed, SitekeepError
from sitekeep_shared.facts import AnyRow
from sitekeep_shared.locks import LockLost
from sitekeep_shared.rpc import etags
from sitekeep_shared.rpc.messages import stored_status
from sitekeep_shared.rpc.status import to_status
from sitekeep_shared.vault.errors import (
    StoreUnavailable,
    VaultError,
)
from sitekeep_shared.work import counts
from sitekeep_shared.work.port import Completion
from sitekeep_shared.work.records import (
    Operation,
    OperationState,
    Progress,
)

_log = logging.getLogger(__name__)


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
            keeping=retention_of(operation),
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


def cancelled_error(operation: Operation) -> SitekeepError:
    """The error that a cancelled operation carries."""
    return Conflict(
        "OPERATION_CANCELLED",
        f"The operation was cancelled. {operation.resource_name} stays as a record.",
        {"resource": operation.resource_name},
    )
