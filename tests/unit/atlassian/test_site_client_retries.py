from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import (
    AmbiguousWrite,
    SiteForbidden,
    SiteNotFound,
    SiteRefused,
    SiteUnauthorized,
    SiteUnavailable,
)
from sitekeep_shared.atlassian.limiter import Endpoint
from sitekeep_shared.atlassian.retry import RetryPolicy
from sitekeep_shared.atlassian.transport import Timeouts
from support.scripted_site import (
    Handler,
    MovedTime,
    ScriptedSite,
    answer,
    client_of,
    cut,
    scripted_site,
)

MYSELF = "/rest/api/3/myself"
ISSUE = "/rest/api/3/issue"
HTML = {"Content-Type": "text/html"}


@pytest.fixture
def time() -> MovedTime:
    return MovedTime()


@pytest.fixture
async def site() -> AsyncIterator[ScriptedSite]:
    async with scripted_site(answer()) as running:
        yield running


@pytest.fixture
async def client(site: ScriptedSite, time: MovedTime) -> AsyncIterator[SiteClient]:
    async with client_of(site.base_url, time) as opened:
        yield opened


def too_many(headers: dict[str, str] | None = None, body: str = "{}") -> Handler:
    return answer(429, body, headers)


async def test_a_read_waits_as_long_as_the_site_asks_in_seconds(
    site: ScriptedSite, client: SiteClient, time: MovedTime
) -> None:
    site.answers(too_many({"Retry-After": "17"}), answer(body='{"ok":true}'))
    assert await client.get(MYSELF) == b'{"ok":true}'
    assert 17 <= sum(time.slept) <= 18
    assert (client.request_count, client.traffic.retry_count) == (2, 1)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "Thu, 01 Jan 2026 12:01:30 GMT"}, 90),
        ({"X-RateLimit-Reset": "2026-01-01T12:02Z"}, 120),
        ({"X-RateLimit-Reset": "2026-01-01T12:00:45Z"}, 45),
        ({"X-RateLimit-Reset": "2026-01-01T13:00:30+01:00"}, 30),
        ({"RateLimit": '"burst";r=0;t=12'}, 12),
        ({"Beta-RateLimit": '"quota";r=0;t=25'}, 25),
    ],
)
async def test_every_way_to_name_the_end_of_a_pause_is_obeyed(
    site: ScriptedSite,
    client: SiteClient,
    time: MovedTime,
    headers: dict[str, str],
    seconds: int,
) -> None:
    site.answers(too_many(headers), answer())
    await client.get(MYSELF)
    assert seconds <= sum(time.slept) <= seconds + 1


@pytest.mark.parametrize(
    "headers", [{}, HTML, {"X-RateLimit-Reset": "2026-01-01T11:59Z"}, {"Retry-After": "soon"}]
)
async def test_a_429_without_a_usable_time_is_backed_off_from(
    site: ScriptedSite, client: SiteClient, time: MovedTime, headers: dict[str, str]
) -> None:
    slow_down = too_many(headers, "<html>Too many requests</html>")
    site.answers(slow_down, slow_down, slow_down, answer())
    await client.get(MYSELF)
    assert len(time.slept) == 3
    assert 0.5 <= time.slept[0] <= 1
    assert 2 <= time.slept[2] <= 4


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
async def test_a_read_is_repeated_on_a_server_error(
    site: ScriptedSite, client: SiteClient, time: MovedTime, status: int
) -> None:
    site.answers(answer(status, "oops", HTML), answer(body="[1]"))
    assert await client.get_json(MYSELF) == [1]
    assert len(time.slept) == 1


async def test_a_post_that_only_reads_is_repeated_as_a_get(
    site: ScriptedSite, client: SiteClient
) -> None:
    site.answers(answer(500), cut, answer(body='{"issues":[]}'))
    found = await client.post_json("/rest/api/3/issue/bulkfetch", {"a": 1}, read=True)
    assert found == {"issues": []}
    assert [request.body for request in site.received] == [b'{"a":1}'] * 3


async def test_a_cut_answer_to_a_read_is_asked_for_again(
    site: ScriptedSite, client: SiteClient
) -> None:
    async def shortened(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b'{"issues":[{"id":', content_type="application/json")

    site.answers(cut, shortened, answer(200, "<html>Log in</html>", HTML), answer(body="[2]"))
    assert await client.get(MYSELF) == b"[2]"
    assert client.request_count == 4


async def test_patience_ends_with_a_plain_sentence(site: ScriptedSite, time: MovedTime) -> None:
    site.answers(answer(503, "down for maintenance", HTML))
    async with client_of(site.base_url, time, policy=RetryPolicy(attempts=4)) as client:
        with pytest.raises(SiteUnavailable, match="after 4 attempts") as caught:
            await client.get("/rest/api/3/issue/{key}", key="ABC-1")
    assert caught.value.status == 503
    assert caught.value.body == b"down for maintenance"
    assert caught.value.request == "GET /rest/api/3/issue/{key} (key=ABC-1)"
    assert len(time.slept) == 3


