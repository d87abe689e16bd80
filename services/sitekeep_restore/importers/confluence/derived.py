"""What is derived from a whole backup: made once per process and reader, by whoever asks first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from sitekeep_shared.vault.reader import BackupReader

Value = TypeVar("Value")


class Derived(Generic[Value]):
    """A value per reader. It goes when the reader does; any process can make it again."""

    def __init__(self, make: Callable[[BackupReader], Coroutine[Any, Any, Value]]) -> None:
        self._make = make
        self._tasks: WeakKeyDictionary[BackupReader, asyncio.Task[Value]] = WeakKeyDictionary()

    async def of(self, backup: BackupReader) -> Value:
        """The value for a reader; an attempt that failed is made anew. Raises what making does."""
        task = self._tasks.get(backup)
        if task is None or _failed(task):
            task = asyncio.create_task(self._make(backup))
            self._tasks[backup] = task
        return await asyncio.shield(task)


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
