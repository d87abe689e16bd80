from __future__ import annotations

import asyncio

import pytest

from sitekeep_shared.work.recurring import Recurring


class Counted(Recurring):
    """Counts its times; the first one meets a defect."""

    pause_seconds = 0.0
    begins_at_once = True

    def __init__(self) -> None:
        self.times = 0
        self.went_on = asyncio.Event()

    async def once(self) -> None:
        self.times += 1
        if self.times == 1:
            raise RuntimeError("a defect")
        self.went_on.set()


async def test_a_defect_is_logged_and_does_not_end_what_recurs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Counted() as counted:
        await counted.went_on.wait()
    assert [record.message for record in caplog.records] == ["Counted failed; it is tried again"]


async def test_what_recurs_ends_with_its_server() -> None:
    async with Counted() as counted:
        await counted.went_on.wait()
    times = counted.times
    for _ in range(5):
        await asyncio.sleep(0)
    assert counted.times == times
