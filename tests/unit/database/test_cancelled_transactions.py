"""A task that is cancelled in the midst of a transaction leaves no lock behind."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Generator

import pytest
from sqlalchemy import text

from sitekeep_shared.database.engine import Database

ROUNDS = int(os.environ.get("SITEKEEP_TEST_CANCEL_ROUNDS", "60"))
LONGEST_DELAY_SECONDS = 0.006


@pytest.fixture
def without_collector() -> Generator[None, None, None]:
    """What only the garbage collector would free stays."""
    gc.disable()
    yield
    gc.enable()


async def _write(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO item VALUES (1)"))
        await connection.execute(text("SELECT count(*) FROM item"))


@pytest.mark.usefixtures("without_collector")
async def test_the_next_transaction_need_not_wait(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE item (number INTEGER)"))
    ended: list[asyncio.Task[None]] = []
    for number in range(ROUNDS):
        tasks = [asyncio.create_task(_write(database)) for _ in range(3)]
        await asyncio.sleep(LONGEST_DELAY_SECONDS * number / ROUNDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A finished task keeps its error, and with it the frames and cursors of the transaction.
        ended += tasks
        async with asyncio.timeout(10):
            await _write(database)
    assert any(task.cancelled() for task in ended)
