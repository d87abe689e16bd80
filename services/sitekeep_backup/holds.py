"""Holds: a backup that is read keeps its data under its reader."""

from __future__ import annotations

import datetime
import uuid

from sqlalchemy import ColumnElement, delete, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep.backup.v1 import backup_pb2 as pb
from sitekeep_shared import facts, rules
from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.decisions import decide_alone
from sitekeep_shared.database.engine import Database
from sitekeep_shared.errors import NotFound
from sitekeep_shared.rpc import messages
from sitekeep_shared.rpc.interceptor import Context

HOLD_DURATION = datetime.timedelta(minutes=10)

_hold = schema.hold.c


class Holds:
    """The methods of BackupService about holds."""

    def __init__(self, database: Database, clock: Clock, profile: rules.Profile) -> None:
        self._database = database
        self._clock = clock
        self._profile = profile

    async def HoldBackup(
        self, request: pb.HoldBackupRequest, context: Context
    ) -> pb.HoldBackupResponse:
        """Keeps a backup readable; the same holder's second hold renews its first.

        A backup that expired is refused, but to the holder whose hold is still alive.
        """
        async with self._database.write() as connection:
            row = await self._decided_row(connection, request.name)
            now = self._clock.now()
            own = await _live_hold(connection, row.uid, now, _hold.holder == request.holder)
            if own is None:
                self._refuse_unreadable(row, now)
                identifier = await _insert(connection, row.uid, request.holder, now)
            else:
                identifier = own.id
                await _renew(connection, identifier, now)
            hold = _message(identifier, request.holder, now)
            return pb.HoldBackupResponse(
                hold=hold, backup=messages.shown_backup(row, self._profile)
            )

    async def RenewHold(
        self, request: pb.RenewHoldRequest, context: Context
    ) -> pb.RenewHoldResponse:
        """Keeps the backup readable for longer, also when it expired while it was held."""
        async with self._database.write() as connection:
            row = await self._decided_row(connection, request.name)
            now = self._clock.now()
            held = await _live_hold(connection, row.uid, now, _hold.id == request.hold_id)
            if held is None:
                raise _void(request.name, request.hold_id)
            await _renew(connection, request.hold_id, now)
        return pb.RenewHoldResponse(hold=_message(request.hold_id, held.holder, now))

    async def ReleaseHold(
        self, request: pb.ReleaseHoldRequest, context: Context
    ) -> pb.ReleaseHoldResponse:
        """Gives a hold back."""
        async with self._database.write() as connection:
            row = await facts.resource_row(connection, schema.backup, "Backup", request.name)
            await connection.execute(
                delete(schema.hold).where(_hold.backup_uid == row.uid, _hold.id == request.hold_id)
            )
        return pb.ReleaseHoldResponse()

    async def holder_of(self, connection: AsyncConnection, backup_uid: str) -> str | None:
        """Who reads the backup now; None where nobody does."""
        found = await _live_hold(connection, backup_uid, self._clock.now(), true())
        return None if found is None else found.holder

    async def _decided_row(self, connection: AsyncConnection, name: str) -> facts.AnyRow:
        found = await facts.resource_row(connection, schema.backup, "Backup", name)
        await decide_alone(connection, schema.backup, found.uid)
        return await facts.shown_backup_in(connection, name)

    def _refuse_unreadable(self, row: facts.AnyRow, now: datetime.datetime) -> None:
        backup = facts.shown_backup_facts(row, self._profile)
        refusal = rules.backup_is_readable(backup, now)
        if refusal is not None:
            raise refusal


async def _live_hold(
    connection: AsyncConnection, backup_uid: str, now: datetime.datetime, which: ColumnElement[bool]
) -> facts.AnyRow | None:
    statement = select(schema.hold).where(
        _hold.backup_uid == backup_uid, _hold.expire_time > now, which
    )
    return (await connection.execute(statement)).first()


async def _insert(
    connection: AsyncConnection, backup_uid: str, holder: str, now: datetime.datetime
) -> str:
    # One that ran out is void, so that whoever still has its id keeps nothing with it.
    void = (_hold.backup_uid == backup_uid) & (_hold.holder == holder)
    await connection.execute(delete(schema.hold).where(void))
    identifier = uuid.uuid4().hex
    await connection.execute(
        insert(schema.hold).values(
            id=identifier, backup_uid=backup_uid, holder=holder, expire_time=now + HOLD_DURATION
        )
    )
    return identifier


async def _renew(connection: AsyncConnection, identifier: str, now: datetime.datetime) -> None:
    await connection.execute(
        update(schema.hold).where(_hold.id == identifier).values(expire_time=now + HOLD_DURATION)
    )


def _void(name: str, hold: str) -> NotFound:
    return NotFound(
        "RESOURCE_NOT_FOUND",
        f"{name} has no hold {hold}, or it ran out: an expired hold is void. Hold the backup "
        "again, if it can still be restored.",
        {"name": name, "holdId": hold},
        resource=("sitekeep.dev/Backup", name),
    )


def _message(identifier: str, holder: str, now: datetime.datetime) -> pb.Hold:
    expires = messages.timestamp(now + HOLD_DURATION)
    return pb.Hold(hold_id=identifier, holder=holder, expire_time=expires)
