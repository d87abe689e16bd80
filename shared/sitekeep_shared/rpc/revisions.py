"""Tells those who watch operations of each change: one question for all, however many watch."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager

from sitekeep_shared import facts
from sitekeep_shared.errors import InternalError, SitekeepError, Unavailable
from sitekeep_shared.rpc.names import identifier_of
from sitekeep_shared.rpc.operation_store import OperationStore, Snapshot

_log = logging.getLogger(__name__)

POLL_SECONDS = 0.25
"""Between two looks at the revisions: the longest that a change stays untold."""

AGAIN_AFTER = datetime.timedelta(seconds=1)
"""What a client waits before it watches again at a server that comes back."""


class Watched:
    """An operation that somebody watches; all who do share it, and what is built for them."""

    def __init__(self, store: OperationStore, name: str) -> None:
        self.name = name
        self.watchers = 0
        self.latest: Snapshot | None = None
        self.revision = 0
        """The newest that was looked at; it may show what an older one showed already."""
        self._store = store
        self._changed = asyncio.Event()
        self._end: Callable[[], SitekeepError] | None = None

    async def now(self) -> Snapshot:
        """The operation as it stands.

        Raises:
            InvalidRequest: the name is malformed.
            NotFound: there is none.
        """
        row = await self._store.row(self.name)
        if self.latest is None or self.revision < row.revision:
            return self.show(await self._store.snapshot(row))
        return self.latest

    async def after(self, shown: Snapshot) -> Snapshot:
        """The operation once it has changed since; changes in between may be passed over.

        Raises:
            Unavailable: the server shuts down.
        """
        while self.latest is None or self.latest.revision <= shown.revision:
            if self._end is not None:
                raise self._end()
            await self._changed.wait()
        return self.latest

    def show(self, snapshot: Snapshot) -> Snapshot:
        """Wakes those who wait unless they have seen it; answers the newest that is known."""
        if self.latest is not None and self.revision >= snapshot.revision:
            return self.latest
        self.revision = snapshot.revision
        if self.latest is None or self.latest.message != snapshot.message:
            self.latest = snapshot
            self._wake()
        return self.latest

    def end(self, error: Callable[[], SitekeepError]) -> None:
        """Ends all who wait with an error, each with one of its own."""
        self._end = error
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class Revisions:
    """Looks at the revisions of the watched operations while there are any."""

    def __init__(self, store: OperationStore, stop: asyncio.Event) -> None:
        """``stop`` says that the server shuts down."""
        self._store = store
        self._stop = stop
        self._watched: dict[str, Watched] = {}
        self._task: asyncio.Task[None] | None = None
        self._failing = False

    @property
    def watchers(self) -> int:
        """How many watch."""
        return sum(watched.watchers for watched in self._watched.values())

    @property
    def idle(self) -> bool:
        """Whether nothing is looked at."""
        return self._task is None

    @contextmanager
    def watch(self, name: str) -> Generator[Watched]:
        """An operation, watched until the block is left."""
        watched = self._watched.setdefault(name, Watched(self._store, name))
        watched.watchers += 1
        if self._task is None:
            self._task = asyncio.create_task(self._look_again_and_again(), name="revisions")
        try:
            yield watched
        finally:
            watched.watchers -= 1
            if not watched.watchers:
                del self._watched[name]

    async def close(self) -> None:
        """Ends the task; nobody watches any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _look_again_and_again(self) -> None:
        while self._watched and not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._stop.wait()
            await self._look_once()
        for watched in self._watched.values():
            watched.end(_shutting_down)
        self._task = None

    async def _look_once(self) -> None:
        try:
            await self._look()
        except Exception as error:
            # Whoever watches sees a pause; the first of a row of errors tells why.
            if not self._failing:
                _log.warning("changes of operations cannot be read now", exc_info=error)
            self._failing = True
        else:
            self._failing = False

    async def _look(self) -> None:
        known = {
            identifier_of(watched.name): watched
            for watched in self._watched.values()
            if watched.latest is not None and not watched.latest.done
        }
        if not known:
            return
        revisions = await self._store.revisions(list(known))
        changed: list[str] = []
        for identifier, watched in known.items():
            if identifier not in revisions:
                watched.end(_gone(watched.name))
            elif watched.revision < revisions[identifier]:
                changed.append(identifier)
        await self._show(known, changed)

    async def _show(self, known: dict[str, Watched], changed: Sequence[str]) -> None:
        for row in await self._store.rows(changed):
            try:
                known[row.id].show(await self._store.snapshot(row))
            except (LookupError, TypeError, ValueError, AttributeError):
                # It must not keep the others from being told.
                _log.exception("operation %s cannot be shown", row.id)
                known[row.id].end(_defect)


def _shutting_down() -> SitekeepError:
    return Unavailable(
        "SERVER_SHUTTING_DOWN",
        "The server is shutting down. Watch again: the operation goes on when it is back.",
        retry_after=AGAIN_AFTER,
    )


def _gone(name: str) -> Callable[[], SitekeepError]:
    return lambda: facts.not_found("Operation", name)


def _defect() -> SitekeepError:
    return InternalError(
        "INTERNAL_ERROR", "The operation cannot be shown. The log of the server has the details."
    )
