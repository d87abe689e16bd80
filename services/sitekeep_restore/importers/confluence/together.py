"""Runs writes side by side without leaving any of them alone when one fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

Result = TypeVar("Result")


async def together(tasks: Iterable[Awaitable[Result]]) -> list[Result]:
    """Waits for all, then raises the first error: nothing goes on writing behind the unit."""
    results = await asyncio.gather(*tasks, return_exceptions=True)
    done: list[Result] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        done.append(result)
    return done
