from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from sitekeep_shared.atlassian.limiter import Endpoint, Permit, SiteLimiter
from sitekeep_shared.atlassian.throttling import Scope, read_throttle
from sitekeep_shared.atlassian.window import Window
from support.scripted_site import MovedTime, answer, client_of, scripted_site

READ = Endpoint("GET", "/rest/api/3/issue/{key}")
OTHER = Endpoint("GET", "/rest/api/3/field")
WRITE = Endpoint("POST", "/rest/api/3/issue/{key}/comment")


@pytest.fixture
def time() -> MovedTime:
    return MovedTime()


@pytest.fixture
def limiter(time: MovedTime) -> SiteLimiter:
    return SiteLimiter(sleep=time.sleep, monotonic=time.monotonic)


async def throttle(
    limiter: SiteLimiter, endpoint: Endpoint, scope: Scope, delay: float, subject: str = ""
) -> None:
    async with limiter.slot(endpoint, subject) as permit:
        limiter.throttled(permit, scope, delay)


async def waited(
    limiter: SiteLimiter, time: MovedTime, endpoint: Endpoint, subject: str = ""
) -> float:
    """Seconds that the next request has to wait."""
    before = time.monotonic()
    async with limiter.slot(endpoint, subject):
        return time.monotonic() - before


@pytest.mark.parametrize(
    ("reason", "scope"),
    [
        ("jira-quota-global-based", Scope.SITE),
        ("jira-quota-tenant-based", Scope.SITE),
        ("confluence-quota-tenant-based", Scope.SITE),
        ("jira-cost-based", Scope.SITE),
        ("jira-burst-based", Scope.ENDPOINT),
        ("jira-max-concurrent-threads-per-user", Scope.ENDPOINT),
        ("", Scope.ENDPOINT),
        ("jira-per-issue-on-write", Scope.SUBJECT),
    ],
)
def test_the_reason_decides_how_far_a_limit_reaches(
    time: MovedTime, reason: str, scope: Scope
) -> None:
    headers = {"RateLimit-Reason": reason, "Retry-After": "3"} if reason else {}
    assert read_throttle(headers, time.clock).scope is scope


async def test_a_quota_pauses_everything(limiter: SiteLimiter, time: MovedTime) -> None:
    await throttle(limiter, READ, Scope.SITE, 600)
    assert await waited(limiter, time, OTHER) == 600
    assert await waited(limiter, time, WRITE) == 0


async def test_a_burst_slows_only_its_endpoint(limiter: SiteLimiter, time: MovedTime) -> None:
    await throttle(limiter, READ, Scope.ENDPOINT, 30)
    assert await waited(limiter, time, OTHER) == 0
    assert await waited(limiter, time, Endpoint("PUT", READ.template)) == 0
    assert limiter.window(READ).size == 4
    assert limiter.window(OTHER).size == 8
    assert await waited(limiter, time, READ) == 30


async def test_writes_to_a_throttled_issue_are_spaced_and_others_are_not(
    limiter: SiteLimiter, time: MovedTime
) -> None:
    await throttle(limiter, WRITE, Scope.SUBJECT, 2, "ABC-1")
    assert await waited(limiter, time, WRITE, "ABC-2") == 0
    assert await waited(limiter, time, WRITE, "ABC-1") == pytest.approx(2)
    spaced = [await waited(limiter, time, WRITE, "ABC-1") for _ in range(100)]
    assert sum(spaced) >= 30
    await time.sleep(120)
    assert [await waited(limiter, time, WRITE, "ABC-1") for _ in range(2)] == [0, 0]


@pytest.mark.parametrize("scope", [Scope.SITE, Scope.ENDPOINT])
async def test_a_pause_made_longer_meanwhile_is_waited_for_as_a_whole(
    time: MovedTime, scope: Scope
) -> None:
    async def sleep(seconds: float) -> None:
        if not time.slept:
            limited.throttled(Permit(READ, "", time.monotonic()), scope, 50)
        await time.sleep(seconds)

    limited = SiteLimiter(sleep=sleep, monotonic=time.monotonic)
    await throttle(limited, READ, Scope.ENDPOINT, 30)
    assert await waited(limited, time, READ) == 50
    assert time.slept == [30, 20]


