"""Multipart bodies of uploads.

Source: Jira ``POST /rest/api/3/issue/{issueIdOrKey}/attachments``, Confluence
``PUT /wiki/rest/api/content/{id}/child/attachment``: field ``file``, header
``X-Atlassian-Token: no-check``.
"""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp.payload import AsyncIterablePayload, BytesIOPayload, Payload, StringPayload

from sitekeep_shared.atlassian.traffic import Traffic

HEADERS = {"X-Atlassian-Token": "no-check"}
"""Without it the site takes an upload for a forged request."""

REMEMBERED = 4 * 1024 * 1024
"""Bytes: a file up to that size is kept in memory so that it can be sent again."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Chunks = AsyncIterator[bytes] | bytes | Callable[[], AsyncIterator[bytes]]
"""A file: its bytes, a stream that can be read once, or what makes the stream anew."""


@dataclass(slots=True)
class Source:
    """Where the bytes of a file come from, counted on their way to the site."""

    traffic: Traffic
    failure: Exception | None = None
    """What reading them failed with: nothing that the site did."""

    async def counted(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The chunks as they come."""
        try:
            async for chunk in chunks:
                self.traffic.bytes_sent += len(chunk)
                yield chunk
        except Exception as error:
            self.failure = error
            raise


@dataclass(frozen=True, slots=True)
class FileBody:
    """A file on its way into a multipart body."""

    make: Callable[[], Payload]
    """Makes the payload of the file for one attempt."""
    resendable: bool
    """Whether it can be made more than once."""
    source: Source


async def file_body(chunks: Chunks, traffic: Traffic) -> FileBody:
    """Prepares a file; a stream is read up to 4 MiB ahead, a short one is remembered."""
    source = Source(traffic)
    if isinstance(chunks, bytes):
        return _whole(chunks, source)
    if callable(chunks):
        return FileBody(lambda: _streamed(source.counted(chunks())), True, source)
    head: list[bytes] = []
    size = 0
    async for chunk in chunks:
        head.append(chunk)
        size += len(chunk)
        if size > REMEMBERED:
            return _once(_continued(head, chunks), source)
    return _whole(b"".join(head), source)


def multipart(filename: str, file: FileBody, fields: Mapping[str, str]) -> aiohttp.MultipartWriter:
    """A form with the given fields and the file, named exactly so.

    The name is sent as browsers and curl do: raw UTF-8 in a quoted string (RFC 7578 §5.1), quote
    and backslash escaped by a backslash. Percent-encoding it, aiohttp's default, would show up
    in the name on the site. Control characters cannot be sent in a header and are percent-encoded.
    """
    writer = aiohttp.MultipartWriter("form-data")
    for name, value in fields.items():
        _append(writer, StringPayload(value), name=name)
    safe_name = _CONTROL.sub(lambda match: f"%{ord(match[0]):02X}", filename)
    _append(writer, file.make(), name="file", filename=safe_name)
    return writer


def _append(writer: aiohttp.MultipartWriter, part: Payload, **parameters: str) -> None:
    part.set_content_disposition("form-data", quote_fields=False, **parameters)
    writer.append_payload(part)


def _whole(content: bytes, source: Source) -> FileBody:
    def make() -> Payload:
        source.traffic.bytes_sent += len(content)
        # From a buffer, so that a large one is written piece by piece.
        return BytesIOPayload(io.BytesIO(content))

    return FileBody(make, True, source)


def _once(chunks: AsyncIterator[bytes], source: Source) -> FileBody:
    return FileBody(lambda: _streamed(source.counted(chunks)), False, source)


def _streamed(chunks: AsyncIterator[bytes]) -> Payload:
    return AsyncIterablePayload(chunks)


async def _continued(head: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    for chunk in head:
        yield chunk
    head.clear()
    async for chunk in rest:
        yield chunk
