"""Running something beside something that watches over it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Never, TypeVar

T = TypeVar("T")


async def run_beside(primary: Coroutine[Any, Any, T], watcher: Coroutine[Any, Any, Never]) -> T:
    """Gives what the primary gives; if the watcher raises first, cancels it and raises that.

    Both have ended when this ends, however it ends.
    """
    main, guardian = asyncio.create_task(primary), asyncio.create_task(watcher)
    try:
        await asyncio.wait({main, guardian}, return_when=asyncio.FIRST_COMPLETED)
        return main.result() if main.done() else guardian.result()
    finally:
        main.cancel()
        guardian.cancel()
        await asyncio.gather(main, guardian, return_exceptions=True)
