"""Fifty contenders in four processes that are stopped, killed and lied to by their clocks.

The database's own record of what happened is what is judged. ``SITEKEEP_TEST_LOCK_SECONDS`` makes
the storm longer.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from sitekeep_shared import locks
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.migrate import migrate
from support.databases import database_url
from support.lock_contender import LONGEST_LEASE_MS, PRODUCTS, history, metadata

__all__ = ["database_url"]

SECONDS = float(os.environ.get("SITEKEEP_TEST_LOCK_SECONDS", "8"))
PROCESSES = 4
CONTENDERS = 50
STOP_SECONDS = (0.9, 1.5)
START_SECONDS = 30.0
# For the polls and the round trips of one that waits on a busy machine.
SLACK_SECONDS = 1.0

TESTS = Path(__file__).parents[1]

Event = Row[Any]


@dataclass
class Storm:
    """The processes, and what is done to them."""

    url: str
    seed: int
    faults: Counter[str] = field(default_factory=Counter[str])
    processes: list[subprocess.Popen[bytes]] = field(
        default_factory=list["subprocess.Popen[bytes]"]
    )
    spawned: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def spawn(self, place: int) -> subprocess.Popen[bytes]:
        """A process with its share of the contenders."""
        share = CONTENDERS // PROCESSES + (place < CONTENDERS % PROCESSES)
        number, self.spawned = self.spawned, self.spawned + 1
        longest = SECONDS + START_SECONDS
        program = TESTS / "support" / "lock_contender.py"
        arguments = [self.url, f"{self.seed}-{number}", share, longest, os.getpid()]
        return subprocess.Popen(
            [sys.executable, str(program), *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(TESTS)},
        )

    def rage(self) -> None:
        """Stops one or kills one, in turn, until the time is over."""
        end = time.monotonic() + SECONDS
        for kind in itertools.cycle((self.stop, self.stop, self.kill)):
            if time.monotonic() >= end:
                return
            kind(self.random.randrange(PROCESSES))
            time.sleep(self.random.uniform(0.1, 0.5))

    def stop(self, place: int) -> None:
        """Freezes a process for longer than a lease."""
        self.processes[place].send_signal(signal.SIGSTOP)
        time.sleep(self.random.uniform(*STOP_SECONDS))
        self.processes[place].send_signal(signal.SIGCONT)
        self.faults["stop"] += 1

    def kill(self, place: int) -> None:
        """Kills a process, and starts another in its place."""
        assert self.processes[place].poll() is None, "a process ended by itself"
        self.processes[place].kill()
        self.processes[place].wait()
        self.processes[place] = self.spawn(place)
        self.faults["kill"] += 1

    @contextmanager
    def contenders(self) -> Generator[None, None, None]:
        """All processes, until they are killed with whatever they hold."""
        self.processes = [self.spawn(place) for place in range(PROCESSES)]
        try:
            yield
        finally:
            for process in self.processes:
                process.kill()
            for process in self.processes:
                process.wait()


async def _prepare(url: str) -> None:
    database = Database(url)
    await migrate(database)
    async with database.write() as connection:
        await connection.run_sync(metadata.create_all)
    await database.close()


async def _events(database: Database) -> Sequence[Event]:
    async with database.read() as connection:
        rows = await connection.execute(select(history).order_by(history.c.number))
        return rows.all()


async def _first_events(url: str) -> None:
    """Returns once the contenders have begun."""
    database = Database(url)
    async with asyncio.timeout(START_SECONDS):
        while True:
            if any(event.event == "release" for event in await _events(database)):
                break
            await asyncio.sleep(0.1)
    await database.close()


async def _take_everything(url: str) -> tuple[float, Sequence[Event]]:
    """How long a fresh contender waits for all locks, and what was recorded before."""
    database = Database(url)
    start = time.monotonic()
    for product in PRODUCTS:
        while True:
            async with database.write() as connection:
                lease = await locks.acquire(
                    connection, product, "fresh", kind="backup", holder="fresh"
                )
            if lease is not None:
                break
            await asyncio.sleep(0.02)
    waited = time.monotonic() - start
    events = await _events(database)
    await database.close()
    return waited, events


def _of(events: Sequence[Event], product: str) -> list[Event]:
    return [event for event in events if event.product == product and event.event != "refused"]


def _check_one_at_a_time(events: Sequence[Event]) -> int:
    """Nobody acted after the next had the lock, nor had it before the last was through.

    Gives how often a lock was taken over from a holder that had not released it.
    """
    holder: Event | None = None
    takeovers = 0
    for event in events:
        if event.event == "acquire":
            takeovers += _check_acquire(holder, event)
            holder = event
        else:
            assert holder is not None, f"{event} by nobody"
            assert event.fence == holder.fence, f"{event} was accepted after {holder}"
            assert holder.event != "release", f"{event} was accepted after its release"
            holder = event
    return takeovers


def _check_acquire(last: Event | None, event: Event) -> bool:
    """Whether it is a takeover, which must come after the end of the last holder's lease."""
    if last is None:
        assert event.fence == 1
        return False
    assert event.fence == last.fence + 1, f"{event} after {last}"
    if last.event == "release":
        return False
    assert event.at_ms >= last.lease_until_ms, f"{event} before the lease of {last} was over"
    return True


def test_one_contender_at_a_time_holds_a_lock_whatever_is_done_to_them(database_url: str) -> None:
    storm = Storm(database_url, seed=random.randrange(1_000_000))
    asyncio.run(_prepare(database_url))
    with storm.contenders():
        asyncio.run(_first_events(database_url))
        storm.rage()
    waited, events = asyncio.run(_take_everything(database_url))

    seen = Counter(event.event for event in events)
    takeovers = sum(_check_one_at_a_time(_of(events, product)) for product in PRODUCTS)
    print(f"seed {storm.seed}: {dict(storm.faults)}, {dict(seen)}, {takeovers} takeovers")
    assert waited <= LONGEST_LEASE_MS / 1000 + SLACK_SECONDS
    for kind in ("stop", "kill"):
        assert storm.faults[kind] > 0, kind
    for event in ("acquire", "renew", "write", "release", "refused", "jump"):
        assert seen[event] > 0, f"no contender met {event!r}"
    assert takeovers > 0


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ([("acquire", 1, 0, 500), ("acquire", 2, 400, 900)], "before the lease"),
        ([("acquire", 1, 0, 500), ("acquire", 1, 600, 900)], "after"),
        ([("acquire", 1, 0, 500), ("acquire", 2, 600, 9), ("write", 1, 700, 9)], "was accepted"),
        ([("acquire", 1, 0, 500), ("release", 1, 10, 0), ("write", 1, 20, 0)], "its release"),
    ],
)
def test_the_judge_finds_what_must_never_happen(
    broken: list[tuple[str, int, int, int]], message: str
) -> None:
    events: Any = [_Recorded(*values) for values in broken]
    with pytest.raises(AssertionError, match=message):
        _check_one_at_a_time(events)


@dataclass(frozen=True)
class _Recorded:
    event: str
    fence: int
    at_ms: int
    lease_until_ms: int
