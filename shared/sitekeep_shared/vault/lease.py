"""Leases: keep collection away from what somebody stages, reuses or reads."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
from collections.abc import Awaitable, Callable

import msgspec

from sitekeep_shared.clock import Clock
from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import (
    ClockSkewed,
    LeaseLost,
    ObjectMissing,
    StoreUnavailable,
)
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.sealed_json import SealedJson
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store

WRITER = "writer"
READER = "reader"
COLLECTOR = "collector"

_logger = logging.getLogger(__name__)


class LeaseContent(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """What a lease object says, as sealed JSON."""

    owner: str
    """The id of the backup that is made; ``reader-…`` or ``collector-…`` for the others."""
    kind: str
    """WRITER, READER or COLLECTOR."""
    write_id: str
    started: datetime.datetime
    """When the session that holds it began."""
    valid_until: datetime.datetime


LEASE = SealedJson(b"SKLEASE1", "lease", "lease", LeaseContent)


class Lease:
    """The lease of one session. Renewing writes the next number; nothing is overwritten."""

    def __init__(
        self,
        store: Store,
        sealer: Sealer,
        clock: Clock,
        limits: Limits,
        owner: str,
        kind: str = WRITER,
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._limits = limits
        self._owner = owner
        self._kind = kind
        self._write_id = ""
        # Before anything is written: whoever began later than this has seen what was there now.
        self._started = clock.now()
        self._valid_until = self._started
        self._store_time = self._started
        self._sequence = -1
        self._superseded: list[int] = []
        self._renewing = asyncio.Lock()

    @property
    def name(self) -> str:
        """The key of the newest lease object of this session."""
        return names.lease_name(self._owner, self._sequence)

    @property
    def store_time(self) -> datetime.datetime:
        """The store's own time when the newest lease object was put."""
        return self._store_time

    async def acquire(self, write_id: str) -> None:
        """Takes over from an earlier session of the same backup, or begins.

        Raises:
            LeaseLost: another session of the same backup began at the same moment.
            ClockSkewed: the clocks of this machine and of the store differ too much.
        """
        self._write_id = write_id
        self._superseded = await self._existing()
        self._sequence = max(self._superseded, default=-1)
        try:
            self._valid_until = await self._put_next()
            self._refuse_if_over()
        except (ClockSkewed, LeaseLost):
            await self.release()
            raise

    async def renew(self) -> None:
        """Prolongs the lease.

        Raises:
            LeaseLost: it ran out before, or another session took it over.
            ClockSkewed: the clocks of this machine and of the store differ too much.
        """
        async with self._renewing:
            self._refuse_if_over()
            previous = self._sequence
            valid_until = await self._put_next()
            # In between nobody may have seen it over: one that arrives too late does not count.
            self._refuse_if_over()
            self._valid_until = valid_until
            self._superseded.append(previous)
            await self._remove_superseded()

    async def check(self) -> None:
        """Makes sure that a commit may begin.

        Raises:
            LeaseLost: too little time is left, or another session took it over.
        """
        remaining = self.remaining_seconds()
        if remaining < self._limits.commit_margin_seconds:
            raise LeaseLost(
                f"The lease of backup {self._owner} is valid for {max(remaining, 0):.0f} s "
                f"more; a commit needs {self._limits.commit_margin_seconds:.0f} s."
            )
        if max(await self._existing(), default=-1) != self._sequence:
            raise LeaseLost(f"Another session took over backup {self._owner}.")
        await self._read_back(self.name)

    async def release(self) -> None:
        """Gives the lease back; what cannot be removed runs out by itself."""
        if self._sequence >= 0:
            self._superseded.append(self._sequence)
        with contextlib.suppress(StoreUnavailable):
            await self._remove_superseded()

    def remaining_seconds(self) -> float:
        """How long it is still valid, by the clock."""
        return (self._valid_until - self._clock.now()).total_seconds()

    def _refuse_if_over(self) -> None:
        if self.remaining_seconds() <= 0:
            raise LeaseLost(f"The lease of backup {self._owner} ran out unrenewed.")

    async def _existing(self) -> list[int]:
        found = [
            names.number_of(item.key, names.LEASES, self._owner)
            async for item in self._store.list(names.LEASES)
        ]
        return sorted(number for number in found if number is not None)

    async def _put_next(self) -> datetime.datetime:
        """Puts the next lease object; until when it is valid."""
        before = self._clock.now()
        valid_until = before + datetime.timedelta(seconds=self._limits.lease_seconds)
        content = LeaseContent(self._owner, self._kind, self._write_id, self._started, valid_until)
        name = names.lease_name(self._owner, self._sequence + 1)
        data = LEASE.encode(self._sealer, name, content)
        if not await self._store.put_new(name, [data]):
            content = await self._read_back(name)
            before = self._started
        self._sequence += 1
        await self._look_up(name, before)
        return content.valid_until

    async def _read_back(self, name: str) -> LeaseContent:
        """An earlier attempt of ours may have arrived although its answer was lost."""
        try:
            content = LEASE.decode(self._sealer, name, await self._store.get(name))
        except ObjectMissing:
            content = None
        if content is None or content.write_id != self._write_id:
            raise LeaseLost(f"Another session took over backup {self._owner}.")
        return content

    async def _look_up(self, name: str, before: datetime.datetime) -> None:
        info = await self._store.head(name)
        if info is None:
            raise LeaseLost(f"The lease {name} vanished as soon as it was written.")
        self._store_time = info.last_modified
        skew = datetime.timedelta(seconds=self._limits.skew_seconds)
        now = self._clock.now()
        if not before - skew <= info.last_modified <= now + skew:
            raise ClockSkewed(
                f"The clock of this machine says {now:%Y-%m-%d %H:%M:%S} UTC, the vault's store "
                f"{info.last_modified:%Y-%m-%d %H:%M:%S} UTC: set the wrong one right, they may "
                f"differ by {self._limits.skew_seconds / 60:.0f} minutes."
            )

    async def _remove_superseded(self) -> None:
        while self._superseded:
            await self._store.delete(names.lease_name(self._owner, self._superseded[-1]))
            self._superseded.pop()


async def keep_renewing(renew: Callable[[], Awaitable[None]], limits: Limits) -> None:
    """Renews in time; a renewal that fails is tried again sooner, one that is refused ends it."""
    pause = limits.lease_renew_seconds
    while True:
        await asyncio.sleep(pause)
        try:
            await renew()
            pause = limits.lease_renew_seconds
        except StoreUnavailable as error:
            _logger.warning("The lease could not be renewed: %s", error)
            pause = limits.lease_renew_seconds / 10
        except (LeaseLost, ClockSkewed) as error:
            _logger.error("%s", error)
            return
