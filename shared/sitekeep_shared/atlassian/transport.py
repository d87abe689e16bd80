"""Sends requests: limiter, credentials, judgement of failures, repeats."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
from aiohttp.payload import Payload

from sitekeep_shared.atlassian.answers import BODY_LIMIT, refusal
from sitekeep_shared.atlassian.call import Body, Call
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.atlassian.errors import AmbiguousWrite, SiteError, SiteUnavailable
from sitekeep_shared.atlassian.limiter import Permit, SiteLimiter, Sleep
from sitekeep_shared.atlassian.retry import RetryPolicy, Trial
from sitekeep_shared.atlassian.throttling import Throttle, read_delay, read_throttle
from sitekeep_shared.atlassian.traffic import Traffic
from sitekeep_shared.clock import Clock

T = TypeVar("T")
Consume = Callable[[aiohttp.ClientResponse], Awaitable[T]]
"""Reads what is wanted of a good answer. Raises GarbledAnswer where it makes no sense."""

log = logging.getLogger("sitekeep.atlassian")

_CONNECTIONS_PER_HOST = 64
_READ_BUFFER = 256 * 1024
_TOO_MANY_REQUESTS = 429
_SERVICE_UNAVAILABLE = 503
_REQUEST_TIMEOUT = 408

LARGE = 1 << 20
"""Bytes of a body that would hold up everything else if they were written at once."""


class ConnectionLost(aiohttp.ClientError):
    """The connection ended after the request was, or may have been, sent."""


class GarbledAnswer(Exception):
    """A good status with a body that is not what such an answer looks like."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Bounds on one attempt, in seconds."""

    connect: float = 15.0
    silence: float = 120.0
    """Between two reads; a large bulk answer takes a while to begin."""
    total: float = 300.0
    """For everything but files."""


@dataclass(frozen=True, slots=True)
class Setback:
    """An attempt that may be repeated."""

    status: int | None
    cause: str
    """Half a sentence."""
    body: bytes = b""
    advice: float | None = None
    """Seconds that the site asks for."""
    throttle: Throttle | None = None


