"""Running a few calls of one unit side by side without letting go of any."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Result = TypeVar("Result")


async def concurrently(
    calls: Sequence[Callable[[], Awaitable[Result]]], *, limit: int = 8
) -> list[Result]:
    """The results in the order of the calls, at most ``limit`` running at once.

    The first error is raised as it is, after every other call has been cancelled and has
    ended: nothing of a failed unit goes on behind its back.
    """
    gate = asyncio.Semaphore(limit)

    async def run(call: Callable[[], Awaitable[Result]]) -> Result:
        async with gate:
            return await call()

    tasks = [asyncio.ensure_future(run(call)) for call in calls]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
