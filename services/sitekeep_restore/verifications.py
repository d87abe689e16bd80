"""Verifications: started here, run by ``verifying``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from google.longrunning import operations_pb2
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep.backup.v1 import backup_pb2
from sitekeep.restore.v1 import restore_pb2 as pb
from sitekeep.type.v1 import verification_pb2
from sitekeep_restore.backup_client import BackupClient
from sitekeep_restore.backup_facts import backup_facts
from sitekeep_shared import facts, rules
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.decisions import decide_alone
from sitekeep_shared.database.engine import Database
from sitekeep_shared.rpc import messages, requests
from sitekeep_shared.rpc.interceptor import Context
from sitekeep_shared.rpc.names import identifier_of, invalid, organization_of, resource
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.work.records import UNFINISHED
from sitekeep_shared.work.start import StartedOperation, start_operation


class Verifications:
    """The method of RestoreService that verifies backups."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        backups: BackupClient,
        start: Callable[[str], Awaitable[None]],
        *,
        holder: str,
        lease_seconds: float,
    ) -> None:
        self._database = database
        self._clock = clock
        self._backups = backups
        self._start = start
        self._holder = holder
        self._lease_seconds = lease_seconds

    async def VerifyBackup(
        self, request: pb.VerifyBackupRequest, context: Context
    ) -> operations_pb2.Operation:
        """Starts to look a backup through; beside backups and restores."""
        level = _level(request.level)
        async with self._database.read() as connection:
            earlier = await requests.earlier_answer(connection, request, operations_pb2.Operation)
        if earlier is not None:
            return earlier
        backup = await self._backups.get(request.name)
        async with self._database.write() as connection:
            # Of equal calls at once, the first one decides; the others find its answer.
            await decide_alone(connection, schema.backup, backup.uid)
            earlier = await requests.earlier_answer(connection, request, operations_pb2.Operation)
            if earlier is not None:
                return earlier
            answer = await self._begin(connection, backup, level)
            await requests.keep_answer(connection, request, answer, self._clock.now())
        await self._start(identifier_of(answer.name))
        return answer

    async def begin(self, name: str, level: Level) -> operations_pb2.Operation:
        """Starts a verification that nobody asked for.

        Raises:
            SitekeepError: a rule refuses it, or the Backup service does not answer.
        """
        backup = await self._backups.get(name)
        async with self._database.write() as connection:
            await decide_alone(connection, schema.backup, backup.uid)
            answer = await self._begin(connection, backup, level)
        await self._start(identifier_of(answer.name))
        return answer

    async def _begin(
        self, connection: AsyncConnection, backup: backup_pb2.Backup, level: Level
    ) -> operations_pb2.Operation:
        await self._judge(connection, backup)
        operation = await start_operation(
            connection,
            StartedOperation(
                organization=organization_of(backup.name),
                kind="verification",
                resource_uid=backup.uid,
                resource_name=backup.name,
                product_uid=backup.uid,
                arguments={"manifest_key": backup.manifest_key, "level": level.name},
                service="restore",
            ),
            now=self._clock.now(),
            holder=self._holder,
            lease_seconds=self._lease_seconds,
        )
        return messages.operation(await facts.operation_row(connection, operation.id), None)

    async def _judge(self, connection: AsyncConnection, backup: backup_pb2.Backup) -> None:
        judged = backup_facts(backup)
        running = await _unfinished(connection, backup)
        refusal = rules.backup_is_readable(
            judged, self._clock.now()
        ) or rules.backup_is_not_being_verified(judged, running)
        if refusal is not None:
            raise refusal


def _level(asked: verification_pb2.Verification.Level.ValueType) -> Level:
    """The level that a request asks for.

    Raises:
        InvalidRequest: no operation looks that way.
    """
    if asked == verification_pb2.Verification.DRILL:
        raise invalid(
            "level",
            "is DRILL, which no server makes: `sitekeep vault drill` does, where the vault is.",
        )
    return Level(asked or Level.DATA)


async def _unfinished(
    connection: AsyncConnection, backup: backup_pb2.Backup
) -> rules.LockFacts | None:
    """The verification of the backup that has not ended: it locks the backup, no product."""
    table = schema.operation
    statement = select(table).where(
        table.c.product_uid == backup.uid, table.c.state.in_(UNFINISHED)
    )
    row = (await connection.execute(statement)).first()
    if row is None:
        return None
    name = resource(row.organization, "operations", row.id)
    return rules.LockFacts(row.kind, name, row.service, None)
