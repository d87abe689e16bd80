from __future__ import annotations

import logging

import msgspec
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from sitekeep_shared.atlassian.addresses import ForeignAddress, SiteAddress
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteError, SiteRefused
from sitekeep_shared.atlassian.retry import RetryPolicy
from support.scripted_site import CREDENTIALS, MovedTime, answer, client_of, cut, scripted_site

SITE = "https://acme.atlassian.net"
GATEWAY = "https://api.atlassian.com/ex/jira/11111111-2222"
TOKEN = CREDENTIALS.api_token
AUTHORIZATION = CREDENTIALS.authorization()


def test_path_values_and_queries_are_percent_encoded() -> None:
    url = SiteAddress(SITE).url("/rest/api/3/x/{key}", {"key": "a/b ü?"}, [("jql", "a = b&c")])
    assert str(url) == f"{SITE}/rest/api/3/x/a%2Fb%20%C3%BC%3F?jql=a%20%3D%20b%26c"


def test_a_query_name_may_occur_more_than_once() -> None:
    url = SiteAddress(SITE).url("/x", {}, [("id", "1"), ("id", "2")])
    assert url.raw_query_string == "id=1&id=2"


@given(st.text(min_size=1).filter(lambda text: text not in (".", "..")))
@settings(max_examples=50)
def test_no_path_value_changes_the_path_around_it(value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    url = SiteAddress(GATEWAY).url("/rest/api/3/issue/{key}/comment", {"key": value})
    prefix, suffix = "/ex/jira/11111111-2222/rest/api/3/issue/", "/comment"
    assert url.raw_path.startswith(prefix)
    assert url.raw_path.endswith(suffix)
    inner = url.raw_path[len(prefix) : -len(suffix)]
    assert URL.build(path="/" + inner, encoded=True).path[1:] == value
    assert "/" not in inner


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_value_that_would_leave_its_place_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="not a value"):
        SiteAddress(SITE).url("/issue/{key}", {"key": value})


def test_a_value_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no placeholder"):
        SiteAddress(SITE).url("/issue", {"key": "ABC-1"})


@pytest.mark.parametrize(
    ("base", "link", "own"),
    [
        (SITE, "/wiki/api/v2/x?cursor=a%3D%3D", f"{SITE}/wiki/api/v2/x?cursor=a%3D%3D"),
        (SITE, f"{SITE}/rest/api/3/x", f"{SITE}/rest/api/3/x"),
        (SITE, "http://ACME.atlassian.net/rest/x", f"{SITE}/rest/x"),
        (GATEWAY, "/rest/api/3/x?a=b", f"{GATEWAY}/rest/api/3/x?a=b"),
        (GATEWAY, f"{GATEWAY}/rest/api/3/x", f"{GATEWAY}/rest/api/3/x"),
        (GATEWAY, "/ex/jira/11111111-2222/rest/x", f"{GATEWAY}/rest/x"),
        (GATEWAY, f"{SITE}/rest/api/3/x?y=1", f"{GATEWAY}/rest/api/3/x?y=1"),
    ],
)
def test_links_of_the_site_lead_to_the_configured_base(base: str, link: str, own: str) -> None:
    assert str(SiteAddress(base, SITE).own(link)) == own


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/rest/api/3/x",
        "https://acme.atlassian.net@evil.example/x",
        "https://acme.atlassian.net.evil.example/x",
        "//evil.example/x",
        "https://acme.atlassian.net:8443/x",
        "https://api.atlassian.com/ex/jira/99999999/rest/api/3/x",
        "https://api.atlassian.com/ex/jira/11111111-2222/../99999999/x",
        "/rest/%2e%2e/%2E./x",
        "ftp://acme.atlassian.net:2121/x",
    ],
)
def test_links_that_lead_elsewhere_are_refused(link: str) -> None:
    address = SiteAddress(GATEWAY, SITE)
    with pytest.raises(ForeignAddress):
        address.own(link)
    assert not address.is_own(link)


@pytest.mark.parametrize(
    "base", ["acme.atlassian.net", "ftp://x", "https://", "https://a:b@x.net", "https://x/?a=b"]
)
def test_what_is_no_address_of_a_site_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match="address of a site"):
        SiteClient(base, None)


