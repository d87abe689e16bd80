from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import cast

import pytest
from aiohttp import BodyPartReader, MultipartReader, StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from hypothesis import given, settings
from hypothesis import strategies as st

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.download import SMALLEST_CHUNK
from sitekeep_shared.atlassian.errors import (
    SiteBodyMismatch,
    SiteNotFound,
    SiteRefused,
    SiteUnavailable,
)
from sitekeep_shared.atlassian.retry import RetryPolicy
from sitekeep_shared.atlassian.upload import REMEMBERED, Chunks
from support.scripted_site import (
    CREDENTIALS,
    Handler,
    MovedTime,
    ScriptedSite,
    answer,
    client_of,
    scripted_site,
)

CONTENT = "/rest/api/3/attachment/content/{id}"
ATTACHMENTS = "/rest/api/3/issue/{issueIdOrKey}/attachments"
FILE = bytes(range(256)) * 8192  # 2 MiB
HALF = len(FILE) // 2


def served(
    stop: int | None = None,
    *,
    data: bytes = FILE,
    etag: str | None = '"v1"',
    ranges: bool = True,
    announce: int | None = None,
) -> Handler:
    """Serves a file, from where Range says, and cuts the connection at the byte ``stop``."""

    async def handle(request: web.Request) -> web.StreamResponse:
        start = _start(request, etag) if ranges else 0
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = (len(data) if announce is None else announce) - start
        if etag:
            response.headers["ETag"] = etag
        if start:
            response.headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        await response.prepare(request)
        await response.write(data[start:stop])
        if stop is not None and request.transport is not None:
            request.transport.close()
        return response

    return handle


def _start(request: web.Request, etag: str | None) -> int:
    match = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
    condition = request.headers.get("If-Range")
    return int(match[1]) if match and condition in (None, etag) else 0


