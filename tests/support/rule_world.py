"""The facts that the rules judge, written into the database, and the questions about them.

States that take long to reach, such as a failed backup, are written as rows; every rule is
asked through the real channels.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.rpc import code_pb2, error_details_pb2
from sqlalchemy import Table, delete, insert, select, update

from sitekeep.backup.v1 import backup_pb2
from sitekeep.restore.v1 import restore_pb2
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.work.records import Progress
from support.client import ORGANIZATION, Client, Refusal, details_of

DAY = datetime.timedelta(days=1)
MICROSECOND = datetime.timedelta(microseconds=1)
Finding = restore_pb2.CheckRestoreResponse.Finding

RESTORE_RULES = (
    "restore_scope_is_offered",
    "organization_is_enrolled",
    "product_encryption_is_supported",
    "backup_is_finished",
    "backup_is_not_expired",
    "backup_is_complete",
    "target_has_the_type_of_the_backup",
    "product_is_free",
    "last_restore_is_old_enough",
    "backup_is_sound",
    "target_is_empty",
)
"""In the order in which they are asked."""


@dataclass
class World:
    """An organization in a database that two servers serve, and the clock of both."""

    client: Client
    database: Database
    clock: ManualClock
    manifest_key: str | None = None
    """Of a backup that is in the vault: every row of a backup names it."""

    @property
    def now(self) -> datetime.datetime:
        """What both servers take the time to be."""
        return self.clock.now()

    async def product_uid(self, product: str) -> str:
        """The uid of a product, by its id."""
        statement = select(schema.product.c.uid).where(schema.product.c.id == product)
        async with self.database.read() as connection:
            return str((await connection.execute(statement)).scalar_one())

    async def backup(self, state: str = "COMPLETE", **values: Any) -> str:
        """A backup of the product ``jira``, written as a row; returns its name."""
        ended = state not in ("IN_PROGRESS",)
        product = values.pop("product", "jira")
        row: dict[str, Any] = {
            "uid": uuid.uuid4().hex,
            "organization": "acme",
            "id": uuid.uuid4().hex,
            "policy": f"{ORGANIZATION}/backupPolicies/weekly",
            "product_uid": await self.product_uid(product),
            "product_name": f"{ORGANIZATION}/products/{product}",
            "product_type": "JIRA",
            "state": state,
            "final_state": state if ended and state != "EXPIRED" else None,
            "create_time": self.now,
            "end_time": self.now if ended else None,
            "expire_time": self.now + 14 * DAY if state in ("COMPLETE", "INCOMPLETE") else None,
            "manifest_key": self.manifest_key if state in ("COMPLETE", "INCOMPLETE") else None,
            "operation": uuid.uuid4().hex,
            "etag": '"written"',
            **values,
        }
        await self._insert(schema.backup, row)
        return f"{ORGANIZATION}/backups/{row['id']}"

    async def verification(self, backup: str, level: Level = Level.DATA, **values: Any) -> None:
        """A verification that ended now, written as a row; sound unless told."""
        sound = values.pop("sound", True)
        row = {
            "backup_uid": await self.backup_uid(backup),
            "level": level.value,
            "sound": sound,
            "damage": not sound,
            "verify_time": self.now,
            **values,
        }
        await self._insert(schema.verification, row)

    async def restore(self, backup: str, state: str = "COMPLETE", **values: Any) -> str:
        """A restore of a backup to the product ``jira``, written as a row; returns its name."""
        product = values.pop("product", "jira")
        row: dict[str, Any] = {
            "uid": uuid.uuid4().hex,
            "organization": "acme",
            "id": uuid.uuid4().hex,
            "backup_uid": await self.backup_uid(backup),
            "backup_name": backup,
            "product_uid": await self.product_uid(product),
            "product_name": f"{ORGANIZATION}/products/{product}",
            "options": {},
            "state": state,
            "create_time": self.now,
            "operation": uuid.uuid4().hex,
            "etag": '"written"',
            **values,
        }
        await self._insert(schema.restore, row)
        return f"{ORGANIZATION}/restores/{row['id']}"

    async def operation(self, kind: str, **values: Any) -> str:
        """A running operation that holds the product ``jira`` for a minute; returns its name."""
        product, identifier = values.pop("product", "jira"), uuid.uuid4().hex
        uid = await self.product_uid(product)
        row: dict[str, Any] = {
            "id": identifier,
            "organization": "acme",
            "kind": kind,
            "resource_uid": uuid.uuid4().hex,
            "resource_name": f"{ORGANIZATION}/{kind}s/running",
            "product_uid": uid,
            "service": kind,
            "state": "RUNNING",
            "cancel_requested": False,
            "finishing": False,
            "phase": "QUEUED",
            "progress": Progress().to_json(),
            "create_time": self.now,
            "update_time": self.now,
            "revision": 1,
            "arguments": {},
            **values,
        }
        await self._insert(schema.operation, row)
        if row["state"] == "RUNNING" and kind != "verification":
            await self._insert(schema.operation_lock, _lock(uid, kind, identifier))
        return f"{ORGANIZATION}/operations/{identifier}"

    async def backup_uid(self, name: str) -> str:
        """The uid of a backup."""
        return str((await self.backup_row(name)).uid)

    async def backup_row(self, name: str) -> Any:
        """What the database holds of a backup."""
        table = schema.backup
        statement = select(table).where(table.c.id == name.split("/")[-1])
        async with self.database.read() as connection:
            return (await connection.execute(statement)).one()

    async def change_backup(self, name: str, **values: Any) -> None:
        """Writes something else into the row of a backup."""
        table = schema.backup
        statement = update(table).where(table.c.id == name.split("/")[-1]).values(**values)
        async with self.database.write() as connection:
            await connection.execute(statement)

    async def change(self, table: Table, **values: Any) -> None:
        """Writes something else into every row of a table."""
        async with self.database.write() as connection:
            await connection.execute(update(table).values(**values))

    async def forget(self) -> None:
        """Removes every backup, restore and operation."""
        tables = (schema.hold, schema.verification, schema.backup, schema.restore, schema.operation)
        async with self.database.write() as connection:
            for table in (*tables, schema.operation_lock, schema.request):
                await connection.execute(delete(table))

    async def _insert(self, table: Table, row: Mapping[str, Any]) -> None:
        async with self.database.write() as connection:
            await connection.execute(insert(table).values(**row))

    async def check(self, backup: str, product: str = "jira", **fields: Any) -> Check:
        """What CheckRestore says."""
        answer = await self.client.restores.CheckRestore(
            restore_pb2.CheckRestoreRequest(
                parent=ORGANIZATION, restore=_wanted(backup, product, fields)
            )
        )
        return Check(answer.allowed, {found.rule: found for found in answer.findings})

    async def refused_restore(self, backup: str, product: str = "jira", **fields: Any) -> Refusal:
        """How CreateRestore, its dry run and CheckRestore refuse a restore: all the same."""
        request = restore_pb2.CreateRestoreRequest(
            parent=ORGANIZATION, restore=_wanted(backup, product, fields)
        )
        refusal = await self.client.refusal(self.client.restores.CreateRestore(request))
        request.validate_only = True
        dry_run = await self.client.refusal(self.client.restores.CreateRestore(request))
        check = await self.check(backup, product, **fields)
        assert not check.allowed
        assert same(refusal) == same(dry_run) == same(check.first_refusal())
        return refusal

    async def allows_restore(self, backup: str, product: str = "jira", **fields: Any) -> bool:
        """Whether CheckRestore and the dry run let a restore pass: both or none."""
        check = await self.check(backup, product, **fields)
        if check.allowed:
            await self.client.restores.CreateRestore(
                restore_pb2.CreateRestoreRequest(
                    parent=ORGANIZATION,
                    restore=_wanted(backup, product, fields),
                    validate_only=True,
                )
            )
        return check.allowed

    async def refused_backup(self, policy: str) -> Refusal:
        """How CreateBackup and its dry run refuse a backup: both the same."""
        request = self.client.backup_request(policy)
        refusal = await self.client.refusal(self.client.backups.CreateBackup(request))
        request.validate_only = True
        dry_run = await self.client.refusal(self.client.backups.CreateBackup(request))
        assert same(refusal) == same(dry_run)
        return refusal

    async def allow_backup(self, policy: str) -> None:
        """Fails unless the dry run of CreateBackup lets a backup pass."""
        request = self.client.backup_request(policy, validate_only=True)
        assert (await self.client.backups.CreateBackup(request)).done

    async def shown(self, name: str) -> backup_pb2.Backup:
        """What GetBackup shows."""
        shown = await self.client.backups.GetBackup(backup_pb2.GetBackupRequest(name=name))
        assert isinstance(shown, backup_pb2.Backup)
        return shown


def same(refusal: Refusal) -> tuple[object, ...]:
    """All of a refusal but the lease that a server at work renews meanwhile."""
    metadata = dict(refusal.metadata)
    metadata.pop("leaseExpireTime", None)
    details = [
        item for item in refusal.details if not isinstance(item, error_details_pb2.ErrorInfo)
    ]
    return refusal.code, refusal.reason, refusal.message, metadata, details


@dataclass(frozen=True)
class Check:
    """The answer of CheckRestore."""

    allowed: bool
    findings: Mapping[str, Any]
    """By rule, in their order."""

    def outcome(self, rule: str) -> str:
        """PASSED, WARNED or BLOCKED."""
        return Finding.Outcome.Name(self.findings[rule].outcome)

    def first_refusal(self) -> Refusal:
        """The status of the first rule that blocks."""
        blocked = next(
            found for found in self.findings.values() if found.outcome == Finding.BLOCKED
        )
        details = details_of(blocked.status)
        info = next(item for item in details if isinstance(item, error_details_pb2.ErrorInfo))
        code = code_pb2.Code.Name(blocked.status.code)
        return Refusal(code, info.reason, blocked.status.message, dict(info.metadata), details)


def _wanted(backup: str, product: str, fields: Mapping[str, Any]) -> restore_pb2.Restore:
    name = f"{ORGANIZATION}/products/{product}"
    return restore_pb2.Restore(backup=backup, product=name, **fields)


def _lock(product_uid: str, kind: str, operation: str) -> dict[str, Any]:
    # Leases are in the time of the database, which no test moves.
    now = int(datetime.datetime.now(datetime.UTC).timestamp() * 1000)
    return {
        "product": product_uid,
        "fence": 1,
        "holder": "another server",
        "kind": kind,
        "operation": operation,
        "acquired_at_ms": now,
        "renewed_at_ms": now,
        "lease_until_ms": now + 60_000,
    }
