"""Stages files and large records: one blob up to a size, content-defined chunks above."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator

from sitekeep_shared.vault.chunks import Chunker, FastCdcChunker
from sitekeep_shared.vault.entry import StoredFile
from sitekeep_shared.vault.limits import MIB, Limits
from sitekeep_shared.vault.pack import PackKind
from sitekeep_shared.vault.staging import Staging

_HASH_BATCH_BYTES = 1 * MIB


async def stage_file(
    staging: Staging,
    limits: Limits,
    large_files: asyncio.Semaphore,
    chunks: AsyncIterator[bytes],
) -> tuple[StoredFile, tuple[bytes, ...]]:
    """Stages a file as its bytes come; returns its size, its digest and the ids of its blobs."""
    async with contextlib.AsyncExitStack() as stack:
        file = _FileStager(staging, PackKind.FILES, FastCdcChunker(limits))
        async for chunk in chunks:
            if not file.is_large and file.size_bytes + len(chunk) > limits.single_blob_bytes:
                await stack.enter_async_context(large_files)
                file.is_large = True
            await file.feed(chunk)
        return await file.finish()


async def stage_record(staging: Staging, limits: Limits, payload: bytes) -> tuple[bytes, ...]:
    """Stages a record that is too large for one blob."""
    record = _FileStager(staging, PackKind.RECORDS, FastCdcChunker(limits))
    record.is_large = True
    await record.feed(payload)
    return (await record.finish())[1]


class _FileStager:
    """A file while it comes in."""

    def __init__(self, staging: Staging, kind: PackKind, chunker: Chunker) -> None:
        self._staging = staging
        self._kind = kind
        self._chunker = chunker
        self._buffer = bytearray()
        self._hashed = 0
        self._sha256 = hashlib.sha256()
        self._blobs: list[bytes] = []
        self.size_bytes = 0
        self.is_large = False

    async def feed(self, chunk: bytes) -> None:
        """Takes the next bytes."""
        self._buffer += chunk
        self.size_bytes += len(chunk)
        if len(self._buffer) - self._hashed >= _HASH_BATCH_BYTES:
            await self._hash()
        while self.is_large and len(self._buffer) >= self._chunker.max_bytes:
            await self._stage_chunk()

    async def finish(self) -> tuple[StoredFile, tuple[bytes, ...]]:
        """Stages what is left."""
        while self.is_large and self._buffer:
            await self._stage_chunk()
        if self._buffer:
            await self._stage(len(self._buffer))
        return StoredFile(self.size_bytes, self._sha256.hexdigest()), tuple(self._blobs)

    async def _stage_chunk(self) -> None:
        await self._stage(await asyncio.to_thread(self._cut))

    async def _stage(self, length: int) -> None:
        await self._hash()
        with memoryview(self._buffer) as view:
            payload = bytes(view[:length])
        del self._buffer[:length]
        self._hashed -= length
        self._blobs.append(await self._staging.put(self._kind, payload))

    async def _hash(self) -> None:
        if len(self._buffer) - self._hashed <= 2048:
            self._update()
        else:
            await asyncio.to_thread(self._update)
        self._hashed = len(self._buffer)

    def _update(self) -> None:
        with memoryview(self._buffer) as view, view[self._hashed :] as fresh:
            self._sha256.update(fresh)

    def _cut(self) -> int:
        with memoryview(self._buffer) as view:
            return self._chunker.cut(view)
