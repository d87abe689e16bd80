"""What goes on beside the acts of a drill, which block: the vault stays open for reading."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Generator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


class Beside:
    """An event loop in a thread of its own, for what has to go on while the command waits.

    What keeps the vault from being collected under a reader is renewed there. A context manager.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work comes to."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    @contextmanager
    def within(self, manager: AbstractAsyncContextManager[object]) -> Generator[None]:
        """Keeps something entered meanwhile."""
        entered = self.run(_entered(manager))
        try:
            yield
        finally:
            self.run(entered.aclose())


async def _entered(manager: AbstractAsyncContextManager[object]) -> AsyncExitStack:
    stack = AsyncExitStack()
    await stack.enter_async_context(manager)
    return stack
