"""The client of one site: what exporters and importers call."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, cast

import aiohttp
import msgspec

from sitekeep_shared.atlassian.addresses import Query, SiteAddress
from sitekeep_shared.atlassian.answers import (
    ANY_DOCUMENT,
    Answer,
    Shape,
    decode_json,
    encode_json,
    read_answer,
)
from sitekeep_shared.atlassian.call import Body, Call, label_of
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.atlassian.download import Download
from sitekeep_shared.atlassian.errors import SiteError, SiteRefused
from sitekeep_shared.atlassian.limiter import Endpoint, SiteLimiter, Sleep
from sitekeep_shared.atlassian.retry import RetryPolicy
from sitekeep_shared.atlassian.traffic import Traffic
from sitekeep_shared.atlassian.transport import GarbledAnswer, Timeouts, Transport
from sitekeep_shared.atlassian.upload import HEADERS, Chunks, file_body, multipart
from sitekeep_shared.clock import Clock, SystemClock

__all__ = ["Query", "SiteClient"]

_JSON = {"Content-Type": "application/json"}
_SERVICE_MANAGEMENT = "/rest/servicedeskapi/"
_EXPERIMENTAL = {"X-ExperimentalApi": "opt-in"}
"""Without it Jira Service Management answers 412 to what it calls experimental."""
_ISSUE_NAMES = ("issueIdOrKey", "issue", "key", "issue_key", "issueKey")
_FIRST_REDIRECT = 300
OnReplaced = Callable[[str, int], None]
"""Is told a request and how many halves of characters its answer has U+FFFD for."""
T = TypeVar("T")
_SEE_OTHER = 303
_HOPS = 5


class SiteClient:
    """Speaks REST to one site. An async context manager; one session until it is closed.

    ``base_url`` is the site, the gateway (``https://api.atlassian.com/ex/jira/{cloudId}``) or a
    local address; behind a gateway ``site_url`` names the site so that absolute links in answers
    can be followed. ``concurrency`` requests per endpoint are under way at first, up to 20 while
    the site keeps up. Clients of the same site share a ``limiter``. ``headers`` are sent with
    every request to the site, never elsewhere.

    Reads (GET and POST with ``read=True``) are repeated on 429, 5xx and lost connections. Writes
    are repeated only where they were surely not done: 429, 503 with ``Retry-After``, no
    connection; any other lost or 5xx answer raises AmbiguousWrite.

    Every request raises SiteUnauthorized, SiteForbidden, SiteNotFound, SiteRefused on a 4xx
    answer and SiteUnavailable once patience is over.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None,
        *,
        limiter: SiteLimiter | None = None,
        clock: Clock | None = None,
        concurrency: int = 8,
        policy: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        site_url: str | None = None,
        headers: Mapping[str, str] | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._address = SiteAddress(base_url, site_url)
        self._on_replaced: OnReplaced | None = None
        self._transport = Transport(
            credentials,
            limiter=limiter or SiteLimiter(concurrency=concurrency, sleep=sleep),
            policy=policy or RetryPolicy(),
            timeouts=timeouts or Timeouts(),
            headers=headers or {},
            clock=clock or SystemClock(),
            sleep=sleep,
        )

    async def __aenter__(self) -> Self:
        """Opens the session."""
        self._transport.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes the session."""
        await self.close()

    async def close(self) -> None:
        """Closes the session and its connections."""
        await self._transport.close()

    async def cloud_id(self) -> str:
        """The id under which Atlassian's gateway has the site; asked of the site itself."""
        known = self._address.cloud_id
        if known:
            return known
        info: dict[str, Any] = await self.get_json("/_edge/tenant_info")
        return str(info.get("cloudId", ""))

    def behind_gateway(self, cloud_id: str) -> SiteClient:
        """The same site behind Atlassian's gateway: one account, one session, one limiter.

        It lives as long as this client and is not closed. Raises ValueError where it is no id.
        """
        other = copy.copy(self)
        other._address = self._address.behind_gateway(cloud_id)
        return other

    def telling(self, on_replaced: OnReplaced) -> SiteClient:
        """The same client, which tells of each answer that holds halves of characters.

        It lives as long as this client and is not closed.
        """
        other = copy.copy(self)
        other._on_replaced = on_replaced
        return other

    @property
    def traffic(self) -> Traffic:
        """Counters of everything sent and received."""
        return self._transport.traffic

    @property
    def request_count(self) -> int:
        """Requests sent so far, repeats and hops to the media host included."""
        return self.traffic.request_count

    @property
    def trouble(self) -> str:
        """Why requests wait at the moment; empty while the site answers."""
        return self.traffic.trouble

    async def get(self, template: str, query: Query = (), **path: str) -> bytes:
        """The verbatim body of a GET: one complete JSON document, or nothing.

        Halves of surrogate pairs alone are not verbatim: they are U+FFFD.
        """
        return (await self._read(self._call("GET", template, query, path))).body

    async def get_json(self, template: str, query: Query = (), **path: str) -> Any:
        """The decoded body of a GET, None where it is empty."""
        return decode_json(await self.get(template, query, **path))

    async def get_url(self, url: str) -> bytes:
        """The verbatim body behind a link of the site's, absolute or relative to its root.

        The link is rewritten onto the configured base. Raises ForeignAddress (a ValueError)
        where it leads to another host; nothing is sent then.
        """
        return (await self._read(self._link_call(url))).body

    async def post(
        self, template: str, body: Any, query: Query = (), *, read: bool = False, **path: str
    ) -> bytes:
        """Posts a JSON body (bytes are JSON already, None is no body); the answer's verbatim body.

        ``read`` says that this POST only reads (bulkfetch, search, lists): it is repeated freely.
        """
        call = self._call("POST", template, query, path, encode_json(body), read=read)
        return (await self._send(call)).body

    async def post_for(self, template: str, body: Any, kind: type[T]) -> T:
        """As ``post`` of what only reads; the answer decoded, once, as a msgspec type.

        Raises msgspec.ValidationError where the answer has another shape.
        """
        call = self._call("POST", template, (), {}, encode_json(body), read=True)
        answer = await self._send(call, msgspec.json.Decoder(kind))
        return cast("T", answer.content)

    async def post_json(
        self, template: str, body: Any, query: Query = (), *, read: bool = False, **path: str
    ) -> Any:
        """As ``post``; the answer decoded, None where it is empty."""
        return decode_json(await self.post(template, body, query, read=read, **path))

    async def post_task(self, template: str, body: Any, **path: str) -> Any:
        """As ``post_json``, for what the site answers by leading to a task (303).

        Returns what the task says of itself.
        """
        call = self._call("POST", template, (), path, encode_json(body))
        answer = await self._transport.exchange(call, self._whole)
        location = answer.headers.get("Location", "")
        if answer.status == _SEE_OTHER and location and self._address.is_own(location):
            answer = await self._read(self._link_call(location))
        return decode_json(self._direct(call, answer).body)

    async def put_json(self, template: str, body: Any, query: Query = (), **path: str) -> Any:
        """Puts a JSON body (None: no body); the answer decoded, None where it is empty."""
        call = self._call("PUT", template, query, path, encode_json(body))
        return decode_json((await self._send(call)).body)

    async def delete(
        self, template: str, query: Query = (), *, body: Any = None, **path: str
    ) -> bytes:
        """Deletes what the path or a JSON body names; the answer's verbatim body, mostly empty."""
        call = self._call("DELETE", template, query, path, encode_json(body))
        return (await self._send(call)).body

    async def location(self, template: str, query: Query = (), **path: str) -> str | None:
        """The ``Location`` of a redirect without following it, None where there is none."""
        call = self._call("GET", template, query, path)
        return await self._transport.exchange(call, _location)

    def stream(
        self,
        template: str,
        query: Query = (),
        *,
        size: int | None = None,
        redirected: Callable[[str], None] | None = None,
        **path: str,
    ) -> AsyncIterator[bytes]:
        """The bytes of a file in chunks of about 256 KiB, read as fast as they are taken.

        Redirects to the media host are followed without credentials, a cut body is resumed.
        ``size`` is the length in bytes that the metadata promises, ``redirected`` is told each
        ``Location`` before the first chunk comes. Raises SiteBodyMismatch where the length is
        another one. Close the iterator (``contextlib.aclosing``) where it
        is not read to its end.
        """
        call = self._call("GET", template, query, path, lasting=True)
        return Download(self._transport, self._address, call, size, redirected).chunks()

    async def upload(
        self,
        template: str,
        filename: str,
        chunks: Chunks,
        *,
        fields: Mapping[str, str] | None = None,
        method: Literal["POST", "PUT"] = "POST",
        query: Query = (),
        **path: str,
    ) -> Any:
        """Uploads a file as multipart field ``file``; the answer decoded.

        ``chunks`` are bytes, an async iterator, or a function that makes one: an iterator of
        more than 4 MiB cannot be sent again after a 429 (SiteUnavailable), a function can.
        What reading them raises is raised as it is.
        """
        file = await file_body(chunks, self.traffic)
        call = self._call(
            method,
            template,
            query,
            path,
            lambda: multipart(filename, file, fields or {}),
            headers=HEADERS,
            resendable=file.resendable,
            lasting=True,
        )
        try:
            return decode_json((await self._send(call)).body)
        except SiteError as error:
            # The library tells of a body that could not be read as of a lost connection.
            if file.source.failure is not None:
                raise file.source.failure from error
            raise

    def _call(
        self,
        method: str,
        template: str,
        query: Query,
        path: Mapping[str, str],
        body: Body | None = None,
        *,
        read: bool = False,
        headers: Mapping[str, str] | None = None,
        resendable: bool = True,
        lasting: bool = False,
    ) -> Call:
        repeatable = read or method == "GET"
        return Call(
            endpoint=Endpoint(method, template),
            url=self._address.url(template, path, query),
            label=label_of(method, template, path),
            repeatable=repeatable,
            subject="" if repeatable else _issue(path),
            headers=headers or _headers(template, body),
            body=body,
            resendable=resendable,
            lasting=lasting,
        )

    def _link_call(self, url: str) -> Call:
        own = self._address.own(url)
        template = self._address.template_of(own)
        endpoint = Endpoint("GET", template)
        return Call(endpoint, own, f"GET {template}", repeatable=True)

    async def _read(self, call: Call) -> Answer:
        """A GET, with redirects within the site followed."""
        answer = await self._transport.exchange(call, self._whole)
        for _ in range(_HOPS):
            location = answer.headers.get("Location", "") if _is_redirect(answer) else ""
            if not location or not self._address.is_own(location):
                break
            call = self._link_call(location)
            answer = await self._transport.exchange(call, self._whole)
        return self._direct(call, answer)

    async def _send(self, call: Call, shape: Shape = ANY_DOCUMENT) -> Answer:
        consume = partial(self._whole, shape=shape)
        return self._direct(call, await self._transport.exchange(call, consume))

    async def _whole(self, response: aiohttp.ClientResponse, shape: Shape = ANY_DOCUMENT) -> Answer:
        """Reads the body. Raises GarbledAnswer where it is neither empty nor complete JSON."""
        async with response:
            body = await response.read()
        self.traffic.bytes_received += len(body)
        status, headers = response.status, response.headers
        if not body or status >= _FIRST_REDIRECT:
            return Answer(status, headers, body)
        try:
            return read_answer(status, headers, body, shape)
        except msgspec.ValidationError:
            raise
        except ValueError:
            reason = "the site answered with something that is no JSON document"
            raise GarbledAnswer(reason) from None

    def _direct(self, call: Call, answer: Answer) -> Answer:
        """The answer, unless it is a redirect that must not be followed."""
        if _is_redirect(answer):
            raise SiteRefused(
                f"The site redirects {call.label} elsewhere: is its address right?",
                status=answer.status,
                request=call.label,
            )
        if answer.replaced and self._on_replaced is not None:
            self._on_replaced(call.label, answer.replaced)
        return answer


def _headers(template: str, body: Body | None) -> Mapping[str, str]:
    opted_in = _EXPERIMENTAL if template.startswith(_SERVICE_MANAGEMENT) else {}
    return {**opted_in, **(_JSON if isinstance(body, bytes) else {})}


async def _location(response: aiohttp.ClientResponse) -> str | None:
    # Without a redirect the body is the file itself: it is not wanted, the connection is closed.
    response.close()
    return response.headers.get("Location")


def _issue(path: Mapping[str, str]) -> str:
    """The issue that a write changes, empty where the path names none."""
    return next((path[name] for name in _ISSUE_NAMES if name in path), "")


def _is_redirect(answer: Answer) -> bool:
    return answer.status >= _FIRST_REDIRECT