def test_the_template_of_a_link_has_no_values() -> None:
    address = SiteAddress(GATEWAY)
    url = address.own("/wiki/api/v2/spaces/98304/pages?cursor=x")
    assert address.template_of(url) == "/wiki/api/v2/spaces/{}/pages"


async def test_a_next_link_is_fetched_with_its_query_verbatim() -> None:
    async with (
        scripted_site(answer(body='{"results":[]}')) as site,
        client_of(site.base_url, MovedTime(), site_url=SITE) as client,
    ):
        link = f"{SITE}/wiki/api/v2/pages?limit=250&cursor=eyJ%3D%2B"
        assert await client.get_url(link) == b'{"results":[]}'
        assert site.received[0].raw_path == "/wiki/api/v2/pages?limit=250&cursor=eyJ%3D%2B"
        assert site.received[0].headers["Authorization"] == AUTHORIZATION


async def test_a_foreign_link_is_never_asked() -> None:
    async with (
        scripted_site(answer()) as other,
        client_of("http://127.0.0.1:1", MovedTime()) as client,
    ):
        with pytest.raises(ForeignAddress):
            await client.get_url(f"{other.base_url}/rest/api/3/x")
    assert other.received == []


async def test_a_redirect_within_the_site_is_followed() -> None:
    moved = answer(302, b"", {"Location": "/rest/api/3/issue/NEW-1"})
    async with (
        scripted_site(moved, answer(body='{"key":"NEW-1"}')) as site,
        client_of(site.base_url, MovedTime()) as client,
    ):
        assert await client.get_json("/rest/api/3/issue/{key}", key="OLD-1") == {"key": "NEW-1"}


@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_redirect_elsewhere_is_refused(method: str) -> None:
    async with scripted_site(answer()) as other:
        login = answer(302, b"", {"Location": f"{other.base_url}/login"})
        async with (
            scripted_site(login) as site,
            client_of(site.base_url, MovedTime()) as client,
        ):
            arguments: list[object] = [{}] if method == "post" else []
            with pytest.raises(SiteRefused, match="is its address right"):
                await getattr(client, method)("/rest/api/3/issue", *arguments)
        assert other.received == []


async def test_the_token_shows_up_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    texts = [repr(CREDENTIALS), str(CREDENTIALS)]
    handlers = [answer(status) for status in (400, 401, 403, 404, 500)]
    async with (
        scripted_site(*handlers, cut) as site,
        client_of(site.base_url, MovedTime(), policy=RetryPolicy(attempts=1)) as client,
    ):
        for _ in range(7):
            with pytest.raises(SiteError) as caught:
                await client.get("/rest/api/3/issue/{key}", [("jql", "secret words")], key="A-1")
            texts += [repr(caught.value), str(caught.value), repr(vars(caught.value))]
        texts += [
            repr(client),
            repr(vars(client)),
            *(repr(vars(entry)) for entry in caplog.records),
        ]
    for secret in (TOKEN, AUTHORIZATION, AUTHORIZATION.removeprefix("Basic "), "secret words"):
        assert not [text for text in texts if secret in text]
    assert [entry for entry in caplog.records if entry.name == "sitekeep.atlassian"]


async def test_own_headers_go_to_the_site() -> None:
    async with (
        scripted_site(answer()) as site,
        SiteClient(
            site.base_url, None, headers={"Atl-Confluence-With-Admin-Key": "true"}
        ) as client,
    ):
        await client.get("/wiki/api/v2/pages")
    assert site.received[0].headers["Atl-Confluence-With-Admin-Key"] == "true"
    assert "Authorization" not in site.received[0].headers


async def test_a_compressed_answer_is_unpacked() -> None:
    async def compressed(request: web.Request) -> web.StreamResponse:
        assert "gzip" in request.headers["Accept-Encoding"]
        response = web.json_response({"text": "x" * 10_000})
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async with (
        scripted_site(compressed) as site,
        client_of(site.base_url, MovedTime()) as client,
    ):
        assert await client.get_json("/rest/api/3/x") == {"text": "x" * 10_000}
        assert client.traffic.bytes_received > 10_000


class _Named(msgspec.Struct):
    summary: str


HALVES = rb'{"summary":"\ud83d cut, \uDE42\ud83d, \\ud83d said, \ud83d\ude42 whole"}'
MENDED = rb'{"summary":"\ufffd cut, \ufffd\ufffd, \\ud83d said, \ud83d\ude42 whole"}'


