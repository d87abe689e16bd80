"""Brings objects from one store to another, each one checked on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from sitekeep_shared.vault import names
from sitekeep_shared.vault.copy_report import CopyTally
from sitekeep_shared.vault.errors import DamagedObject, DeleteRefused, ObjectMissing
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.soundness import check_object
from sitekeep_shared.vault.store import Store

_AT_ONCE = 4


class ObjectCopier:
    """Knows both stores, and what the second one holds already."""

    def __init__(self, source: Store, destination: Store, sealer: Sealer, tally: CopyTally) -> None:
        self._source = source
        self._destination = destination
        self._sealer = sealer
        self._tally = tally
        self._sizes: dict[str, int] = {}
        self._healed: set[str] = set()

    async def look_over(self, prefixes: Iterable[str]) -> None:
        """Learns what the destination holds."""
        for prefix in prefixes:
            async for item in self._destination.list(prefix):
                self._sizes[item.key] = item.size_bytes

    def is_there(self, name: str, size_bytes: int | None = None) -> bool:
        """Whether the destination holds an object, with that size."""
        found = self._sizes.get(name)
        return found is not None and size_bytes in (None, found)

    def there(self, prefix: str) -> list[str]:
        """The names below a prefix that the destination holds."""
        return sorted(name for name in self._sizes if name.startswith(prefix))

    async def clear(self, name: str) -> None:
        """Removes from the destination what stands in an object's place.

        Raises:
            DeleteRefused: the destination keeps it.
        """
        await self._destination.delete(name)
        del self._sizes[name]

    async def bring_all(self, wanted: Iterable[tuple[str, int]], *, heal: bool) -> bool:
        """Brings several objects, given with their sizes; whether all are there now."""
        slots = asyncio.Semaphore(_AT_ONCE)

        async def bring(name: str, size_bytes: int) -> bool:
            async with slots:
                if heal:
                    await self.heal(name)
                return await self.bring(name, size_bytes)

        return all(await asyncio.gather(*(bring(name, size) for name, size in wanted)))

    async def bring(self, name: str, size_bytes: int | None = None) -> bool:
        """Brings one object unless it is there; False when that is not possible.

        Raises:
            ObjectMissing: the source no longer has it; never where a size says that it has to.
            BackupNotFound: no backup stands under the name.
        """
        if self.is_there(name, size_bytes):
            return True
        if name in self._sizes:
            self._note(name, f"The copy's object {name} has another size than it has to have.")
            return False
        try:
            data = await self._sound(self._source, name)
        except DamagedObject as damage:
            self._note(name, str(damage))
            return False
        except ObjectMissing as error:
            if size_bytes is None:
                raise
            self._note(name, str(error))
            return False
        if await self._destination.put_new(name, [data]):
            self._tally.copied_objects += 1
            self._tally.copied_bytes += len(data)
        self._sizes[name] = len(data)
        return True

    async def heal(self, name: str) -> None:
        """Reads an object on both sides; where one is damaged, puts the other's in its place."""
        if name in self._healed:
            return
        self._healed.add(name)
        here, there = await asyncio.gather(self._tried(self._source, name), self._copy_of(name))
        if isinstance(here, bytes) and isinstance(there, DamagedObject):
            await self._replace(self._destination, name, here)
            self._sizes[name] = len(here)
        elif isinstance(there, bytes) and _is_to_return(name, here):
            await self._replace(self._source, name, there)
        elif isinstance(there, DamagedObject):
            self._note(name, f"{there} So is the other one.")

    async def _copy_of(self, name: str) -> bytes | DamagedObject | None:
        return await self._tried(self._destination, name) if name in self._sizes else None

    async def _tried(self, store: Store, name: str) -> bytes | DamagedObject | None:
        try:
            return await self._sound(store, name)
        except DamagedObject as damage:
            return damage
        except ObjectMissing:
            return None

    async def _sound(self, store: Store, name: str) -> bytes:
        data = await store.get(name)
        await check_object(self._sealer, name, data)
        return data

    async def _replace(self, store: Store, name: str, data: bytes) -> None:
        # Nothing is lost by a crash in between: the next healing finds it missing.
        try:
            await store.delete(name)
            await store.put_new(name, [data])
        except DeleteRefused as refusal:
            self._note(name, str(refusal))
            return
        self._tally.healed.append(name)

    def _note(self, name: str, said: str) -> None:
        self._tally.damaged[name] = said


def _is_to_return(name: str, here: bytes | DamagedObject | None) -> bool:
    """Whether the source needs what the copy has: of other kinds than packs it may have removed
    what it does not have."""
    return isinstance(here, DamagedObject) or (here is None and name.startswith(names.PACKS))
