"""Expiry: a backup whose time is over can be restored no more, and gives its data up."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, exists, false, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.decisions import decide_alone
from sitekeep_shared.database.engine import Database
from sitekeep_shared.facts import AnyRow, is_last_complete
from sitekeep_shared.rpc import etags
from sitekeep_shared.rules import Profile
from sitekeep_shared.vault.errors import BackupNotFound, VaultError
from sitekeep_shared.vault.vault import Vault
from sitekeep_shared.work.recurring import Recurring

_log = logging.getLogger(__name__)
SWEEP_SECONDS = 60.0
_UNFINISHED = ("FAILED", "CANCELLED")

_backup, _hold = schema.backup.c, schema.hold.c


class Expiry(Recurring):
    """Looks for backups whose time is over, once a minute.

    The rules refuse an expired backup at its very instant, whenever this looks.
    """

    pause_seconds = SWEEP_SECONDS
    begins_at_once = True

    def __init__(self, database: Database, vault: Vault, clock: Clock, profile: Profile) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._profile = profile

    async def once(self) -> None:
        """See sweep; a database that does not answer puts it off."""
        try:
            await self.sweep()
        except DBAPIError as error:
            _log.warning("the expiry of backups is put off", exc_info=error)

    async def sweep(self) -> int:
        """Expires what is over, and gives up the data of what nobody reads any more.

        Returns how many backups expired. Whatever it was interrupted in, the next one goes on.
        """
        expired = await self._expire()
        for row in await self._unreleased():
            try:
                await self._release(row.uid)
            except VaultError as error:
                _log.warning("a backup keeps its data for now: %s", error, extra={"backup": row.id})
        return expired

    async def _expire(self) -> int:
        """Also those that are held: whoever reads one goes on, nobody else begins."""
        kept = is_last_complete() if self._profile.keeps_last_complete else false()
        over = _backup.expire_time <= self._clock.now()
        statement = (
            update(schema.backup)
            .where(_backup.state.in_(("COMPLETE", "INCOMPLETE")), over, ~kept)
            .values(state="EXPIRED", etag=etags.new_etag())
            .returning(_backup.id, _backup.product_name)
        )
        async with self._database.write() as connection:
            rows = (await connection.execute(statement)).all()
        for row in rows:
            _log.info("a backup expired", extra={"backup": row.id, "product": row.product_name})
        return len(rows)

    async def _unreleased(self) -> Sequence[AnyRow]:
        over = _backup.state.in_(("EXPIRED", *_UNFINISHED))
        statement = select(schema.backup).where(
            over, _backup.release_time.is_(None), ~_is_held(self._clock.now())
        )
        async with self._database.read() as connection:
            return (await connection.execute(statement)).all()

    async def _release(self, uid: str) -> None:
        # The row is kept while the vault is told, so that no hold is renewed in between.
        async with self._database.write() as connection:
            await decide_alone(connection, schema.backup, uid)
            now = self._clock.now()
            row = await _row_to_release(connection, uid, now)
            if row is None:
                return
            await self._give_up(row)
            await connection.execute(delete(schema.hold).where(_hold.backup_uid == uid))
            await connection.execute(
                update(schema.backup).where(_backup.uid == uid).values(release_time=now)
            )

    async def _give_up(self, row: AnyRow) -> None:
        if row.final_state in _UNFINISHED:
            # Its commit may still be on its way, from a process that was frozen: it comes too late.
            reason = f"it ended {row.final_state}"
            await self._vault.abandon(row.product_uid, row.uid, reason)
            return
        try:
            await self._vault.expire(row.product_uid, row.uid, "expired")
        except BackupNotFound:
            # Somebody removed it by hand.
            _log.warning("an expired backup was not in the vault", extra={"backup": row.id})


async def _row_to_release(
    connection: AsyncConnection, uid: str, now: datetime.datetime
) -> AnyRow | None:
    statement = select(schema.backup).where(
        _backup.uid == uid, _backup.release_time.is_(None), ~_is_held(now)
    )
    return (await connection.execute(statement)).first()


def _is_held(now: datetime.datetime) -> ColumnElement[bool]:
    return exists().where(_hold.backup_uid == _backup.uid, _hold.expire_time > now)
