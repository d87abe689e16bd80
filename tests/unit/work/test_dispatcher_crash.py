"""A server that is killed at any instant leaves an operation that the next one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sitekeep_shared import locks
from sitekeep_shared.database.engine import Database
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work import journal, operations
from sitekeep_shared.work.records import Operation, OperationState
from support.fake_work import FakeHandler, queue, units

TESTS = Path(__file__).parents[2]
PLANS = units(12)

SERVER = """
import asyncio, os, signal, sys
from pathlib import Path
from sitekeep_shared.clock import SystemClock
from sitekeep_shared.database.engine import Database
from sitekeep_shared.database.service_slot import ServiceSlot
from sitekeep_shared.work import journal, operations
from sitekeep_shared.work.in_process import InProcessDispatcher
from support.fake_work import FakeHandler, count_one, units

url, folder, where = sys.argv[1:]

def die(*ignored):
    os.kill(os.getpid(), signal.SIGKILL)

async def die_in_unit(unit):
    die()

async def die_in_finish():
    die()

def dying(function, last):
    async def call(*arguments, **options):
        result = await function(*arguments, **options)
        if last(*arguments):
            die()
        return result
    return call

async def main():
    handler = FakeHandler(Path(folder), units(12))
    if where == "unit":
        handler.scripts["u0005"] = die_in_unit
    if where == "commit":
        journal.commit_unit = dying(
            journal.commit_unit, lambda c, o, unit, outcome: unit.plan.key == "u0007"
        )
    if where == "finish":
        handler.finish_gate = die_in_finish
    if where == "end":
        operations.finish = dying(operations.finish, lambda *arguments: True)
    database = Database(url)
    async with ServiceSlot(database, "backup"):
        dispatcher = InProcessDispatcher(database, handler, "backup", "server", SystemClock())
        await dispatcher.reconcile()
        while True:
            async with database.read() as connection:
                if not await operations.unfinished(connection, "backup"):
                    break
            await asyncio.sleep(0.01)
        await dispatcher.drain()
    await database.close()

asyncio.run(main())
"""


def run_server(url: str, folder: Path, where: str) -> int:
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-W", "error", "-c", SERVER, url, str(folder), where]
    return subprocess.run(command, env=environment, timeout=60, check=False).returncode


async def read(database: Database) -> Operation:
    async with database.read() as connection:
        operation = await operations.get(connection, "o1")
    assert operation is not None
    return operation


@pytest.mark.parametrize("where", ["unit", "commit", "finish", "end"])
async def test_a_killed_server_leaves_an_operation_that_the_next_one_ends(
    database: Database, database_url: str, tmp_path: Path, where: str
) -> None:
    await queue(database)
    handler = FakeHandler(tmp_path)
    assert run_server(database_url, tmp_path, where) == -signal.SIGKILL
    assert (await read(database)).state is OperationState.RUNNING
    assert run_server(database_url, tmp_path, "nowhere") == 0
    operation = await read(database)
    assert operation.state is OperationState.SUCCEEDED
    assert operation.fence == 3
    assert operation.progress.counts[Kind.ISSUE].done == len(PLANS)
    attempts = [handler.attempts(plan.key) for plan in PLANS]
    if where in ("finish", "end"):
        assert attempts == [1] * len(PLANS)
    else:
        assert max(attempts) == 2
    results = [key async for key, _ in journal.results(database, "o1")]
    assert results == [plan.key for plan in PLANS]
    async with database.read() as connection:
        state = await locks.read(connection, "p1")
    assert state is not None
    assert not state.held