async def test_half_of_a_character_is_replaced_and_told() -> None:
    told: list[tuple[str, int]] = []
    async with (
        scripted_site(answer(body=HALVES)) as site,
        client_of(site.base_url, MovedTime()) as quiet,
    ):
        client = quiet.telling(lambda request, count: told.append((request, count)))
        assert await client.get("/x") == MENDED
        assert await client.post_for("/y", None, _Named) == msgspec.json.decode(MENDED, type=_Named)
        assert await quiet.get_json("/x") == msgspec.json.decode(MENDED)
    assert told == [("GET /x", 3), ("POST /y", 3)]


async def test_what_is_said_beside_a_refusal_is_read_with_half_of_a_character() -> None:
    body = rb'{"errorMessages":["No issue named \ud83d."]}'
    async with (
        scripted_site(answer(400, body=body)) as site,
        client_of(site.base_url, MovedTime()) as client,
    ):
        with pytest.raises(SiteRefused, match="No issue named"):
            await client.get("/x")


async def test_an_answer_of_another_shape_is_no_cut_answer() -> None:
    async with (
        scripted_site(answer(body=b'{"summary": 1}')) as site,
        client_of(site.base_url, MovedTime()) as client,
    ):
        with pytest.raises(msgspec.ValidationError, match="summary"):
            await client.post_for("/x", None, _Named)
    assert len(site.received) == 1


async def test_a_cut_answer_of_another_shape_is_asked_for_again() -> None:
    async with (
        scripted_site(answer(body=b'{"summary": 1'), answer(body=b'{"summary":"a"}')) as site,
        client_of(site.base_url, MovedTime()) as client,
    ):
        assert (await client.post_for("/x", None, _Named)).summary == "a"
    assert len(site.received) == 2


async def test_bodies_are_sent_as_they_are_or_encoded() -> None:
    async with (
        scripted_site(answer(body=b"{}")) as site,
        client_of(site.base_url, MovedTime()) as client,
    ):
        await client.post("/x", {"summary": "half \ud83d"})
        await client.post("/x", b'{"verbatim": 1}')
        await client.post("/x", "account-id")
    assert [request.body for request in site.received] == [
        rb'{"summary": "half \ud83d"}',
        b'{"verbatim": 1}',
        b'"account-id"',
    ]


CLOUD = "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize(
    ("base", "gateway"),
    [
        ("https://acme.atlassian.net", "https://api.atlassian.com"),
        ("https://ACME.atlassian.net/", "https://api.atlassian.com"),
        (f"https://api.atlassian.com/ex/jira/{CLOUD}", "https://api.atlassian.com"),
        # The token goes nowhere else: none of these is Atlassian's, or not safely.
        ("http://acme.atlassian.net", "http://acme.atlassian.net"),
        ("https://acme.atlassian.net:8443", "https://acme.atlassian.net:8443"),
        ("https://evil-atlassian.net", "https://evil-atlassian.net"),
        ("https://acme.atlassian.net.evil.com", "https://acme.atlassian.net.evil.com"),
        ("http://127.0.0.1:8080/jira", "http://127.0.0.1:8080"),
    ],
)
def test_only_a_site_of_atlassian_has_its_gateway_elsewhere(base: str, gateway: str) -> None:
    found = SiteAddress(base).behind_gateway(CLOUD)
    assert str(found.url("/jsm/{ws}", {"ws": "a b"})) == f"{gateway}/ex/jira/{CLOUD}/jsm/a%20b"


@pytest.mark.parametrize("wrong", ["", "..", f"{CLOUD}/..", "x" * 36, CLOUD + "@evil.com"])
def test_what_is_no_id_of_a_site_leads_nowhere(wrong: str) -> None:
    with pytest.raises(ValueError, match="not the id of a site"):
        SiteAddress("https://acme.atlassian.net").behind_gateway(wrong)


async def test_behind_the_gateway_one_account_and_one_session_are_used() -> None:
    async with SiteClient(f"https://api.atlassian.com/ex/jira/{CLOUD}", None) as client:
        assert await client.cloud_id() == CLOUD
        assert client.behind_gateway(CLOUD).traffic is client.traffic
    assert client.request_count == 0