async def test_a_pause_longer_than_the_longest_is_not_waited_for(
    site: ScriptedSite, client: SiteClient, time: MovedTime
) -> None:
    site.answers(too_many({"Retry-After": "86400"}))
    with pytest.raises(SiteUnavailable) as caught:
        await client.get(MYSELF)
    assert caught.value.retry_after == 86400
    assert time.slept == []


async def test_pauses_together_are_bounded(site: ScriptedSite, time: MovedTime) -> None:
    site.answers(too_many({"Retry-After": "100"}))
    async with client_of(site.base_url, time, policy=RetryPolicy(patience=250)) as client:
        with pytest.raises(SiteUnavailable, match="rate of requests"):
            await client.get(MYSELF)
    assert sum(time.slept) <= 250


@pytest.mark.parametrize("headers", [{"Retry-After": "3"}, {}])
async def test_a_write_is_repeated_on_429(
    site: ScriptedSite, client: SiteClient, headers: dict[str, str]
) -> None:
    site.answers(too_many(headers), answer(201, '{"key":"ABC-1"}'))
    assert await client.post_json(ISSUE, {"fields": {}}) == {"key": "ABC-1"}
    assert len(site.received) == 2


async def test_a_write_is_repeated_on_503_that_names_a_time(
    site: ScriptedSite, client: SiteClient, time: MovedTime
) -> None:
    site.answers(answer(503, headers={"Retry-After": "5"}), answer(204, b""))
    assert await client.put_json(ISSUE, {"fields": {}}) is None
    assert 5 <= sum(time.slept) <= 6


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
async def test_any_other_server_error_makes_a_write_ambiguous(
    site: ScriptedSite, client: SiteClient, status: int
) -> None:
    site.answers(answer(status))
    with pytest.raises(AmbiguousWrite) as caught:
        await client.post(ISSUE, {})
    assert caught.value.status == status
    assert len(site.received) == 1


@pytest.mark.parametrize("lost", [cut, answer(201, '{"key":"AB')])
@pytest.mark.parametrize("write", ["post", "put_json"])
async def test_a_lost_answer_makes_a_write_ambiguous(
    site: ScriptedSite, client: SiteClient, lost: Handler, write: str
) -> None:
    await client.get(MYSELF)
    site.answers(lost)
    with pytest.raises(AmbiguousWrite, match="is not known"):
        await getattr(client, write)(ISSUE, {})
    assert len(site.received) == 2


async def test_an_answer_that_does_not_come_makes_a_write_ambiguous(
    site: ScriptedSite, time: MovedTime
) -> None:
    over = asyncio.Event()

    async def silent(_: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    site.answers(silent)
    async with client_of(site.base_url, time, timeouts=Timeouts(silence=0.05)) as client:
        with pytest.raises(AmbiguousWrite, match="did not answer in time"):
            await client.delete(ISSUE)
    over.set()


async def test_a_write_is_repeated_where_no_connection_could_be_made(time: MovedTime) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with client_of(base_url, time, policy=RetryPolicy(attempts=3)) as client:
            with pytest.raises(SiteUnavailable, match="no connection"):
                await client.post(ISSUE, {})
            assert client.traffic.by_endpoint[Endpoint("POST", ISSUE)] == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, SiteRefused),
        (401, SiteUnauthorized),
        (403, SiteForbidden),
        (404, SiteNotFound),
        (405, SiteRefused),
        (409, SiteRefused),
        (410, SiteRefused),
        (413, SiteRefused),
    ],
)
async def test_a_refusal_is_typed_and_not_repeated(
    site: ScriptedSite, client: SiteClient, status: int, kind: type[Exception]
) -> None:
    site.answers(answer(status, "not JSON", HTML))
    with pytest.raises(kind) as caught:
        await client.get(MYSELF)
    assert type(caught.value) is kind
    assert len(site.received) == 1


@pytest.mark.parametrize(
    ("body", "messages", "errors"),
    [
        (
            '{"errorMessages":["No project"],"errors":{"summary":"is required"}}',
            ["No project"],
            {"summary": "is required"},
        ),
        (
            '{"errors":[{"status":400,"code":"X","title":"Bad cursor","detail":null}]}',
            ["Bad cursor"],
            {},
        ),
        (
            '{"issues":[],"errors":[{"status":400,"failedElementNumber":1,"elementErrors":'
            '{"errorMessages":["e"],"errors":{"parent":"unknown"}}}]}',
            ["e"],
            {"parent": "unknown"},
        ),
        ('{"statusCode":400,"message":"Title exists"}', ["Title exists"], {}),
        ('{"errorMessage":"No desk","i18nErrorMessage":{}}', ["No desk"], {}),
        ('["odd"]', [], {}),
        ('{"errors":["plain"],"errorMessages":null}', ["plain"], {}),
    ],
)
async def test_a_refusal_tells_what_is_wrong(
    site: ScriptedSite, client: SiteClient, body: str, messages: list[str], errors: dict[str, str]
) -> None:
    site.answers(answer(400, body))
    with pytest.raises(SiteRefused) as caught:
        await client.post(ISSUE, {})
    assert (caught.value.messages, caught.value.errors) == (messages, errors)
