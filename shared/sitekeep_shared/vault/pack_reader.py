"""Opens packs and frames with range reads; keeps the last ones, so that reading on is cheap."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy
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
    Rows,
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
    blob_counts: list[int]
    """How many blobs each frame holds."""


@dataclass(frozen=True)
class OpenFrame:
    """The blobs of a frame, one behind the other."""

    data: bytes
    blob_id: bytes
    """The id that the whole frame gives, empty where it holds several blobs."""


class PackReader:
    """Reads blobs out of packs and checks every one of them.

    Whoever reads on finds the next frame already open: it is read while this one is used.
    """

    def __init__(self, store: Store, sealer: Sealer, limits: Limits) -> None:
        self._store = store
        self._sealer = sealer
        self.limits = limits
        self._packs: OrderedDict[bytes, asyncio.Future[OpenPack]] = OrderedDict()
        self._frames: OrderedDict[FrameKey, asyncio.Future[OpenFrame]] = OrderedDict()
        self._frame_bytes = 0
        self._last: FrameKey = (b"", -1)

    async def blob(self, blob_id: bytes, place: BlobPlace) -> bytes:
        """A blob, proven to be the one of that id.

        Raises:
            DamagedObject: the pack is missing or altered.
            WrongKey: the keys lack the part that reads.
            StoreUnavailable: the store does not answer.
        """
        frame = await self._frame(place.pack, place.frame)
        payload = frame.data[place.offset : place.offset + place.length]
        if payload is frame.data and frame.blob_id:
            found = frame.blob_id
        else:
            found = await self._hash(payload)
        if found != blob_id:
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
        if len(payload) <= self.limits.hash_inline_bytes:
            return self._blob_id(payload)
        return await asyncio.to_thread(self._blob_id, payload)

    def _blob_id(self, payload: bytes) -> bytes:
        return blake3(payload, key=self._sealer.blob_id_key).digest()

    async def _frame(self, pack: PackReference, number: int) -> OpenFrame:
        """A decrypted frame; those who ask for the same one share the work."""
        key = (pack.pack_id, number)
        future = self._frames.get(key)
        if future is None:
            future = self._begin(pack, number)
        if not future.done():
            await asyncio.wait((future,))
        frame = future.result()
        if key != self._last:
            self._used(pack, number)
        return frame

    def _begin(self, pack: PackReference, number: int) -> asyncio.Future[OpenFrame]:
        key = (pack.pack_id, number)
        future = asyncio.ensure_future(self._read_frame(pack, number))
        self._frames[key] = future
        future.add_done_callback(lambda _: self._ended(key, future))
        return future

    def _ended(self, key: FrameKey, future: asyncio.Future[OpenFrame]) -> None:
        """Keeps a frame that was read; one that failed is read anew when it is asked for again."""
        if future.cancelled() or future.exception() is not None:
            if self._frames.get(key) is future:
                del self._frames[key]
            return
        self._frame_bytes += len(future.result().data)
        while self._frame_bytes > self.limits.frame_cache_bytes and len(self._frames) > 1:
            oldest, frame = next(iter(self._frames.items()))
            if not frame.done():
                return
            del self._frames[oldest]
            self._frame_bytes -= len(frame.result().data)

    def _used(self, pack: PackReference, number: int) -> None:
        """Reads ahead, but only for those who read one frame after the other."""
        key = (pack.pack_id, number)
        if key in self._frames:
            self._frames.move_to_end(key)
        reads_on = self._last == (pack.pack_id, number - 1)
        self._last = key
        opened = self._packs.get(pack.pack_id)
        if not reads_on or opened is None or not opened.done():
            return
        is_there = number + 1 < len(opened.result().places)
        if is_there and (pack.pack_id, number + 1) not in self._frames:
            self._begin(pack, number + 1)

    async def _read_frame(self, reference: PackReference, number: int) -> OpenFrame:
        pack = await self._pack(reference)
        if number >= len(pack.places):
            raise DamagedObject(pack.name, f"it has no frame {number}")
        place = pack.places[number]
        stored = await self._range(pack.name, place.start, place.stored_bytes)
        return await asyncio.to_thread(self._open_frame, pack, number, stored)

    def _open_frame(self, pack: OpenPack, number: int, stored: bytes) -> OpenFrame:
        data = open_frame(pack.cipher, number, pack.places[number], stored, pack.name)
        return OpenFrame(data, self._blob_id(data) if pack.blob_counts[number] == 1 else b"")

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

    async def table(self, reference: PackReference) -> Rows:
        """Which blobs a pack holds, one BLOB_ROW each, as the pack itself says.

        Raises:
            DamagedObject: the pack is missing or altered.
            StoreUnavailable: the store does not answer.
        """
        name = names.pack_name(reference.pack_id)
        header = decode_header(self._sealer, name, await self._range(name, 0, HEADER_BYTES))
        sealed = await self._footer(name, reference.size_bytes)
        return decode_footer(self._sealer, header, name, sealed)[1]

    async def _open_pack(self, reference: PackReference) -> OpenPack:
        name = names.pack_name(reference.pack_id)
        header = decode_header(self._sealer, name, await self._range(name, 0, HEADER_BYTES))
        binding = key_binding(header.nonce, header.kind)
        key = self._sealer.open_key(KEY_SECTION, binding, header.sealed_key, name)
        sealed = await self._footer(name, reference.size_bytes)
        places, blobs = await asyncio.to_thread(decode_footer, self._sealer, header, name, sealed)
        cipher = FrameCipher(self._sealer.repository_id, header.nonce, header.kind, key)
        counts = numpy.bincount(blobs["frame"], minlength=len(places)).tolist()
        return OpenPack(name, cipher, places, counts)

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