class Transport:
    """One session with one site."""

    def __init__(
        self,
        credentials: Credentials | None,
        *,
        limiter: SiteLimiter,
        policy: RetryPolicy,
        timeouts: Timeouts,
        headers: Mapping[str, str],
        clock: Clock,
        sleep: Sleep,
    ) -> None:
        self.limiter, self.policy, self.traffic = limiter, policy, Traffic()
        self._credentials, self._timeouts = credentials, timeouts
        self._headers, self._clock, self._sleep = dict(headers), clock, sleep
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Makes the session; needs a running loop. Opening twice changes nothing."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, limit_per_host=_CONNECTIONS_PER_HOST),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "sitekeep"},
                read_bufsize=_READ_BUFFER,
                middlewares=(_no_silent_repeat,),
            )

    async def close(self) -> None:
        """Closes the session and its connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def pause(self, trial: Trial, call: Call, setback: Setback) -> None:
        """Waits before the next attempt. Raises SiteUnavailable once patience is over."""
        delay = trial.next_delay(setback.advice)
        if delay is None:
            raise _unavailable(call, setback, trial)
        self._note_trouble(call, setback)
        log.info(
            "repeating a request",
            extra={"request": call.label, "cause": setback.cause, "delay_seconds": delay},
        )
        await self._sleep(delay)

    async def exchange(self, call: Call, consume: Consume[T], trial: Trial | None = None) -> T:
        """Sends the call until it is answered, and reads the answer with ``consume``.

        ``consume`` sees every status below 400 and owns the response if it keeps it.
        Raises a typed SiteError.
        """
        trial = trial or Trial(self.policy)
        while True:
            async with self.limiter.slot(call.endpoint, call.subject) as permit:
                outcome = await self._attempt(call, consume, permit)
                if not isinstance(outcome, Setback):
                    return outcome
                silence = self._announce(outcome, permit, trial, call)
            if not silence:
                await self.pause(trial, call, outcome)

    def _announce(self, setback: Setback, permit: Permit, trial: Trial, call: Call) -> bool:
        """Tells the limiter of a 429; it makes this request wait together with its likes."""
        throttle = setback.throttle
        if throttle is None:
            return False
        delay = trial.next_delay(setback.advice)
        if delay is None:
            raise _unavailable(call, setback, trial)
        self._note_trouble(call, setback)
        log.info(
            "slowing down",
            extra={
                "request": call.label,
                "scope": throttle.scope.name,
                "reason": throttle.reason,
                "delay_seconds": delay,
            },
        )
        self.limiter.throttled(permit, throttle.scope, delay)
        return True

    async def _attempt(self, call: Call, consume: Consume[T], permit: Permit) -> T | Setback:
        started = time.monotonic()
        self._count(call)
        status: int | None = None
        try:
            response = await self._send(call)
            status = response.status
            return await self._judge(call, response, consume, permit)
        except (aiohttp.ClientError, TimeoutError, GarbledAnswer, ConnectionError) as error:
            return _lost(call, error, status)
        finally:
            log.debug(
                "request",
                extra={
                    "request": call.label,
                    "status": status,
                    "seconds": time.monotonic() - started,
                },
            )

    async def _send(self, call: Call) -> aiohttp.ClientResponse:
        if self._session is None:
            raise RuntimeError("the site client is not open: use it as a context manager")
        return await self._session.request(
            call.endpoint.method,
            call.url,
            headers=self._headers_of(call),
            data=_sent(call.body),
            allow_redirects=False,
            timeout=self._timeout_of(call),
        )

    def _headers_of(self, call: Call) -> dict[str, str]:
        # Own headers may be secret too (an admin key): the media host gets none of them.
        if call.foreign:
            return dict(call.headers)
        headers = {"Accept": "application/json", **self._headers, **call.headers}
        if self._credentials is not None:
            headers["Authorization"] = self._credentials.authorization()
        return headers

    def _timeout_of(self, call: Call) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=None if call.lasting else self._timeouts.total,
            sock_connect=self._timeouts.connect,
            sock_read=self._timeouts.silence,
        )

    async def _judge(
        self, call: Call, response: aiohttp.ClientResponse, consume: Consume[T], permit: Permit
    ) -> T | Setback:
        if response.status < 400:
            self.traffic.trouble = ""
            self.limiter.answered(permit)
            return await self._consumed(response, consume)
        async with response:
            return await self._judge_failure(call, response, permit)

    async def _consumed(self, response: aiohttp.ClientResponse, consume: Consume[T]) -> T:
        try:
            return await consume(response)
        except BaseException:
            response.close()
            raise

    async def _judge_failure(
        self, call: Call, response: aiohttp.ClientResponse, permit: Permit
    ) -> Setback:
        status = response.status
        body = await _start_of(response)
        self.traffic.bytes_received += len(body)
        if status == _TOO_MANY_REQUESTS:
            return self._throttled(call, response, body)
        if status < 500 and status != _REQUEST_TIMEOUT:
            self.limiter.answered(permit)
            raise refusal(status, body, call.label)
        return self._server_error(call, response, body, permit)

    def _throttled(self, call: Call, response: aiohttp.ClientResponse, body: bytes) -> Setback:
        throttle = read_throttle(response.headers, self._clock)
        cause = f"the site limits the rate of requests ({throttle.reason or 'no reason given'})"
        setback = Setback(response.status, cause, body, throttle.delay, throttle)
        return self._repeatable(call, setback)

    def _server_error(
        self, call: Call, response: aiohttp.ClientResponse, body: bytes, permit: Permit
    ) -> Setback:
        advice = read_delay(response.headers, self._clock)
        overloaded = response.status == _SERVICE_UNAVAILABLE
        if overloaded:
            self.limiter.congested(permit)
        setback = Setback(response.status, f"the site answered {response.status}", body, advice)
        if call.repeatable or (overloaded and advice is not None):
            return self._repeatable(call, setback)
        raise _ambiguous(call, setback)

    def _repeatable(self, call: Call, setback: Setback) -> Setback:
        if call.resendable:
            return setback
        raise _unavailable(call, setback, None)

    def _note_trouble(self, call: Call, setback: Setback) -> None:
        self.traffic.retry_count += 1
        self.traffic.trouble = f"{call.label} is tried again: {setback.cause}."

    def _count(self, call: Call) -> None:
        self.traffic.request_count += 1
        self.traffic.by_endpoint[call.endpoint] += 1
        if isinstance(call.body, bytes):
            self.traffic.bytes_sent += len(call.body)


async def _no_silent_repeat(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    # The library sends GET, PUT and DELETE again by itself when a connection ends. A PUT may
    # have been done, and a repeat that nobody counts escapes the limits: only we repeat.
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionLost(type(error).__name__) from error


async def _start_of(response: aiohttp.ClientResponse) -> bytes:
    """The start of a refusal's body; where it is cut, what came."""
    body = bytearray()
    try:
        while len(body) < BODY_LIMIT and (part := await response.content.read(BODY_LIMIT)):
            body += part
    except (aiohttp.ClientError, TimeoutError):
        pass
    return bytes(body)


def _lost(call: Call, error: Exception, status: int | None) -> Setback:
    """What a failed attempt means. Raises where it must not be repeated."""
    setback = Setback(status, _cause(error))
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.InvalidURL):
        # The cause's text may hold an address with a signed query: it is left out.
        raise _unavailable(call, setback, None) from None
    unsent = isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
    if call.repeatable or unsent:
        return setback
    raise _ambiguous(call, setback) from error


def _cause(error: Exception) -> str:
    if isinstance(error, GarbledAnswer):
        return str(error)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "the certificate of the site is not trusted"
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return "no connection to the site could be made"
    if isinstance(error, TimeoutError):
        return "the site did not answer in time"
    if isinstance(error, ConnectionLost):
        return "the connection to the site was lost"
    # Names, not texts: texts of the library may hold an address with a signed query.
    return f"the connection to the site was lost ({type(error).__name__})"


def _unavailable(call: Call, setback: Setback, trial: Trial | None) -> SiteError:
    tried = f" after {trial.attempts} attempts over {trial.waited:.0f} seconds" if trial else ""
    return SiteUnavailable(
        f"The site did not serve {call.label}{tried}: {setback.cause}",
        status=setback.status,
        body=setback.body,
        request=call.label,
        retry_after=setback.advice,
    )


def _ambiguous(call: Call, setback: Setback) -> SiteError:
    return AmbiguousWrite(
        f"Whether the site did {call.label} is not known: {setback.cause}",
        status=setback.status,
        body=setback.body,
        request=call.label,
    )


def _sent(body: Body | None) -> bytes | io.BytesIO | Payload | None:
    """The body of one attempt; many bytes from a buffer, so that they go piece by piece."""
    if callable(body):
        return body()
    return io.BytesIO(body) if body is not None and len(body) > LARGE else body
