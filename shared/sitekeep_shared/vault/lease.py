"""A session's lease: keeps collection away from what the session stages and reuses."""

from __future__ import annotations

import asyncio
import contextlib
import datetime

import msgspec

from sitekeep_shared.clock import Clock
from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import DamagedObject, LeaseLost, StoreUnavailable
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store

MAGIC = b"SKLEASE1"
SECTION = "lease"


class LeaseContent(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """What a lease object says, as sealed JSON."""

    backup_id: str
    write_id: str
    started: datetime.datetime
    """When the session that holds it began."""
    valid_until: datetime.datetime


def encode_lease(sealer: Sealer, name: str, content: LeaseContent) -> bytes:
    """The bytes of a lease object."""
    return MAGIC + sealer.seal(SECTION, name.encode(), msgspec.json.encode(content))


def decode_lease(sealer: Sealer, name: str, data: bytes) -> LeaseContent:
    """The reverse of encode_lease.

    Raises:
        DamagedObject: it is not what was written.
    """
    if not data.startswith(MAGIC):
        raise DamagedObject(name, "it does not start as a lease")
    plain = sealer.open(SECTION, name.encode(), data[len(MAGIC) :], name)
    try:
        return msgspec.json.decode(plain, type=LeaseContent)
    except msgspec.MsgspecError as error:
        raise DamagedObject(name, "it does not read as a lease") from error


class Lease:
    """The lease of one session. Renewing writes the next number; nothing is overwritten."""

    def __init__(
        self, store: Store, sealer: Sealer, clock: Clock, limits: Limits, backup_id: str
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._limits = limits
        self._backup_id = backup_id
        self._write_id = ""
        self._started = clock.now()
        self._valid_until = self._started
        self._sequence = -1
        self._superseded: list[int] = []
        self._renewing = asyncio.Lock()

    @property
    def name(self) -> str:
        """The key of the newest lease object of this session."""
        return names.lease_name(self._backup_id, self._sequence)

    async def acquire(self, write_id: str) -> None:
        """Takes over from an earlier session of the same backup, or begins.

        Raises:
            LeaseLost: another session of the same backup began at the same moment.
        """
        self._write_id = write_id
        self._superseded = await self._existing()
        self._sequence = max(self._superseded, default=-1)
        await self._put_next()

    async def renew(self) -> None:
        """Prolongs the lease.

        Raises:
            LeaseLost: it ran out before, or another session took it over.
        """
        async with self._renewing:
            if self.remaining_seconds() <= 0:
                raise LeaseLost(f"The lease of backup {self._backup_id} ran out unrenewed.")
            previous = self._sequence
            await self._put_next()
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
                f"The lease of backup {self._backup_id} is valid for {max(remaining, 0):.0f} s "
                f"more; a commit needs {self._limits.commit_margin_seconds:.0f} s."
            )
        if max(await self._existing(), default=-1) != self._sequence:
            raise LeaseLost(f"Another session took over backup {self._backup_id}.")

    async def release(self) -> None:
        """Gives the lease back; what cannot be removed runs out by itself."""
        if self._sequence >= 0:
            self._superseded.append(self._sequence)
        with contextlib.suppress(StoreUnavailable):
            await self._remove_superseded()

    def remaining_seconds(self) -> float:
        """How long it is still valid, by the clock."""
        return (self._valid_until - self._clock.now()).total_seconds()

    async def _existing(self) -> list[int]:
        found = [
            names.number_of(item.key, names.LEASES, self._backup_id)
            async for item in self._store.list(names.LEASES)
        ]
        return sorted(number for number in found if number is not None)

    async def _put_next(self) -> None:
        duration = datetime.timedelta(seconds=self._limits.lease_seconds)
        content = LeaseContent(
            self._backup_id, self._write_id, self._started, self._clock.now() + duration
        )
        name = names.lease_name(self._backup_id, self._sequence + 1)
        data = encode_lease(self._sealer, name, content)
        if not await self._store.put_new(name, [data]):
            content = await self._read_back(name)
        self._sequence += 1
        self._valid_until = content.valid_until

    async def _read_back(self, name: str) -> LeaseContent:
        """An earlier attempt of ours may have arrived although its answer was lost."""
        content = decode_lease(self._sealer, name, await self._store.get(name))
        if content.write_id != self._write_id:
            raise LeaseLost(f"Another session took over backup {self._backup_id}.")
        return content

    async def _remove_superseded(self) -> None:
        while self._superseded:
            await self._store.delete(names.lease_name(self._backup_id, self._superseded[-1]))
            self._superseded.pop()
