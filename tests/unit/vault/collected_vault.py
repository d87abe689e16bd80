"""A vault that is collected, its store and the clock of both."""

from __future__ import annotations

import dataclasses
import datetime

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.vault.collection_report import CollectionReport
from sitekeep_shared.vault.vault import Vault
from unit.vault.vault_helpers import (
    SITE,
    SMALL,
    START,
    Content,
    MemoryStore,
    issues,
    make_backup,
    open_vault,
    read_all,
)

SECOND = datetime.timedelta(seconds=1)
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

OLD = {"u1": issues(1, 40), "u2": issues(100, 40, text="only in the old one")}
NEW = {"u1": issues(1, 40), "u3": issues(200, 40, text="only in the new one")}

REUSING = dataclasses.replace(SMALL, sparse_pack_share=0.0)
"""New backups count on whatever packs there are."""


class World:
    """A vault, its store and the clock of both."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.clock = ManualClock(START)
        self.store = store if store is not None else MemoryStore()

    async def vault(self) -> Vault:
        return await open_vault(self.store, clock=self.clock, limits=REUSING)

    async def collect(self, after: datetime.timedelta = 0 * DAY) -> CollectionReport:
        self.clock.advance(after)
        return await (await self.vault()).collect()

    async def back_up(self, backup_id: str, units: dict[str, Content]) -> set[str]:
        """Returns the packs that it brought."""
        before = set(self.store.keys("packs/"))
        await make_backup(await self.vault(), backup_id, units)
        return set(self.store.keys("packs/")) - before

    async def expire(self, backup_id: str) -> None:
        await (await self.vault()).expire(SITE, backup_id, "its time is over")

    @property
    def packs(self) -> set[str]:
        return set(self.store.keys("packs/"))


def left(world: World) -> set[str]:
    """Which kinds of objects there are."""
    return {key.partition("/")[0] for key in world.store.objects}


async def all_of(world: World, backup_id: str) -> Content:
    return await read_all(await world.vault(), backup_id)


def merged_units(units: dict[str, Content]) -> Content:
    return Content(
        {key: value for unit in units.values() for key, value in unit.records.items()},
        {key: value for unit in units.values() for key, value in unit.files.items()},
    )
