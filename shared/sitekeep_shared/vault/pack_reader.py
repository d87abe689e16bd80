"""Opens packs and frames with range reads; keeps the last ones, so that reading on is cheap."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from blake3 import blake3

from sitekeep_shared.vault import names
from sitekeep_shared.vault.blob_index import BlobPlace
from sitekeep_shared.vault.errors import DamagedObject, ObjectMissing
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.limits import KIB, Limits
from sitekeep_shared.vault.pack import (
    HEADER_BYTES,
    KEY_SECTION,
    TAIL,
    FrameCipher,
    FramePlace,
    decode_footer,
    decode_header,
    footer_start,
    key_binding,
    open_frame,
)
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store

_TAIL_READ_BYTES = 64 * KIB

FrameKey = tuple[bytes, int]


@dataclass(frozen=True)
class OpenPack:
    """What is needed to read a pack's frames."""

    name: str
    cipher: FrameCipher
    places: list[FramePlace]


class PackReader:
    """Reads blobs out of packs and checks every one of them."""

    def __init__(self, store: Store, sealer: Sealer, limits: Limits) -> None:
        self._store = store
        self._sealer = sealer
        self.limits = limits
        self._packs: OrderedDict[bytes, asyncio.Future[OpenPack]] = OrderedDict()
        self._frames: OrderedDict[FrameKey, asyncio.Future[bytes]] = OrderedDict()
        self._frame_bytes = 0

    async def blob(self, blob_id: bytes, place: BlobPlace) -> bytes:
        """A blob, proven to be the one of that id.

        Raises:
            DamagedObject: the pack is missing or altered.
            WrongKey: the keys lack the part that reads.
            StoreUnavailable: the store does not answer.
        """
        frame = await self._frame(place.pack, place.frame)
        payload = frame[place.offset : place.offset + place.length]
        if await self._hash(payload) != blob_id:
            name = names.pack_name(place.pack.pack_id)
            raise DamagedObject(name, f"a blob of its frame {place.frame} is another one")
        return payload

    async def close(self) -> None:
        """Forgets everything; what is being read is given up."""
        running: list[asyncio.Future[Any]] = [*self._packs.values(), *self._frames.values()]
        self._packs.clear()
        self._frames.clear()
        for future in running:
            future.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _hash(self, payload: bytes) -> bytes:
        key = self._sealer.blob_id_key
        if len(payload) <= self.limits.hash_inline_bytes:
            return blake3(payload, key=key).digest()
        return await asyncio.to_thread(lambda: blake3(payload, key=key).digest())

    async def _frame(self, pack: PackReference, number: int) -> bytes:
        """A decrypted frame; those who ask for the same one share the work."""
        key = (pack.pack_id, number)
        future = self._frames.get(key)
        if future is not None:
            self._frames.move_to_end(key)
            return await asyncio.shield(future)
        future = asyncio.ensure_future(self._read_frame(pack, number))
        self._frames[key] = future
        try:
            frame = await asyncio.shield(future)
        except BaseException:
            self._frames.pop(key, None)
            raise
        self._keep_frame(len(frame))
        return frame

    def _keep_frame(self, size_bytes: int) -> None:
        self._frame_bytes += size_bytes
        while self._frame_bytes > self.limits.frame_cache_bytes and len(self._frames) > 1:
            key, oldest = next(iter(self._frames.items()))
            if not oldest.done() or oldest.cancelled() or oldest.exception() is not None:
                return
            del self._frames[key]
            self._frame_bytes -= len(oldest.result())

    async def _read_frame(self, reference: PackReference, number: int) -> bytes:
        pack = await self._pack(reference)
        if number >= len(pack.places):
            raise DamagedObject(pack.name, f"it has no frame {number}")
        place = pack.places[number]
        stored = await self._range(pack.name, place.start, place.stored_bytes)
        return await asyncio.to_thread(open_frame, pack.cipher, number, place, stored, pack.name)

    async def _pack(self, reference: PackReference) -> OpenPack:
        future = self._packs.get(reference.pack_id)
        if future is not None:
            self._packs.move_to_end(reference.pack_id)
            return await asyncio.shield(future)
        future = asyncio.ensure_future(self._open_pack(reference))
        self._packs[reference.pack_id] = future
        try:
            pack = await asyncio.shield(future)
        except BaseException:
            self._packs.pop(reference.pack_id, None)
            raise
        while len(self._packs) > self.limits.pack_cache_count:
            self._packs.popitem(last=False)
        return pack

    async def _open_pack(self, reference: PackReference) -> OpenPack:
        name = names.pack_name(reference.pack_id)
        header = decode_header(self._sealer, name, await self._range(name, 0, HEADER_BYTES))
        binding = key_binding(header.nonce, header.kind)
        key = self._sealer.open_key(KEY_SECTION, binding, header.sealed_key, name)
        sealed = await self._footer(name, reference.size_bytes)
        places, _ = await asyncio.to_thread(decode_footer, self._sealer, header, name, sealed)
        cipher = FrameCipher(self._sealer.repository_id, header.nonce, header.kind, key)
        return OpenPack(name, cipher, places)

    async def _footer(self, name: str, size_bytes: int) -> bytes:
        """The sealed footer, mostly in one read."""
        tail_start = max(size_bytes - _TAIL_READ_BYTES, 0)
        tail = await self._range(name, tail_start, size_bytes - tail_start)
        start = footer_start(name, size_bytes, tail)
        if start < tail_start:
            tail = await self._range(name, start, tail_start - start) + tail
            tail_start = start
        return tail[start - tail_start : -TAIL.size]

    async def _range(self, name: str, start: int, length: int) -> bytes:
        try:
            data = await self._store.get_range(name, start, length)
        except ObjectMissing as error:
            raise DamagedObject(name, "it is missing") from error
        if len(data) != length:
            raise DamagedObject(name, "it is cut short")
        return data
