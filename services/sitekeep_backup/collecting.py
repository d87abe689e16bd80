"""Collection in the background: once an hour the vault gives back what no backup needs."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from contextlib import suppress

from sitekeep_shared.vault.collection_report import CollectionReport
from sitekeep_shared.vault.errors import VaultError
from sitekeep_shared.vault.vault import Vault

_log = logging.getLogger(__name__)
COLLECT_SECONDS = 3600.0


class Collecting:
    """Collects once an hour. An async context manager.

    The first time after an hour too: until then, what the server was ended in has resumed.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Collecting:
        """Starts to wait."""
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *error: object) -> None:
        """Stops, also in the middle: the next collection goes on there."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(COLLECT_SECONDS)
            await self.collect()

    async def collect(self) -> CollectionReport | None:
        """Collects once; None where the vault did not let it, which is logged."""
        try:
            report = await self._vault.collect()
        except VaultError as error:
            _log.warning("the collection of the vault is put off: %s", error)
            return None
        _log.info("the vault was collected", extra=_figures(report))
        return report


def _figures(report: CollectionReport) -> dict[str, int]:
    figures = dataclasses.asdict(report)
    return {name: value for name, value in figures.items() if isinstance(value, int)}
