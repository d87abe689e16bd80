"""A server between a store and its client that goes wrong once, in the ways servers go wrong."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

_OF_A_CONNECTION = ("Host", "Connection", "Transfer-Encoding", "Content-Length", "Date", "Server")
_LARGEST_BODY = 80 * 1024 * 1024

Headers = CIMultiDict[str]
Act = Callable[["Exchange"], Awaitable[web.StreamResponse]]


@dataclass
class Answer:
    """What the store behind the proxy answered."""

    status: int
    headers: Headers
    body: bytes

    def response(self) -> web.Response:
        """The same, as it is sent on."""
        return web.Response(status=self.status, headers=self.headers, body=self.body)


@dataclass
class Exchange:
    """One request on its way."""

    request: web.Request
    forward: Callable[[], Awaitable[Answer]]
    ended: asyncio.Event
    """Set when the proxy ends."""

    def cut(self) -> None:
        """Breaks the connection."""
        assert self.request.transport is not None
        self.request.transport.abort()


@dataclass
class Fault:
    """Happens to the first request that fits, and to each one when it is to stay."""

    name: str
    method: str
    part: str
    """Of the path or the query."""
    act: Act
    stays: bool = False
    fired: int = 0

    def fits(self, request: web.Request) -> bool:
        """Whether it is this request's turn."""
        due = self.stays or not self.fired
        where = (request.path, request.query_string)
        return due and request.method == self.method and any(self.part in text for text in where)


@dataclass
class FaultProxy:
    """Forwards everything but what a fault happens to."""

    upstream: str
    faults: list[Fault] = field(default_factory=list[Fault])
    rewrite: Callable[[str, Headers], None] = lambda _method, _headers: None
    """Changes the headers of a request, given its method."""
    mend: Callable[[str, Answer], Answer] = lambda _method, answer: answer
    """Changes an answer."""
    requests: list[str] = field(default_factory=list[str])
    url: str = ""

    def expect(self, name: str, method: str, part: str, act: Act, *, stays: bool = False) -> Fault:
        """Lets a fault happen."""
        fault = Fault(name, method, part, act, stays)
        self.faults.append(fault)
        return fault

    def require_all_fired(self) -> None:
        """A fault that never happened has proven nothing."""
        assert [fault.name for fault in self.faults if not fault.fired] == []

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[FaultProxy]:
        """Listens on a free port."""
        self._ended = asyncio.Event()
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        async with aiohttp.ClientSession(auto_decompress=False) as self._session:
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            self.url = f"http://{host}:{port}"
            try:
                yield self
            finally:
                self._ended.set()
                await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path}")
        body = await request.read()
        exchange = Exchange(request, lambda: self._forward(request, body), self._ended)
        for fault in self.faults:
            if fault.fits(request):
                fault.fired += 1
                return await fault.act(exchange)
        return (await exchange.forward()).response()

    async def _forward(self, request: web.Request, body: bytes) -> Answer:
        headers = _passed_on(request.headers.copy())
        self.rewrite(request.method, headers)
        async with self._session.request(
            request.method,
            URL(self.upstream + request.raw_path, encoded=True),
            headers=headers,
            data=io.BytesIO(body),
            allow_redirects=False,
        ) as found:
            passed = _passed_on(found.headers.copy())
            answer = Answer(found.status, passed, await found.read())
            if request.method == "HEAD":
                passed["Content-Length"] = found.headers.get("Content-Length", "0")
            return self.mend(request.method, answer)


def _passed_on(headers: Headers) -> Headers:
    for name in _OF_A_CONNECTION:
        headers.popall(name, None)
    return headers


def refuse(status: int, code: str, message: str = "said the proxy") -> Act:
    """Answers in the place of the store."""

    async def act(_: Exchange) -> web.StreamResponse:
        return web.Response(status=status, text=_xml(code, message), content_type="application/xml")

    return act


def done_but(status: int, code: str) -> Act:
    """The store does it, and says that it has failed."""

    async def act(exchange: Exchange) -> web.StreamResponse:
        await exchange.forward()
        return web.Response(status=status, text=_xml(code, "said the proxy"))

    return act


async def lose_answer(exchange: Exchange) -> web.StreamResponse:
    """The store does it, and the connection breaks before it can say so."""
    await exchange.forward()
    exchange.cut()
    return web.Response()


async def reset(exchange: Exchange) -> web.StreamResponse:
    """The connection breaks before the store has heard anything."""
    exchange.cut()
    return web.Response()


async def stall(exchange: Exchange) -> web.StreamResponse:
    """Nothing is ever answered, and nothing done."""
    await exchange.ended.wait()
    return web.Response()


async def stall_after(exchange: Exchange) -> web.StreamResponse:
    """The store does it; nothing is ever answered."""
    await exchange.forward()
    return await stall(exchange)


async def cut_body(exchange: Exchange) -> web.StreamResponse:
    """Half of the answer comes, then the connection breaks."""
    answer = await exchange.forward()
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(answer.body)
    await response.prepare(exchange.request)
    await response.write(answer.body[: len(answer.body) // 2])
    exchange.cut()
    return response


def _xml(code: str, message: str) -> str:
    return f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