def answers(window: Window, count: int, latency: float) -> None:
    for _ in range(count):
        window.answered(latency)


async def fill(window: Window) -> None:
    while window.in_flight < window.size:
        await window.enter()


async def test_a_window_grows_to_its_maximum_while_answers_stay_as_fast() -> None:
    window = Window(8, 20)
    await fill(window)
    sizes = [window.size]
    for _ in range(400):
        window.answered(0.1)
        await fill(window)
        sizes.append(window.size)
    assert sizes == sorted(sizes)
    assert sizes.index(9) > 4
    assert sizes[-1] == 20


async def test_a_window_stops_growing_when_answers_get_slower() -> None:
    window = Window(8, 20)
    await fill(window)
    answers(window, 20, 0.1)
    size = window.size
    for latency in (0.5, 0.9, 1.5, 2.5, 4.0):
        await fill(window)
        answers(window, 1, latency)
    assert window.size == size


async def test_a_window_that_is_not_used_does_not_grow() -> None:
    window = Window(8, 20)
    await window.enter()
    answers(window, 500, 0.1)
    assert window.size == 8


def test_a_wave_of_refusals_halves_a_window_once() -> None:
    window = Window(16, 20)
    for _ in range(16):
        window.congested(started=1.0, now=2.0)
    assert window.size == 8
    window.congested(started=3.0, now=4.0)
    assert window.size == 4


def test_a_window_never_closes() -> None:
    window = Window(8, 20)
    for second in range(20):
        window.congested(started=second, now=second)
    assert window.size == 1


async def test_a_cancelled_waiter_does_not_take_a_place() -> None:
    window = Window(1, 1)
    await window.enter()
    waiters = [asyncio.create_task(window.enter()) for _ in range(3)]
    await asyncio.sleep(0)
    waiters[0].cancel()
    window.leave()
    waiters[1].cancel()
    await asyncio.gather(*waiters[:2], return_exceptions=True)
    async with asyncio.timeout(5):
        await waiters[2]
    assert window.in_flight == 1


async def test_no_more_requests_are_under_way_than_the_window_allows() -> None:
    time = MovedTime()
    under_way = most = 0

    async def count(_: web.Request) -> web.StreamResponse:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return web.json_response({})

    async with scripted_site(count) as site, client_of(site.base_url, time) as client:
        await asyncio.gather(*(client.get(OTHER.template) for _ in range(60)))
    assert 2 <= most <= 20


async def test_a_429_halves_what_is_sent_at_once() -> None:
    time = MovedTime()
    limiter = SiteLimiter(sleep=time.sleep, monotonic=time.monotonic)
    refused = answer(429, headers={"Retry-After": "9", "RateLimit-Reason": "jira-burst-based"})
    async with (
        scripted_site(refused, answer()) as site,
        client_of(site.base_url, time, limiter=limiter) as client,
    ):
        await client.get(OTHER.template)
        assert limiter.window(Endpoint("GET", OTHER.template)).size == 4
    assert 9 <= sum(time.slept) <= 10


async def test_clients_that_share_a_limiter_pause_together() -> None:
    time = MovedTime()
    limiter = SiteLimiter(sleep=time.sleep, monotonic=time.monotonic)
    quota = {"Retry-After": "1800", "RateLimit-Reason": "jira-quota-tenant-based"}
    async with (
        scripted_site(answer(429, headers=quota), answer()) as site,
        client_of(site.base_url, time, limiter=limiter) as one,
        client_of(site.base_url, time, limiter=limiter) as other,
    ):
        await asyncio.gather(one.get(READ.template, key="ABC-1"), other.get(OTHER.template))
        await other.get(OTHER.template)
    assert 1800 <= sum(time.slept) <= 1802
