"""Holds: a backup that is read does not expire under its reader."""

from __future__ import annotations

import datetime
import uuid

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep.backup.v1 import backup_pb2 as pb
from sitekeep_shared import facts
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import NotFound, PreconditionFailed, Violation
from sitekeep_shared.rpc import messages
from sitekeep_shared.rpc.interceptor import Context

HOLD_DURATION = datetime.timedelta(minutes=10)


class Holds:
    """The methods of BackupService about holds."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def HoldBackup(
        self, request: pb.HoldBackupRequest, context: Context
    ) -> pb.HoldBackupResponse:
        """Keeps a backup readable; the same holder's second hold renews its first."""
        table = schema.hold
        expires = self._clock.now() + HOLD_DURATION
        async with self._database.write() as connection:
            row = await facts.resource_row(connection, schema.backup, "Backup", request.name)
            _refuse_expired(row, request.name)
            mine = (table.c.backup_uid == row.uid) & (table.c.holder == request.holder)
            found = (await connection.execute(select(table.c.id).where(mine))).scalar()
            identifier = found or uuid.uuid4().hex
            if found:
                await connection.execute(update(table).where(mine).values(expire_time=expires))
            else:
                await connection.execute(
                    insert(table).values(
                        id=identifier,
                        backup_uid=row.uid,
                        holder=request.holder,
                        expire_time=expires,
                    )
                )
            hold = _message(identifier, request.holder, expires)
            return pb.HoldBackupResponse(hold=hold, backup=messages.backup(row))

    async def RenewHold(
        self, request: pb.RenewHoldRequest, context: Context
    ) -> pb.RenewHoldResponse:
        """Keeps the backup readable for longer."""
        table = schema.hold
        expires = self._clock.now() + HOLD_DURATION
        async with self._database.write() as connection:
            row = await facts.resource_row(connection, schema.backup, "Backup", request.name)
            mine = (table.c.backup_uid == row.uid) & (table.c.id == request.hold_id)
            holder = (await connection.execute(select(table.c.holder).where(mine))).scalar()
            if holder is None:
                raise NotFound(
                    "RESOURCE_NOT_FOUND",
                    f"{request.name} has no hold {request.hold_id}. Hold the backup again.",
                    {"name": request.name, "holdId": request.hold_id},
                )
            await connection.execute(update(table).where(mine).values(expire_time=expires))
        return pb.RenewHoldResponse(hold=_message(request.hold_id, holder, expires))

    async def ReleaseHold(
        self, request: pb.ReleaseHoldRequest, context: Context
    ) -> pb.ReleaseHoldResponse:
        """Gives a hold back."""
        table = schema.hold
        async with self._database.write() as connection:
            row = await facts.resource_row(connection, schema.backup, "Backup", request.name)
            await connection.execute(
                delete(table).where(table.c.backup_uid == row.uid, table.c.id == request.hold_id)
            )
        return pb.ReleaseHoldResponse()

    async def holder_of(self, connection: AsyncConnection, backup_uid: str) -> str | None:
        """Who reads the backup now; None where nobody does."""
        table = schema.hold
        statement = select(table.c.holder).where(
            table.c.backup_uid == backup_uid, table.c.expire_time > self._clock.now()
        )
        return (await connection.execute(statement)).scalar()


def _refuse_expired(row: facts.AnyRow, name: str) -> None:
    if row.state == "EXPIRED":
        raise PreconditionFailed(
            "BACKUP_EXPIRED",
            f"{name} expired; it cannot be read any more.",
            {"backup": name},
            [Violation("EXPIRED", name, "the backup expired")],
        )


def _message(identifier: str, holder: str, expires: datetime.datetime) -> pb.Hold:
    return pb.Hold(hold_id=identifier, holder=holder, expire_time=messages.timestamp(expires))
