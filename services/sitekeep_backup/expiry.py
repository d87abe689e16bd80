"""Expiry: a backup whose time is over can be restored no more."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from sitekeep_shared.clock import Clock
from sitekeep_shared.database import schema
from sitekeep_shared.database.engine import Database
from sitekeep_shared.facts import AnyRow
from sitekeep_shared.rpc import etags
from sitekeep_shared.rules import Profile
from sitekeep_shared.vault.errors import VaultError
from sitekeep_shared.vault.vault import Vault

_log = logging.getLogger(__name__)
SWEEP_SECONDS = 60.0


class Expiry:
    """Looks for backups whose time is over, once a minute. An async context manager.

    The rules refuse an expired backup at its very instant, whenever this looks.
    """

    def __init__(self, database: Database, vault: Vault, clock: Clock, profile: Profile) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._profile = profile
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Expiry:
        """Starts to look."""
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *error: object) -> None:
        """Stops to look."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                await self.sweep()
            except (DBAPIError, VaultError) as error:
                _log.warning("the expiry of backups is put off", exc_info=error)
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> int:
        """Expires what is over; returns how many that were."""
        async with self._database.read() as connection:
            rows = await self._over(connection)
        for row in rows:
            await self._vault.expire(row.product_uid, row.uid, "retention")
            async with self._database.write() as connection:
                table = schema.backup
                await connection.execute(
                    update(table)
                    .where(table.c.uid == row.uid)
                    .values(state="EXPIRED", etag=etags.new_etag())
                )
            _log.info("a backup expired", extra={"backup": row.id, "product": row.product_name})
        return len(rows)

    async def _over(self, connection: AsyncConnection) -> list[AnyRow]:
        table, hold, now = schema.backup, schema.hold, self._clock.now()
        held = select(hold.c.backup_uid).where(hold.c.expire_time > now)
        statement = select(table).where(
            table.c.state.in_(("COMPLETE", "INCOMPLETE")),
            table.c.expire_time <= now,
            table.c.uid.not_in(held),
        )
        rows = list((await connection.execute(statement)).all())
        if not self._profile.keeps_last_complete:
            return rows
        newest = await self._newest_complete(connection)
        return [row for row in rows if row.create_time != newest.get(row.product_uid)]

    async def _newest_complete(self, connection: AsyncConnection) -> dict[str, object]:
        table = schema.backup
        statement = (
            select(table.c.product_uid, func.max(table.c.create_time).label("newest"))
            .where(table.c.state == "COMPLETE")
            .group_by(table.c.product_uid)
        )
        rows = (await connection.execute(statement)).all()
        return {row.product_uid: row.newest for row in rows}
