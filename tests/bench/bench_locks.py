"""What a lock costs: taking it and giving it up, beside a bare upsert and update.

``python tests/bench/bench_locks.py --postgresql URL``: both go through the same engine in the
same run, turn by turn, each statement in a transaction of its own that is durable when it ends.
The ratios are what counts. The cycle of a lock asks first whether it is busy, so that who is
refused waits for nobody: one more read than the bare pair has.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from sqlalchemy import BigInteger, Column, Executable, MetaData, Table, Text, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

sys.path.insert(0, str(Path(__file__).parents[1]))

from sitekeep_shared import locks
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.migrate import migrate

WARM_UP = 50

metadata = MetaData()
bare = Table(
    "bare",
    metadata,
    Column("product", Text, primary_key=True),
    Column("fence", BigInteger, nullable=False),
    Column("holder", Text),
)

_named = bindparam("PRODUCT", type_=Text)
UPDATE = update(bare).where(bare.c.product == _named).values(holder=None)


def _upsert(insert: postgresql.Insert | sqlite.Insert) -> Executable:
    return (
        insert.values(product=_named, fence=1, holder="bench")
        .on_conflict_do_update(
            index_elements=[bare.c.product], set_={"fence": bare.c.fence + 1, "holder": "bench"}
        )
        .returning(bare.c.fence)
    )


UPSERTS = {
    "sqlite": _upsert(sqlite.insert(bare)),
    "postgresql": _upsert(postgresql.insert(bare)),
}


class Bench:
    """Cycles on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self) -> None:
        """Makes the tables."""
        await migrate(self._database)
        async with self._database.write() as connection:
            await connection.run_sync(metadata.drop_all)
            await connection.run_sync(metadata.create_all)

    async def lock(self, product: str) -> None:
        """Takes a lock and gives it up."""
        async with self._database.write() as connection:
            lease = await locks.acquire(connection, product, "o", kind="backup", holder="bench")
        assert lease is not None
        async with self._database.write() as connection:
            await locks.release(connection, lease)

    async def pair(self, product: str) -> None:
        """The least that could do it: an upsert that counts, and an update."""
        async with self._database.write() as connection:
            await connection.execute(UPSERTS[connection.dialect.name], {"PRODUCT": product})
        async with self._database.write() as connection:
            await connection.execute(UPDATE, {"PRODUCT": product})

    async def refusal(self, product: str) -> None:
        """Is refused a lock that another holds."""
        async with self._database.write() as connection:
            lease = await locks.acquire(connection, product, "late", kind="backup", holder="bench")
        assert lease is None

    async def hold(self, product: str) -> None:
        """Takes a lock for good."""
        async with self._database.write() as connection:
            await locks.acquire(connection, product, "early", kind="backup", holder="bench")


async def _measure(
    cycles: int, ways: Mapping[str, Callable[[str], Awaitable[None]]]
) -> dict[str, list[float]]:
    """Milliseconds of each cycle of each way, which take turns."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(WARM_UP + cycles):
        for name, cycle in ways.items():
            start = time.perf_counter()
            await cycle(name)
            if number >= WARM_UP:
                taken[name].append(1000 * (time.perf_counter() - start))
    return taken


async def run(title: str, url: str, cycles: int) -> None:
    """Measures one database and prints its rows."""
    database = Database(url)
    bench = Bench(database)
    try:
        await bench.open()
        await bench.hold("refused")
        ways = {"bare": bench.pair, "lock": bench.lock, "refused": bench.refusal}
        taken = await _measure(cycles, ways)
    finally:
        await database.close()
    print(f"\n{title}, {cycles} cycles each", flush=True)
    _print_row("bare upsert + update", taken["bare"], taken["bare"])
    _print_row("acquire + release", taken["lock"], taken["bare"])
    _print_row("acquire, refused", taken["refused"], taken["bare"])


def _print_row(name: str, taken: list[float], beside: list[float]) -> None:
    p50, p99 = _percentiles(taken)
    bare50, bare99 = _percentiles(beside)
    print(
        f"{name:24} p50 {p50:6.2f} ms ({p50 / bare50:4.2f} of bare)"
        f"   p99 {p99:6.2f} ms ({p99 / bare99:4.2f})",
        flush=True,
    )


def _percentiles(taken: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(taken, n=100)
    return cuts[49], cuts[98]


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--folder", help="where the SQLite database is kept meanwhile")
    parser.add_argument(
        "--postgresql",
        default=os.environ.get("SITEKEEP_TEST_POSTGRESQL_URL", ""),
        help="URL of a database that may be filled with tables",
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sitekeep-bench", dir=arguments.folder) as folder:
        asyncio.run(run("SQLite", f"sqlite:///{folder}/sitekeep.db", arguments.cycles))
    if arguments.postgresql:
        asyncio.run(run("PostgreSQL", arguments.postgresql, arguments.cycles))
    else:
        print("\nPostgreSQL: skipped, no --postgresql URL and no SITEKEEP_TEST_POSTGRESQL_URL")


if __name__ == "__main__":
    main()
