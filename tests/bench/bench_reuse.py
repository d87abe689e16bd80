"""What leaving sparse packs behind saves: a vault under daily backups, each with a little change.

``PYTHONPATH=tests python tests/bench/bench_reuse.py --days 120``. Each day one percent of the
issues changes, backups are kept for 14 days, and what no kept backup needs is removed at once. A
row per share: a pack is written anew once the newest backup needs less than that of it; 0: never.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bench.bench_vault import issues, put_all
from sitekeep_shared.clock import ManualClock
from sitekeep_shared.vault import names
from sitekeep_shared.vault.keys import VaultKeys
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.manifest_store import read_header_and_packs
from sitekeep_shared.vault.repository import open_repository
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.vault import Vault
from unit.vault.vault_helpers import MemoryStore

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
KEPT = 14
CHANGED = 0.01


@dataclass
class Year:
    """What a vault took, day by day."""

    stored: list[float] = field(default_factory=list[float])
    written: list[float] = field(default_factory=list[float])
    unchanged: list[float] = field(default_factory=list[float])
    """What backups after the last day write when nothing changes any more."""


async def simulate(records: Sequence[bytes], days: int, share: float) -> Year:
    """Daily backups of records of which a few change."""
    clock, store, chance = ManualClock(START), MemoryStore(), random.Random(3)
    keys = VaultKeys.derive(bytes(range(32)), bytes(range(32, 64)))
    limits = replace(Limits(), sparse_pack_share=share, checkpoint_linger_seconds=0.001)
    vault = await Vault.open(store, keys, clock, create=True, limits=limits)
    ring = await open_repository(store, keys, clock, create=False)
    sealer = Sealer(ring.keys, ring.repository_id)
    present, year = list(records), Year()
    for day in range(days + KEPT):
        if day < days:
            for number in chance.sample(range(len(present)), round(CHANGED * len(present))):
                changed = f'"summary": "changed on day {day} {chance.random()}'.encode()
                present[number] = present[number].replace(b'"summary": "', changed, 1)
        before = _megabytes(store)
        await put_all(vault, f"day{day:05d}", present, clock.now())
        written = _megabytes(store) - before
        (year.written if day < days else year.unchanged).append(written)
        await _collect(store, sealer, day)
        if day < days:
            year.stored.append(_megabytes(store))
        clock.advance(DAY)
    return year


def _megabytes(store: MemoryStore) -> float:
    return store.size_bytes(names.PACKS) / 1e6


async def _collect(store: MemoryStore, sealer: Sealer, day: int) -> None:
    for key in [one for one in store.objects if one.startswith(names.BACKUPS)]:
        if int(key[-5:]) <= day - KEPT:
            del store.objects[key]
    live: set[str] = set()
    for key in [one for one in store.objects if one.startswith(names.BACKUPS)]:
        _, uses = await read_header_and_packs(store, sealer, key)
        for use in uses:
            live.add(names.pack_name(use.pack.pack_id))
    for key in [one for one in store.objects if one.startswith(names.PACKS)]:
        if key not in live:
            del store.objects[key]


async def run(days: int, count: int, shares: Sequence[float]) -> None:
    """Prints a row for each share."""
    records = issues(count // 90)[:count]
    size = sum(len(record) for record in records) / 1e6
    print(f"{len(records)} issues, {size:.1f} MB of JSON; {CHANGED:.0%} change a day", flush=True)
    print("share  first  last day  largest  written a day  unchanged: first, later days (MB)")
    for share in shares:
        year = await simulate(records, days, share)
        later = year.written[1:]
        print(
            f"{share:5.2f} {year.stored[0]:6.2f} {year.stored[-1]:9.2f} {max(year.stored):8.2f}"
            f" {sum(later) / len(later):14.3f}"
            f"            {year.unchanged[0]:6.3f} {sum(year.unchanged[1:]):6.3f}",
            flush=True,
        )


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--issues", type=int, default=2000)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.0, 0.25, 0.5, 0.75])
    arguments = parser.parse_args()
    asyncio.run(run(arguments.days, arguments.issues, arguments.shares))


if __name__ == "__main__":
    main()
