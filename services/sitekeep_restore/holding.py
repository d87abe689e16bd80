"""The hold on a backup for as long as it is read."""

from __future__ import annotations

import asyncio
import logging

from sitekeep_restore.backup_client import BackupClient
from sitekeep_shared.errors import SitekeepError

_log = logging.getLogger(__name__)
RENEW_SECONDS = 120.0


class Hold:
    """A hold on a backup that is renewed until it is released. An async context manager."""

    def __init__(self, backups: BackupClient, backup: str, holder: str) -> None:
        """``holder`` is the name of what reads it; the same holder's next hold renews this one."""
        self._backups = backups
        self._backup = backup
        self._holder = holder
        self._hold = ""
        self._renewal: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        """Takes it.

        Raises:
            PreconditionFailed: the backup expired.
            Unavailable: the Backup service does not answer.
        """
        self._hold = await self._backups.hold(self._backup, self._holder)
        self._renewal = asyncio.create_task(self._renew())

    async def __aexit__(self, *error: object) -> None:
        """Gives it back, unless the work is only put down; else it runs out by itself."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)
        if _is_put_down():
            return
        try:
            await self._backups.release(self._backup, self._hold)
        except SitekeepError as failure:
            _log.warning("a hold was left to run out", extra={"why": str(failure)})

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await self._backups.renew(self._backup, self._hold)
            except SitekeepError as failure:
                _log.warning("a hold could not be renewed", extra={"why": str(failure)})


def _is_put_down() -> bool:
    # Whoever goes on takes the hold again; without it, not after the expiry of the backup.
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
