"""Proves what a store guarantees, with real operations under a prefix of its own.

A vault rests on a few promises of its store (see Store). Not every server that
speaks S3 keeps them: some ignore the condition of a create, and overwrite. Better
to learn it before the first backup than with the first crash.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from sitekeep_shared.clock import Clock
from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import (
    DeleteRefused,
    ObjectMissing,
    StoreUnavailable,
    StoreUnsuitable,
)
from sitekeep_shared.vault.limits import MIB, Limits
from sitekeep_shared.vault.store import ObjectInfo, Store

_RACERS = 16
_LARGEST_BYTES = 64 * MIB
_SIZES = (0, 1, 4095, 1 * MIB + 1)
_USE_ANOTHER = "Do not use it for a vault"


class Outcome(StrEnum):
    """How a guarantee fared."""

    KEPT = "kept"
    BROKEN = "broken"
    LIMITED = "limited"
    """The store works as it is set up; what follows from it is said."""


@dataclass(frozen=True)
class Finding:
    """What was found of one guarantee."""

    guarantee: str
    outcome: Outcome
    detail: str = ""
    advice: str = ""
    """What to do; empty where there is nothing to do."""


class _Broken(Exception):
    """A guarantee is not kept; the message says what was seen."""


class _Limited(Exception):
    """It is kept only in part; the message says what was seen."""


async def require_guarantees(store: Store, clock: Clock, place: str) -> None:
    """The quick part of the probe, for the moment before a vault is made.

    Raises:
        StoreUnsuitable: a guarantee is not kept.
        StoreUnavailable: the store does not answer.
    """
    finding = await Probe(store, clock).first_broken()
    if finding is not None:
        raise StoreUnsuitable(
            f"No vault can be kept in {place}: {finding.guarantee} does not hold "
            f"({finding.detail}). {finding.advice}. All of it: sitekeep vault probe"
        )


class Probe:
    """One probe of a store."""

    def __init__(self, store: Store, clock: Clock, largest_bytes: int = _LARGEST_BYTES) -> None:
        self._store = store
        self._largest_bytes = largest_bytes
        self._clock = clock
        self._prefix = f"{names.PROBES}{secrets.token_hex(8)}/"
        self._made: list[str] = []

    async def first_broken(self) -> Finding | None:
        """Looks at what a vault cannot do without, in about 40 requests, until one is broken.

        Raises:
            StoreUnavailable: the store does not answer at all.
        """
        async with self._cleaned_up():
            for check in self._quick_checks():
                finding = await check.run()
                if finding.outcome is Outcome.BROKEN:
                    return finding
        return None

    async def whole(self) -> list[Finding]:
        """All guarantees; writes and reads about 80 MiB.

        Raises:
            StoreUnavailable: the store does not answer at all.
        """
        async with self._cleaned_up():
            return [await check.run() for check in (*self._quick_checks(), *self._further_checks())]

    def _quick_checks(self) -> list[_Check]:
        ignores = f"{_USE_ANOTHER}: two backups could overwrite each other"
        hides = f"{_USE_ANOTHER}: a backup would not see what it has written"
        return [
            _Check("an object is read as it was written", self._reads_back, _USE_ANOTHER),
            _Check("a key is never overwritten", self._keeps_first, ignores),
            _Check(f"of {_RACERS} creates at once one wins", self._lets_one_win, ignores),
            _Check("what was written is listed at once", self._lists_at_once, hides),
            _Check("the clocks agree", self._agrees_on_time, "Set this machine's clock by NTP"),
        ]

    def _further_checks(self) -> list[_Check]:
        lists = f"{_USE_ANOTHER}: listings are read in the order of the keys"
        return [
            _Check("an object appears whole or not at all", self._shows_whole, _USE_ANOTHER),
            _Check("parts of objects are read", self._reads_ranges, _USE_ANOTHER),
            _Check("small and large objects are kept", self._keeps_sizes, _USE_ANOTHER),
            _Check("listings are in the order of the keys", self._lists_in_order, lists),
            _Check(
                "an object is removed",
                self._removes,
                "Collections keep such objects and try again; give the permission, or wait for "
                "the end of the retention",
            ),
        ]

    @contextlib.asynccontextmanager
    async def _cleaned_up(self) -> AsyncGenerator[None]:
        # Whether there is a store at all is not a matter of guarantees.
        await self._listed()
        try:
            yield
        finally:
            await self._clean_up()

    async def _put(self, name: str, data: bytes) -> bool:
        key = f"{self._prefix}{name}"
        self._made.append(key)
        return await self._store.put_new(key, [data])

    async def _read(self, name: str) -> bytes:
        return await self._store.get(f"{self._prefix}{name}")

    async def _listed(self, below: str = "") -> list[ObjectInfo]:
        return [item async for item in self._store.list(f"{self._prefix}{below}")]

    async def _reads_back(self) -> str:
        written = secrets.token_bytes(1000)
        if not await self._put("first", written):
            raise _Broken("a new key is said to exist")
        if await self._read("first") != written:
            raise _Broken("other bytes came back")
        return ""

    async def _keeps_first(self) -> str:
        if not await self._put("kept", b"first"):
            raise _Broken("a new key is said to exist")
        if await self._put("kept", b"second"):
            raise _Broken("a second create of a key was accepted")
        if await self._read("kept") != b"first":
            raise _Broken("a second create changed the object although it was refused")
        return ""

    async def _lets_one_win(self) -> str:
        contents = [b"racer %d" % number for number in range(_RACERS)]
        won = await asyncio.gather(*(self._put("raced", content) for content in contents))
        if sum(won) != 1:
            raise _Broken(f"{sum(won)} were told that they made it")
        if await self._read("raced") != contents[won.index(True)]:
            raise _Broken("it holds what another one sent")
        return ""

    async def _lists_at_once(self) -> str:
        for number in range(4):
            await self._put(f"listed/{number}", b"x")
            if len(await self._listed("listed/")) != number + 1:
                raise _Broken(f"after {number + 1} creates another number is listed")
        return ""

    async def _agrees_on_time(self) -> str:
        before = self._clock.now()
        await self._put("dated", b"x")
        info = await self._store.head(f"{self._prefix}dated")
        if info is None:
            raise _Broken("what was written is not found")
        apart = (info.last_modified - before).total_seconds()
        said = f"the store is {abs(apart):.0f} s {'ahead' if apart > 0 else 'behind'}"
        if abs(apart) > Limits.skew_seconds:
            raise _Broken(said)
        return said if abs(apart) > 2 else ""

    async def _shows_whole(self) -> str:
        content = await asyncio.to_thread(secrets.token_bytes, self._largest_bytes // 8)
        put = asyncio.ensure_future(self._put("watched", content))
        looked = 0
        try:
            while not put.done():
                looked += 1
                await self._look_at_watched(content)
                await asyncio.sleep(0)
        finally:
            await asyncio.wait([put])
        put.result()
        await self._look_at_watched(content)
        return f"looked {looked} times while it was written"

    async def _look_at_watched(self, content: bytes) -> None:
        info = await self._store.head(f"{self._prefix}watched")
        if info is not None and info.size_bytes != len(content):
            raise _Broken(f"{info.size_bytes} of {len(content)} bytes were to be seen")
        try:
            end = await self._store.get_range(f"{self._prefix}watched", len(content) - 16, 99)
        except ObjectMissing:
            return
        if end != content[-16:]:
            raise _Broken("its end was not there yet")

    async def _reads_ranges(self) -> str:
        content = secrets.token_bytes(1000)
        await self._put("ranged", content)
        for start, length in ((0, 10), (500, 100), (990, 10), (990, 99), (1000, 10), (2000, 1)):
            found = await self._store.get_range(f"{self._prefix}ranged", start, length)
            if found != content[start : start + length]:
                raise _Broken(f"{length} bytes from {start} came back wrong")
        return ""

    async def _keeps_sizes(self) -> str:
        for size in (*_SIZES, self._largest_bytes):
            await self._keeps_size(await asyncio.to_thread(secrets.token_bytes, size))
        return f"0 bytes to {self._largest_bytes / MIB:.0f} MiB"

    async def _keeps_size(self, content: bytes) -> None:
        name = f"sized-{len(content)}"
        await self._put(name, content)
        info = await self._store.head(f"{self._prefix}{name}")
        if info is None or info.size_bytes != len(content) or await self._read(name) != content:
            raise _Broken(f"an object of {len(content)} bytes came back wrong")

    async def _lists_in_order(self) -> str:
        wanted = ["o/a-b", "o/a/1", "o/a/10", "o/a/2", "o/a0", "o/b", "o/b.c"]
        for name in (*reversed(wanted), "ox"):
            await self._put(name, b"x")
        found = [item.key.removeprefix(self._prefix) for item in await self._listed("o/")]
        if found != wanted:
            raise _Broken(f"listed as {' '.join(found)}")
        return ""

    async def _removes(self) -> str:
        await self._put("removed", b"x")
        key = f"{self._prefix}removed"
        try:
            await self._store.delete(key)
        except DeleteRefused as error:
            raise _Limited(str(error)) from error
        await self._store.delete(key)
        if await self._store.head(key) is not None:
            raise _Broken("it is still there")
        return ""

    async def _clean_up(self) -> None:
        for key in dict.fromkeys(self._made):
            try:
                await self._store.delete(key)
            except StoreUnavailable:
                return  # What is left lies below a prefix of its own and is in nobody's way.


@dataclass(frozen=True)
class _Check:
    guarantee: str
    prove: Callable[[], Awaitable[str]]
    advice: str

    async def run(self) -> Finding:
        try:
            return Finding(self.guarantee, Outcome.KEPT, await self.prove())
        except _Limited as limited:
            return Finding(self.guarantee, Outcome.LIMITED, str(limited), self.advice)
        except _Broken as broken:
            return Finding(self.guarantee, Outcome.BROKEN, str(broken), self.advice)
        except (StoreUnavailable, ObjectMissing) as error:
            advice = "Set right what the store complains of, and probe again"
            return Finding(self.guarantee, Outcome.BROKEN, str(error), advice)
