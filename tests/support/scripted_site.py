"""A small server whose answers a test writes down, and time that moves only when slept."""

from __future__ import annotations

import datetime
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from multidict import CIMultiDictProxy

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.atlassian.limiter import SiteLimiter
from sitekeep_shared.atlassian.retry import RetryPolicy
from sitekeep_shared.atlassian.transport import Timeouts
from sitekeep_shared.clock import ManualClock

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CREDENTIALS = Credentials("robot@example.com", "secret-token-123")


class MovedTime:
    """Sleeping moves this time, nothing else does."""

    def __init__(self) -> None:
        self.clock = ManualClock(datetime.datetime(2026, 1, 1, 12, 0, tzinfo=datetime.UTC))
        self.slept: list[float] = []
        self._seconds = 1000.0

    async def sleep(self, seconds: float) -> None:
        """Moves the time."""
        self.slept.append(seconds)
        self._seconds += seconds
        self.clock.advance(datetime.timedelta(seconds=seconds))

    def monotonic(self) -> float:
        """Seconds since some start."""
        return self._seconds


@dataclass(frozen=True)
class Received:
    """One request as the server saw it."""

    method: str
    raw_path: str
    headers: CIMultiDictProxy[str]
    body: bytes


@dataclass
class ScriptedSite:
    """Answers with its handlers in order; the last one answers all further requests."""

    base_url: str = ""
    handlers: list[Handler] = field(default_factory=list[Handler])
    received: list[Received] = field(default_factory=list[Received])

    def answers(self, *handlers: Handler) -> None:
        """Writes down what is answered from now on."""
        self.handlers = list(handlers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answers with the next handler."""
        body = await request.read()
        self.received.append(Received(request.method, request.raw_path, request.headers, body))
        handler = self.handlers[0] if len(self.handlers) == 1 else self.handlers.pop(0)
        return await handler(request)


@asynccontextmanager
async def scripted_site(*handlers: Handler) -> AsyncGenerator[ScriptedSite]:
    """Runs a scripted site on a free port."""
    site = ScriptedSite(handlers=list(handlers))
    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{tail:.*}", site.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        site.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield site
    finally:
        await runner.cleanup()


def answer(
    status: int = 200, body: bytes | str = b"{}", headers: dict[str, str] | None = None
) -> Handler:
    """A handler that always answers so; the body is JSON unless the headers say otherwise."""
    content = body.encode() if isinstance(body, str) else body
    all_headers = {"Content-Type": "application/json", **(headers or {})}

    async def handle(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=content, headers=all_headers)

    return handle


async def cut(request: web.Request) -> web.StreamResponse:
    """A handler that closes the connection instead of answering."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


def client_of(
    base_url: str,
    time: MovedTime,
    *,
    policy: RetryPolicy | None = None,
    timeouts: Timeouts | None = None,
    limiter: SiteLimiter | None = None,
    site_url: str | None = None,
) -> SiteClient:
    """A client whose time is moved by the test."""
    return SiteClient(
        base_url,
        CREDENTIALS,
        limiter=limiter or SiteLimiter(sleep=time.sleep, monotonic=time.monotonic),
        clock=time.clock,
        policy=policy,
        timeouts=timeouts,
        site_url=site_url,
        sleep=time.sleep,
    )
