"""Stages files and large records: one blob up to a size, content-defined chunks above."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable

from sitekeep_shared.vault.chunks import Chunker, FastCdcChunker
from sitekeep_shared.vault.entry import StoredFile
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.pack import PackKind
from sitekeep_shared.vault.staging import Staging


async def stage_file(
    staging: Staging,
    limits: Limits,
    large_files: asyncio.Semaphore,
    chunks: AsyncIterator[bytes],
) -> tuple[StoredFile, tuple[bytes, ...]]:
    """Stages a file as its bytes come; returns its size, its digest and the ids of its blobs."""
    async with contextlib.AsyncExitStack() as stack:
        chunker = FastCdcChunker(limits)
        file = _FileStager(staging, PackKind.FILES, chunker, limits.hash_inline_bytes)
        async for chunk in chunks:
            if not file.is_large and file.size_bytes + len(chunk) > limits.single_blob_bytes:
                await stack.enter_async_context(large_files)
                file.is_large = True
            await file.feed(chunk)
        return await file.finish()


async def stage_record(staging: Staging, limits: Limits, payload: bytes) -> tuple[bytes, ...]:
    """Stages a record that is too large for one blob."""
    chunker = FastCdcChunker(limits)
    record = _FileStager(staging, PackKind.RECORDS, chunker, limits.hash_inline_bytes)
    record.is_large = True
    await record.feed(payload)
    return (await record.finish())[1]


class _FileStager:
    """A file while it comes in. What one blob costs is done in one step of a thread."""

    def __init__(
        self, staging: Staging, kind: PackKind, chunker: Chunker, hash_inline_bytes: int
    ) -> None:
        self._staging = staging
        self._kind = kind
        self._chunker = chunker
        self._hash_inline_bytes = hash_inline_bytes
        self._pieces: list[bytes] = []
        self._waiting_bytes = 0
        self._buffer = bytearray()
        self._sha256 = hashlib.sha256()
        self._blobs: list[bytes] = []
        self.size_bytes = 0
        self.is_large = False

    async def feed(self, chunk: bytes) -> None:
        """Takes the next bytes."""
        self._pieces.append(chunk)
        self._waiting_bytes += len(chunk)
        self.size_bytes += len(chunk)
        while self.is_large and self._waiting_bytes >= self._chunker.max_bytes:
            await self._stage(self._cut)

    async def finish(self) -> tuple[StoredFile, tuple[bytes, ...]]:
        """Stages what is left."""
        while self._waiting_bytes:
            await self._stage(self._cut if self.is_large else self._whole)
        return StoredFile(self.size_bytes, self._sha256.hexdigest()), tuple(self._blobs)

    async def _stage(self, take: Callable[[], tuple[bytes, bytes]]) -> None:
        if self._waiting_bytes <= self._hash_inline_bytes:
            blob_id, payload = take()
        else:
            blob_id, payload = await asyncio.to_thread(take)
        self._waiting_bytes -= len(payload)
        await self._staging.add(self._kind, blob_id, payload)
        self._blobs.append(blob_id)

    def _whole(self) -> tuple[bytes, bytes]:
        """All of a file that is not large; mostly it came in one piece and is not copied."""
        payload = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces = []
        return self._named(payload)

    def _cut(self) -> tuple[bytes, bytes]:
        """The next chunk of a large file."""
        for piece in self._pieces:
            self._buffer += piece
        self._pieces = []
        with memoryview(self._buffer) as view:
            payload = bytes(view[: self._chunker.cut(view)])
        del self._buffer[: len(payload)]
        return self._named(payload)

    def _named(self, payload: bytes) -> tuple[bytes, bytes]:
        self._sha256.update(payload)
        return self._staging.blob_id(payload), payload
