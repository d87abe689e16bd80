"""Collection in the background: once an hour the vault gives back what no backup needs."""

from __future__ import annotations

import dataclasses
import logging

from sitekeep_shared.vault.collection_report import CollectionReport
from sitekeep_shared.vault.errors import VaultError
from sitekeep_shared.vault.vault import Vault
from sitekeep_shared.work.recurring import Recurring

_log = logging.getLogger(__name__)
COLLECT_SECONDS = 3600.0


class Collecting(Recurring):
    """Collects once an hour."""

    pause_seconds = COLLECT_SECONDS

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def once(self) -> None:
        """See collect."""
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
