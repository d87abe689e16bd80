"""Processes that share a vault and whose every call of the store is a step that a test makes.

The real code runs, on a loop that nothing but ``step`` moves. A process waits before each call of
its store, and between the pages of a listing; it may be left standing for days, or never go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from sitekeep_shared.vault.errors import StoreUnavailable
from sitekeep_shared.vault.store import ObjectInfo
from unit.vault.vault_helpers import MemoryStore

PAGE_OBJECTS = 3

Result = TypeVar("Result")


class SteppedStore:
    """The store as one process sees it."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.waiting: list[tuple[str, asyncio.Future[None]]] = []
        """What waits for its turn: the call in words, as ``get FORMAT``."""
        self.is_free = False
        """Whether calls happen at once."""
        self.is_dead = False

    async def put_new(self, key: str, parts: Sequence[bytes]) -> bool:
        await self._turn(f"put_new {key}")
        return await self._store.put_new(key, parts)

    async def get(self, key: str) -> bytes:
        await self._turn(f"get {key}")
        return await self._store.get(key)

    async def get_range(self, key: str, start: int, length: int) -> bytes:
        await self._turn(f"get_range {key}")
        return await self._store.get_range(key, start, length)

    async def head(self, key: str) -> ObjectInfo | None:
        await self._turn(f"head {key}")
        return await self._store.head(key)

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """Page by page, as an object store: each shows what there is behind the last key."""
        last = ""
        while True:
            await self._turn(f"list {prefix}")
            keys = [key for key in self._store.keys(prefix) if key > last][:PAGE_OBJECTS]
            for info in [await self._store.head(key) for key in keys]:
                assert info is not None
                yield info
            if len(keys) < PAGE_OBJECTS:
                return
            last = keys[-1]

    async def delete(self, key: str) -> None:
        await self._turn(f"delete {key}")
        await self._store.delete(key)

    def die(self) -> None:
        """From now on nothing reaches the store any more, as after kill -9."""
        self.is_dead = True
        for _, turn in self.waiting:
            if not turn.done():
                turn.set_exception(StoreUnavailable("the process was killed"))

    async def _turn(self, call: str) -> None:
        if self.is_dead:
            raise StoreUnavailable("the process was killed")
        if self.is_free:
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((call, turn))
        await turn


class Process:
    """A coroutine that goes on only when it is its turn."""

    def __init__(
        self,
        world: Interleaving,
        name: str,
        work: Callable[[SteppedStore], Coroutine[Any, Any, Any]],
    ) -> None:
        self.name = name
        self._world = world
        self.store = SteppedStore(world.store)
        self._task = world.loop.create_task(work(self.store))
        world.settle()

    @property
    def ended(self) -> bool:
        """Whether it returned or raised."""
        return self._task.done()

    @property
    def failure(self) -> BaseException | None:
        """What it raised."""
        return None if self._task.cancelled() else self._task.exception()

    @property
    def next_calls(self) -> list[str]:
        """The calls that wait for their turn, the next one first."""
        return [call for call, turn in self.store.waiting if not turn.done()]

    def step(self, call: str = "") -> None:
        """Lets one call of the store happen, and everything up to the next ones.

        The next one, or the one that begins with the given words.
        """
        self.store.waiting = [one for one in self.store.waiting if not one[1].done()]
        turns = [turn for words, turn in self.store.waiting if words.startswith(call)]
        if self.ended or not turns:
            return
        turns[0].set_result(None)
        self._world.settle()
        assert self.ended or self.next_calls, f"{self.name} waits for something else"

    def run_to(self, call: str) -> None:
        """Lets it go on until its next call is one that begins with the given words."""
        while not self.next_calls[0].startswith(call):
            self.step()
            assert not self.ended, f"{self.name} ended before {call}: {self.failure!r}"

    def run(self) -> None:
        """Lets it go on to its end."""
        while not self.ended:
            self.step()

    def kill(self) -> None:
        """kill -9, as the store sees it."""
        self.store.die()
        self._world.settle()
        assert self.ended, f"{self.name} survived"
        self.failure  # noqa: B018 - so that nobody complains that it was never looked at


class Interleaving:
    """The loop on which processes stand until they are moved."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.loop = asyncio.new_event_loop()

    def start(self, name: str, work: Callable[[SteppedStore], Coroutine[Any, Any, Any]]) -> Process:
        """A process that stands before its first call of the store."""
        return Process(self, name, work)

    def at_once(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Runs something that nobody interrupts."""
        return self.loop.run_until_complete(work)

    def settle(self) -> None:
        """Runs whatever can run without a call of a store."""
        for _ in range(1000):
            self.loop.run_until_complete(asyncio.sleep(0))
            ready: Any = getattr(self.loop, "_ready")  # noqa: B009
            if not ready:
                return
        raise AssertionError("the processes do not come to rest")

    def close(self) -> None:
        """To be called when all processes have ended."""
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.settle()
        self.loop.close()


async def inline(function: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
    """Stands for asyncio.to_thread: threads would make the order of steps a matter of luck."""
    return function(*arguments, **named)
