"""Downloads of files: redirects to the media host, resumption, length check.

Sources: Jira ``GET /rest/api/3/attachment/content/{id}`` (303, ``Range``), Confluence
``GET /wiki/rest/api/content/{id}/child/attachment/{attachmentId}/download`` (302).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

import aiohttp
from yarl import URL

from sitekeep_shared.atlassian.addresses import SiteAddress
from sitekeep_shared.atlassian.call import Call
from sitekeep_shared.atlassian.errors import SiteBodyMismatch, SiteRefused
from sitekeep_shared.atlassian.limiter import MEDIA, Endpoint
from sitekeep_shared.atlassian.retry import Trial
from sitekeep_shared.atlassian.transport import Setback, Transport

SMALLEST_CHUNK = 256 * 1024
"""Bytes; only the last chunk is smaller."""
LARGEST_READ = 1024 * 1024
"""Bytes read at once at most."""

_HOPS = 5
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_PARTIAL = 206
_FIRST_REDIRECT = 300


@dataclass(slots=True)
class _Progress:
    """What is known of the file so far."""

    received: int = 0
    total: int | None = None
    etag: str | None = None


class Download:
    """One file, read once, from start to end."""

    def __init__(
        self,
        transport: Transport,
        address: SiteAddress,
        call: Call,
        size: int | None,
        redirected: Callable[[str], None] | None = None,
    ) -> None:
        self._transport, self._address, self._call = transport, address, call
        self._expected, self._redirected_to = size, redirected
        self._trial = Trial(transport.policy)
        self._progress = _Progress()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes in chunks of 256 KiB and more, at the pace of the reader.

        Raises SiteBodyMismatch where the file has another length than announced or changed
        while it was read, SiteUnavailable where it is cut again and again.
        """
        pending = bytearray()
        async for part in self._parts():
            pending += part
            if len(pending) >= SMALLEST_CHUNK:
                yield bytes(pending)
                pending.clear()
        if pending:
            yield bytes(pending)
        self._check_length()

    async def _parts(self) -> AsyncIterator[bytes]:
        while True:
            before = self._progress.received
            setback: Setback | None = None
            async with self._transport.limiter.downloads, await self._open() as response:
                try:
                    async for part in self._body(response):
                        yield part
                except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                    setback = Setback(None, f"the file was cut ({type(error).__name__})")
            if setback is None and not self._may_go_on(before):
                return
            cut = setback or Setback(None, "the file ended early")
            await self._transport.pause(self._trial, self._call, cut)

    async def _body(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        known = self._begin(response)
        async for part in response.content.iter_chunked(LARGEST_READ):
            self._transport.traffic.bytes_received += len(part)
            fresh = part[known:]
            known -= len(part) - len(fresh)
            if fresh:
                self._progress.received += len(fresh)
                self._trial.progressed()
                yield fresh

    async def _open(self) -> aiohttp.ClientResponse:
        """The answer that carries the bytes, after all redirects."""
        call = replace(self._call, headers=self._headers())
        for _ in range(_HOPS):
            response = await self._transport.exchange(call, _keep, self._trial)
            if response.status < _FIRST_REDIRECT:
                return response
            async with response:
                call = self._redirected(call, response)
        raise SiteRefused(f"The site redirects without end: {self._call.label}", status=302)

    def _headers(self) -> dict[str, str]:
        # A compressed body could neither be measured nor resumed.
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if self._progress.received:
            headers["Range"] = f"bytes={self._progress.received}-"
            if self._progress.etag:
                headers["If-Range"] = self._progress.etag
        return headers

    def _redirected(self, call: Call, response: aiohttp.ClientResponse) -> Call:
        location = response.headers.get("Location")
        if not location:
            raise self._refused(response, "redirects without an address")
        if self._redirected_to is not None:
            self._redirected_to(location)
        target = response.url.join(URL(location, encoded=True))
        if self._address.is_own(str(target)):
            own = self._address.own(str(target))
            endpoint = Endpoint("GET", self._address.template_of(own))
            return replace(call, url=own, endpoint=endpoint, foreign=False)
        if target.scheme != "https" and self._address.base.scheme == "https":
            raise self._refused(response, "redirects to an address without encryption")
        label = f"{self._call.label} at the media host"
        return replace(call, url=target, endpoint=MEDIA, foreign=True, label=label)

    def _begin(self, response: aiohttp.ClientResponse) -> int:
        """Checks that the answer goes on where the last ended; bytes of it that are known."""
        etag = response.headers.get("ETag")
        strong = etag if etag and not etag.startswith("W/") else None
        if self._progress.etag and strong and strong != self._progress.etag:
            raise self._mismatch("it changed while it was read")
        self._progress.etag = self._progress.etag or strong
        if response.status != _PARTIAL:
            self._learn_total(_length(response))
            return self._progress.received
        match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
        if match is None or int(match[1]) > self._progress.received:
            raise self._mismatch("the site sent another part than the one asked for")
        self._learn_total(None if match[2] == "*" else int(match[2]))
        return self._progress.received - int(match[1])

    def _learn_total(self, total: int | None) -> None:
        known = self._progress.total
        if known is not None and total is not None and known != total:
            raise self._mismatch(f"its length changed from {known} to {total} bytes")
        self._progress.total = total if known is None else known

    def _may_go_on(self, before: int) -> bool:
        """Whether the body ended early, and asking again brings more."""
        progress = self._progress
        if progress.total is not None:
            return progress.received < progress.total
        # Without an announced length only the metadata's tells that a body was cut.
        short = self._expected is not None and progress.received < self._expected
        return short and progress.received > before

    def _check_length(self) -> None:
        for announced in (self._progress.total, self._expected):
            if announced is not None and announced != self._progress.received:
                raise self._mismatch(f"{announced} announced, {self._progress.received} received")

    def _mismatch(self, why: str) -> SiteBodyMismatch:
        label = self._call.label
        return SiteBodyMismatch(f"The file of {label} is not as announced: {why}", request=label)

    def _refused(self, response: aiohttp.ClientResponse, what: str) -> SiteRefused:
        label = self._call.label
        return SiteRefused(f"The site {what}: {label}", status=response.status, request=label)


async def _keep(response: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
    return response


def _length(response: aiohttp.ClientResponse) -> int | None:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return None
    return response.content_length
