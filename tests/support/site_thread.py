"""A simulated site in a thread of its own, for clients that wait for their answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

from aiohttp.typedefs import Middleware

from sitekeep_simulator.server import RunningSite, start_site
from sitekeep_simulator.site import SimulatedSite

_END_SECONDS = 30.0


@contextmanager
def site_in_thread(
    make: Callable[[], SimulatedSite], watch: Sequence[Middleware] = ()
) -> Generator[RunningSite]:
    """Serves a site until the context ends; the thread makes it, uses it and closes it."""
    started: Future[tuple[RunningSite, asyncio.Event]] = Future()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        site, ended = make(), asyncio.Event()
        running = await start_site(site, watch=watch)
        try:
            started.set_result((running, ended))
            await ended.wait()
        finally:
            await running.close()
            site.close()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="simulated site")
    thread.start()
    running, ended = started.result(_END_SECONDS)
    try:
        yield running
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(_END_SECONDS)
