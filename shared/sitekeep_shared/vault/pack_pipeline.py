"""Turns blobs into packs in the store: frames, threads, background puts, back-pressure."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import SessionClosed
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.pack import PackKind, Rows
from sitekeep_shared.vault.pack_builder import BuiltPack, PackBuilder, RawFrame
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store


@dataclass(frozen=True)
class DurablePack:
    """A pack that is in the store and not yet in an index object."""

    reference: PackReference
    blobs: Rows


class PackPipeline:
    """Packs of one kind. ``add`` keeps the order of blobs; ``flush`` covers all added before it."""

    def __init__(
        self,
        kind: PackKind,
        store: Store,
        sealer: Sealer,
        limits: Limits,
        put_slots: asyncio.Semaphore,
    ) -> None:
        self._kind = kind
        self._store = store
        self._sealer = sealer
        self._limits = limits
        self._put_slots = put_slots
        self._ids: list[bytes] = []
        self._payloads: list[bytes] = []
        self._pending_bytes = 0
        self._queue: deque[RawFrame | asyncio.Future[None]] = deque()
        self._queued_bytes = 0
        self._work = asyncio.Event()
        self._progress = asyncio.Event()
        self._builder: PackBuilder | None = None
        self._puts: set[asyncio.Task[None]] = set()
        self._durable: list[DurablePack] = []
        self._failure: BaseException | None = None
        self._worker = asyncio.create_task(self._run())

    @property
    def is_full(self) -> bool:
        """Whether writers should wait for room."""
        return self._queued_bytes > self._limits.queued_frame_bytes

    def add(self, blob_id: bytes, payload: bytes) -> None:
        """Takes a blob. Waits for nothing, so that blobs keep their order."""
        if self._kind is PackKind.FILES and len(payload) > self._limits.own_frame_bytes:
            self._enqueue(RawFrame([blob_id], [payload], len(payload)))
            return
        self._ids.append(blob_id)
        self._payloads.append(payload)
        self._pending_bytes += len(payload)
        if self._pending_bytes >= self._limits.frame_bytes:
            self._close_frame()

    async def room(self) -> None:
        """Waits until less is queued; raises what stopped the pipeline."""
        while self.is_full:
            self._raise_failure()
            self._progress.clear()
            await self._progress.wait()
        self._raise_failure()

    async def flush(self) -> None:
        """Waits until all blobs added so far are in the store; raises what stopped the pipeline."""
        self._raise_failure()
        self._close_frame()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(done)
        self._work.set()
        await done

    def take_durable(self) -> list[DurablePack]:
        """The packs that became durable since the last call."""
        taken, self._durable = self._durable, []
        return taken

    async def close(self) -> None:
        """Drops what is not in the store; waits for what is on its way there."""
        self._worker.cancel()
        await asyncio.gather(self._worker, *self._puts, return_exceptions=True)
        self._fail(SessionClosed("The backup session was closed."))

    def _close_frame(self) -> None:
        if self._ids:
            self._enqueue(RawFrame(self._ids, self._payloads, self._pending_bytes))
            self._ids, self._payloads, self._pending_bytes = [], [], 0

    def _enqueue(self, frame: RawFrame) -> None:
        self._queue.append(frame)
        self._queued_bytes += frame.raw_bytes
        self._work.set()

    async def _run(self) -> None:
        try:
            while True:
                while not self._queue:
                    self._work.clear()
                    await self._work.wait()
                await self._handle(self._queue.popleft())
        except Exception as error:
            self._fail(error)

    async def _handle(self, item: RawFrame | asyncio.Future[None]) -> None:
        if isinstance(item, RawFrame):
            await self._append(item)
            return
        try:
            await self._close_pack()
        except Exception as error:
            _answer(item, error)
            raise
        # Answered apart, so that compressing goes on while the store syncs.
        waiting = asyncio.gather(*self._puts, return_exceptions=True)
        waiting.add_done_callback(lambda _: _answer(item, self._failure))

    async def _append(self, frame: RawFrame) -> None:
        if self._builder is None:
            self._builder = PackBuilder(self._kind, self._sealer, self._limits)
        await asyncio.to_thread(self._builder.add, frame)
        self._queued_bytes -= frame.raw_bytes
        self._progress.set()
        if self._builder.size_bytes >= self._limits.pack_target_bytes:
            await self._close_pack()

    async def _close_pack(self) -> None:
        self._raise_failure()
        builder, self._builder = self._builder, None
        if builder is None:
            return
        pack = await asyncio.to_thread(builder.finish)
        await self._put_slots.acquire()
        task = asyncio.create_task(self._put(pack))
        self._puts.add(task)
        task.add_done_callback(self._put_ended)

    async def _put(self, pack: BuiltPack) -> None:
        try:
            # An existing pack of that name has the same bytes: its name is their hash.
            await self._store.put_new(names.pack_name(pack.pack_id), pack.parts)
            reference = PackReference(pack.pack_id, pack.size_bytes)
            self._durable.append(DurablePack(reference, pack.blobs))
        except Exception as error:
            self._fail(error)
        finally:
            self._put_slots.release()

    def _put_ended(self, task: asyncio.Task[None]) -> None:
        self._puts.discard(task)

    def _fail(self, error: BaseException) -> None:
        """Nothing that comes after a lost pack may be called durable."""
        self._failure = self._failure or error
        self._progress.set()
        while self._queue:
            item = self._queue.popleft()
            if not isinstance(item, RawFrame):
                _answer(item, self._failure)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure


def _answer(future: asyncio.Future[None], failure: BaseException | None) -> None:
    if future.done():
        return
    if failure is None:
        future.set_result(None)
    else:
        future.set_exception(failure)