def unannounced(data: bytes) -> Handler:
    """Serves a file without saying how long it is."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(data)
        return response

    return handle


@asynccontextmanager
async def both_hosts(
    *media: Handler, status: int = 303, policy: RetryPolicy | None = None
) -> AsyncGenerator[tuple[ScriptedSite, ScriptedSite, SiteClient]]:
    """A site that redirects to a media host, the media host, and a client."""
    async with scripted_site(*media) as media_host:
        location = f"{media_host.base_url}/file/0123-uuid/binary?token=signed%3D"
        redirect = answer(status, b"", {"Location": location})
        async with (
            scripted_site(redirect) as site,
            client_of(site.base_url, MovedTime(), policy=policy) as client,
        ):
            yield site, media_host, client


async def collect(chunks: AsyncIterator[bytes]) -> list[bytes]:
    return [chunk async for chunk in chunks]


@pytest.mark.parametrize("status", [302, 303, 307])
async def test_a_file_comes_from_the_media_host_without_credentials(status: int) -> None:
    async with both_hosts(served(), status=status) as (site, media, client):
        chunks = await collect(client.stream(CONTENT, id="10001"))
        assert b"".join(chunks) == FILE
        assert all(len(chunk) >= SMALLEST_CHUNK for chunk in chunks[:-1])
        assert media.received[0].raw_path == "/file/0123-uuid/binary?token=signed%3D"
        assert "Authorization" not in media.received[0].headers
        assert CREDENTIALS.api_token not in str(media.received)
        assert site.received[0].headers["Authorization"] == CREDENTIALS.authorization()
        assert client.request_count == 2
        assert client.traffic.bytes_received == len(FILE)


async def test_a_file_that_the_site_serves_itself_is_read() -> None:
    async with (
        scripted_site(served()) as site,
        client_of(site.base_url, MovedTime()) as client,
    ):
        stream = client.stream(CONTENT, [("redirect", "false")], id="1", size=len(FILE))
        assert b"".join(await collect(stream)) == FILE


async def test_an_empty_file_has_no_chunks() -> None:
    async with both_hosts(served(data=b"")) as (_, _, client):
        assert await collect(client.stream(CONTENT, id="1", size=0)) == []


@pytest.mark.parametrize("etag", ['"v1"', 'W/"v1"', None])
async def test_a_cut_file_is_resumed_where_it_ended(etag: str | None) -> None:
    async with both_hosts(served(HALF, etag=etag), served(etag=etag)) as (site, media, client):
        assert b"".join(await collect(client.stream(CONTENT, id="1"))) == FILE
        resumed = media.received[1].headers
        assert resumed["Range"] == f"bytes={HALF}-"
        assert resumed.get("If-Range") == ('"v1"' if etag == '"v1"' else None)
        assert len(site.received) == 2, "a fresh address is asked for: the signed one may be over"


async def test_a_cut_file_is_read_again_where_ranges_are_not_served() -> None:
    async with both_hosts(served(HALF, ranges=False), served(ranges=False)) as (_, _, client):
        assert b"".join(await collect(client.stream(CONTENT, id="1"))) == FILE


async def test_many_cuts_are_survived_while_there_is_progress() -> None:
    step = len(FILE) // 16
    cuts = [served(step * number) for number in range(1, 16)]
    policy = RetryPolicy(attempts=3)
    async with both_hosts(*cuts, served(), policy=policy) as (_, _, client):
        assert b"".join(await collect(client.stream(CONTENT, id="1"))) == FILE


async def test_a_file_that_is_always_cut_at_the_same_place_is_given_up() -> None:
    policy = RetryPolicy(attempts=3)
    async with both_hosts(served(HALF), policy=policy) as (_, media, client):
        with pytest.raises(SiteUnavailable, match="the file was cut"):
            await collect(client.stream(CONTENT, id="1"))
        assert len(media.received) == 3


async def test_a_file_that_changes_while_it_is_read_is_refused() -> None:
    other = bytes(reversed(FILE))
    async with both_hosts(served(HALF), served(data=other, etag='"v2"')) as (_, _, client):
        with pytest.raises(SiteBodyMismatch, match="changed while it was read"):
            await collect(client.stream(CONTENT, id="1"))


async def test_a_file_whose_length_changes_is_refused() -> None:
    longer = served(data=FILE + b"more", etag=None)
    async with both_hosts(served(HALF, etag=None), longer) as (_, _, client):
        with pytest.raises(SiteBodyMismatch, match="its length changed"):
            await collect(client.stream(CONTENT, id="1"))


@pytest.mark.parametrize("size", [len(FILE) - 1, len(FILE) + 1])
async def test_a_file_of_another_length_than_promised_is_refused(size: int) -> None:
    for handler in (served(), unannounced(FILE)):
        async with both_hosts(handler) as (_, _, client):
            with pytest.raises(SiteBodyMismatch, match="announced"):
                await collect(client.stream(CONTENT, id="1", size=size))


async def test_a_short_body_without_a_length_is_noticed_and_resumed() -> None:
    async with both_hosts(unannounced(FILE[:HALF]), served()) as (_, _, client):
        stream = client.stream(CONTENT, id="1", size=len(FILE))
        assert b"".join(await collect(stream)) == FILE


async def test_a_file_that_is_missing_at_the_media_host_is_not_found() -> None:
    async with both_hosts(answer(404)) as (_, _, client):
        with pytest.raises(SiteNotFound) as caught:
            await collect(client.stream(CONTENT, id="10001"))
    assert "signed" not in str(caught.value) + caught.value.request
    assert caught.value.request.endswith("(id=10001) at the media host")


async def test_the_media_host_may_be_overloaded_for_a_while() -> None:
    busy = answer(503, headers={"Retry-After": "2"})
    async with both_hosts(answer(500), busy, answer(429), served()) as (_, _, client):
        assert b"".join(await collect(client.stream(CONTENT, id="1"))) == FILE


async def test_endless_redirects_are_given_up() -> None:
    async with (
        scripted_site(answer(302, b"", {"Location": "/again"})) as site,
        client_of(site.base_url, MovedTime()) as client,
    ):
        with pytest.raises(SiteRefused, match="without end"):
            await collect(client.stream(CONTENT, id="1"))


async def test_a_stream_that_is_not_read_to_its_end_gives_everything_back() -> None:
    async with both_hosts(served()) as (_, _, client):
        stream = cast("AsyncGenerator[bytes, None]", client.stream(CONTENT, id="1"))
        async with aclosing(stream) as chunks:
            assert len(await anext(chunks)) >= SMALLEST_CHUNK
        assert b"".join(await collect(client.stream(CONTENT, id="1"))) == FILE


async def test_the_location_of_a_file_is_told_without_reading_it() -> None:
    async with both_hosts(served()) as (_, media, client):
        location = await client.location(CONTENT, id="1")
        assert location == f"{media.base_url}/file/0123-uuid/binary?token=signed%3D"
        assert media.received == []


async def test_there_is_no_location_where_there_is_no_redirect() -> None:
    async with (
        scripted_site(served()) as site,
        client_of(site.base_url, MovedTime()) as client,
    ):
        assert await client.location(CONTENT, id="1") is None


async def receive(request: web.Request) -> web.StreamResponse:
    """Answers with what an upload consists of."""
    parts: list[dict[str, str | int | None]] = []
    loop = asyncio.get_running_loop()
    body = StreamReader(BaseProtocol(loop), 1 << 26, loop=loop)
    body.feed_data(await request.read())
    body.feed_eof()
    reader = MultipartReader(request.headers, body)
    while isinstance(part := await reader.next(), BodyPartReader):
        content = await part.read()
        parts.append({"name": part.name, "filename": part.filename, "size": len(content)})
    return web.json_response({"parts": parts, "token": request.headers["X-Atlassian-Token"]})


async def uploaded_name(filename: str) -> str:
    async with (
        scripted_site(receive) as site,
        client_of(site.base_url, MovedTime()) as client,
    ):
        found = await client.upload(ATTACHMENTS, filename, b"12345", issueIdOrKey="ABC-1")
        raw = site.received[0].body
    header = next(line for line in raw.split(b"\r\n") if b'name="file"' in line)
    assert b"filename*" not in header, "RFC 7578 forbids it and servers ignore it"
    assert (found["token"], found["parts"][0]["size"]) == ("no-check", 5)
    return cast("str", found["parts"][0]["filename"])


@pytest.mark.parametrize(
    "filename",
    [
        "plain.txt",
        'a "quoted" name.txt',
        "back\\slash.txt",
        "日本語のファイル.pdf",
        "  leading and trailing  ",
        "100% & more+plus.txt",
        "it's (1) [2] {3} #4.txt",
        "already%20encoded.txt",
        "emoji 🚀.png",
        "e\u0301 decomposed",
        "one; two.txt",
        "a=b, c:d.txt",
    ],
)
async def test_the_name_of_an_uploaded_file_is_kept_exactly(filename: str) -> None:
    assert await uploaded_name(filename) == filename


@given(
    st.text(
        st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=";\\/"),
        min_size=1,
        max_size=60,
    )
)
@settings(max_examples=25, deadline=None)
async def test_any_name_of_an_uploaded_file_is_kept(filename: str) -> None:
    assert await uploaded_name(filename) == filename


async def test_control_characters_in_a_name_cannot_add_headers() -> None:
    name = await uploaded_name('evil\r\nX-Other: 1\r\n\r\nbody".txt')
    assert name == 'evil%0D%0AX-Other: 1%0D%0A%0D%0Abody".txt'


async def stream_of(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_fields_and_method_are_sent() -> None:
    async with (
        scripted_site(receive) as site,
        client_of(site.base_url, MovedTime()) as client,
    ):
        found = await client.upload(
            "/wiki/rest/api/content/{id}/child/attachment",
            "x.txt",
            stream_of([b"ab", b"c"]),
            fields={"minorEdit": "true", "comment": "wieder hergestellt – ü"},
            method="PUT",
            id="123",
        )
    assert site.received[0].method == "PUT"
    assert [part["name"] for part in found["parts"]] == ["minorEdit", "comment", "file"]
    assert "wieder hergestellt – ü".encode() in site.received[0].body


async def test_an_upload_is_repeated_on_429_with_the_same_bytes() -> None:
    large = [b"x" * (1 << 20)] * 6
    busy = answer(429, headers={"Retry-After": "1"})
    cases: list[tuple[Chunks, int]] = [
        (b"small", 5),
        (stream_of([b"sm", b"all"]), 5),
        (lambda: stream_of(large), 6 << 20),
    ]
    for chunks, size in cases:
        async with (
            scripted_site(busy, receive) as site,
            client_of(site.base_url, MovedTime()) as client,
        ):
            found = await client.upload(ATTACHMENTS, "x", chunks, issueIdOrKey="A-1")
            assert found["parts"][0]["size"] == size
            assert client.traffic.bytes_sent == 2 * size
            assert len({len(request.body) for request in site.received}) == 1


async def test_a_long_stream_that_is_read_only_once_is_not_sent_twice() -> None:
    parts = [b"x" * (1 << 20)] * (REMEMBERED // (1 << 20) + 2)
    async with (
        scripted_site(receive, answer(429)) as site,
        client_of(site.base_url, MovedTime()) as client,
    ):
        found = await client.upload(ATTACHMENTS, "x", stream_of(parts), issueIdOrKey="A-1")
        assert found["parts"][0]["size"] == len(parts) << 20
        with pytest.raises(SiteUnavailable):
            await client.upload(ATTACHMENTS, "x", stream_of(parts), issueIdOrKey="A-1")
        assert len(site.received) == 2


async def test_an_upload_that_is_too_large_is_refused_with_the_reason() -> None:
    body = json.dumps({"errorMessages": ["The file is too large"], "errors": {}})
    async with (
        scripted_site(answer(413, body)) as site,
        client_of(site.base_url, MovedTime()) as client,
    ):
        with pytest.raises(SiteRefused, match="too large"):
            await client.upload(ATTACHMENTS, "x", b"1", issueIdOrKey="A-1")


@pytest.mark.parametrize("size", [1 << 10, REMEMBERED + 1])
@pytest.mark.parametrize("anew", [True, False])
async def test_what_reading_a_file_fails_with_is_raised_as_it_is(size: int, anew: bool) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * size
        raise LookupError("the file ends here")

    async with (
        scripted_site(receive) as site,
        client_of(site.base_url, MovedTime()) as client,
    ):
        chunks: Chunks = broken if anew else broken()
        with pytest.raises(LookupError, match="the file ends here"):
            await client.upload(ATTACHMENTS, "x", chunks, issueIdOrKey="A-1")
