"""Single statements, read in threads that each keep one connection."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Executable, Select
from sqlalchemy.exc import DBAPIError

from sitekeep_shared.database.prepared import Prepared, Rows

MOST_AT_ONCE = 32
"""Answers that come back together; those behind them wait no longer than that."""


@dataclass(eq=False, slots=True)
class _Job:
    statement: Executable
    parameters: Mapping[str, Any]
    answer: asyncio.Future[Rows]
    rows: Rows = ()
    error: Exception | None = None

    def deliver(self) -> None:
        """Runs in the loop; a caller that was cancelled waits no more."""
        if self.answer.done():
            return
        if self.error is not None:
            self.answer.set_exception(self.error)
        else:
            self.answer.set_result(self.rows)


class StatementReader:
    """Runs a statement with one hop to a thread, where the asynchronous drivers take many.

    What a thread finds to do at once comes back at once: many calls wake the loop only once.
    """

    def __init__(self, engine: Engine, threads: int) -> None:
        """Takes an engine that commits by itself. The threads start at the first use."""
        self._engine = engine
        self._count = threads
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    async def fetch(self, statement: Executable, parameters: Mapping[str, Any]) -> Rows:
        """All rows of the statement. Raises SQLAlchemy's errors."""
        if not self._threads:
            self._start()
        answer: asyncio.Future[Rows] = self._loop.create_future()
        self._jobs.put(_Job(statement, parameters, answer))
        return await answer

    async def close(self) -> None:
        """Lets what was asked for come back, then closes the connections."""
        threads, self._threads = self._threads, []
        for _ in threads:
            self._jobs.put(None)
        for thread in threads:
            await asyncio.to_thread(thread.join)
        self._engine.dispose()

    def _start(self) -> None:
        # Kept, because to ask for it is a system call each time.
        self._loop = asyncio.get_running_loop()
        self._threads = [
            threading.Thread(target=self._serve, name="reader", daemon=True)
            for _ in range(self._count)
        ]
        for thread in self._threads:
            thread.start()

    def _serve(self) -> None:
        session = _Session(self._engine)
        while self._serve_some(session):
            pass
        session.close()

    def _serve_some(self, session: _Session) -> bool:
        """Does what there is to do, waiting for the first job; False once no more will come."""
        job = self._jobs.get()
        ended: list[_Job] = []
        try:
            while job is not None:
                session.answer(job)
                ended.append(job)
                if len(ended) == MOST_AT_ONCE:
                    return True
                job = self._jobs.get_nowait()
        except Empty:
            return True
        finally:
            self._loop.call_soon_threadsafe(_deliver, ended)
        return False


def _deliver(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        job.deliver()


class _Session:
    """The connection of a thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._prepared = WeakKeyDictionary[Executable, Prepared | None]()

    def answer(self, job: _Job) -> None:
        """Does a job."""
        try:
            job.rows = self._rows(job)
        except Exception as error:
            # It belongs to the caller; the thread goes on for the others.
            job.error = error

    def close(self) -> None:
        """Gives the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _rows(self, job: _Job) -> Rows:
        # A connection that broke while it lay idle is made anew.
        fresh = self._connection is None
        try:
            return self._execute(job)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            self.close()
            if fresh:
                raise
        return self._execute(job)

    def _execute(self, job: _Job) -> Rows:
        if self._connection is None:
            self._connection = self._engine.connect()
        prepared = self._prepared_of(job.statement)
        if prepared is not None:
            try:
                driver_connection = self._connection.connection.driver_connection
                return prepared.rows(driver_connection, job.parameters)
            except self._engine.dialect.loaded_dbapi.Error:
                # Once more below, for an error in SQLAlchemy's words.
                pass
        return self._connection.execute(job.statement, job.parameters).all()

    def _prepared_of(self, statement: Executable) -> Prepared | None:
        if statement not in self._prepared:
            prepared: Prepared | None = None
            if isinstance(statement, Select):
                with contextlib.suppress(NotImplementedError):
                    prepared = Prepared(cast(Select[Any], statement), self._engine.dialect)
            self._prepared[statement] = prepared
        return self._prepared[statement]
