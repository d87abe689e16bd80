"""Running a few calls of one unit side by side without letting go of any."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
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


async def in_order(
    calls: Iterable[Callable[[], Awaitable[Result]]], *, limit: int = 8
) -> AsyncGenerator[Result]:
    """The results one by one in the order of the calls, at most ``limit`` running or not taken.

    An error is raised in its turn; the other calls are cancelled and have ended then. Close
    the generator (``contextlib.aclosing``) where it may not be read to its end.
    """
    tasks: deque[asyncio.Future[Result]] = deque()
    try:
        for call in calls:
            tasks.append(asyncio.ensure_future(call()))
            if len(tasks) == limit:
                yield await tasks[0]
                tasks.popleft()
        while tasks:
            yield await tasks[0]
            tasks.popleft()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
