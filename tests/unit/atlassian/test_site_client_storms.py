"""How requests come through when a site refuses many of them. Time is moved, never slept."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from sitekeep_backup.exporters.jira import EXPORTER
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.atlassian.limiter import Endpoint, SiteLimiter
from sitekeep_shared.atlassian.throttling import Scope
from sitekeep_shared.kinds import Kind
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN
from sitekeep_simulator.faults import Fault, FaultKind
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.limits import BURST, QUOTA, BurstLimit, Limits
from sitekeep_simulator.server import RunningSite, start_site
from sitekeep_simulator.site import SimulatedSite
from support.confluence_fakes import MemoryBackup, export
from support.virtual_time import VirtualLoop, run_virtually

READ = Endpoint("GET", "/rest/api/3/issue/{key}")
MOST_REFUSED = 0.01
LEAST_THROUGHPUT = 0.9
BULKFETCH = "/rest/api/3/issue/bulkfetch"


@dataclass
class Stream:
    """Requests that many want to send at once, to one endpoint with a token bucket."""

    rate: float
    burst: float
    latency: float
    retry_after: float | None
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    outcomes: list[tuple[float, bool]] = field(default_factory=list[tuple[float, bool]])

    async def run(self, requests: int) -> None:
        """Sends until as many were answered."""
        loop = asyncio.get_running_loop()
        limiter = SiteLimiter(monotonic=loop.time)
        limits = Limits([BurstLimit(self.rate, self.burst)])
        left = iter(range(requests))

        async def work() -> None:
            for _ in left:
                while not await self._sent(limiter, limits):
                    pass

        await asyncio.gather(*(work() for _ in range(40)))

    async def _sent(self, limiter: SiteLimiter, limits: Limits) -> bool:
        loop = asyncio.get_running_loop()
        async with limiter.slot(READ) as permit:
            await asyncio.sleep(self.latency * self.chance.uniform(0.3, 0.7))
            verdict = limits.judge(READ.method, READ.template, "", loop.time())
            self.outcomes.append((loop.time(), verdict.allowed))
            await asyncio.sleep(self.latency * self.chance.uniform(0.3, 0.7))
            if verdict.allowed:
                limiter.answered(permit)
            else:
                advised = self.chance.uniform(0.5, 1) if self.retry_after is None else 0
                pause = advised or max(self.retry_after or 0, verdict.retry_after)
                limiter.throttled(permit, Scope.ENDPOINT, pause)
        return verdict.allowed

    def after_adaptation(self) -> tuple[float, float]:
        """The part that was refused, and answers a second beside what is allowed."""
        rest = self.outcomes[len(self.outcomes) // 3 : -40]
        refused = sum(not allowed for _, allowed in rest)
        seconds = rest[-1][0] - rest[0][0]
        return refused / len(rest), (len(rest) - refused) / seconds / self.rate


@pytest.mark.parametrize(
    ("rate", "burst", "latency", "retry_after", "requests"),
    [
        (100, 100, 0.15, 1, 9000),
        (100, 10, 0.15, 1, 9000),
        (50, 50, 0.15, 1, 7000),
        (50, 5, 0.05, 1, 7000),
        (10, 20, 0.15, 1, 4000),
        (5, 5, 0.1, 1, 3000),
        (100, 100, 0.15, 10, 30_000),
        (100, 100, 0.15, None, 9000),
        (20, 100, 0.02, 1, 5000),
        (300, 300, 0.01, 1, 15_000),
        (5, 5, 0.1, 30, 4000),
    ],
)
def test_a_token_bucket_is_used_to_the_full_and_rarely_overdrawn(
    rate: float, burst: float, latency: float, retry_after: float | None, requests: int
) -> None:
    stream = Stream(rate, burst, latency, retry_after)
    run_virtually(stream.run(requests))
    refused, throughput = stream.after_adaptation()
    assert refused <= MOST_REFUSED
    assert throughput >= LEAST_THROUGHPUT


def test_what_was_slowed_down_by_a_passing_storm_is_as_fast_as_before_soon() -> None:
    async def storm_and_calm() -> float:
        loop = asyncio.get_running_loop()
        limiter = SiteLimiter(monotonic=loop.time)
        answered: list[float] = []

        async def work() -> None:
            while loop.time() < 400:
                async with limiter.slot(READ) as permit:
                    await asyncio.sleep(0.1)
                    if 10 < loop.time() < 40:
                        limiter.throttled(permit, Scope.ENDPOINT, 2)
                    else:
                        limiter.answered(permit)
                        answered.append(loop.time())

        await asyncio.gather(*(work() for _ in range(30)))
        return sum(at > 380 for at in answered) / 20

    assert run_virtually(storm_and_calm()) >= 0.9 * 20 / 0.1


@asynccontextmanager
async def served(issues: int) -> AsyncGenerator[tuple[SiteClient, RunningSite]]:
    """A simulated Jira and a client of it, both in moved time."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    site = SimulatedSite("storms", clock=loop)
    generate(site, seed=2, issues=issues)
    running = await start_site(site)
    limiter = SiteLimiter(monotonic=loop.time)
    login = Credentials(ADMIN_EMAIL, ADMIN_TOKEN)
    try:
        async with SiteClient(running.base_url, login, clock=loop, limiter=limiter) as client:
            yield client, running
    finally:
        await running.close()
        site.close()


def statuses(running: RunningSite) -> Counter[str]:
    """How often the site answered with which status."""
    return Counter(running.site.request_log.to_json()["statuses"])


def test_a_client_keeps_to_the_limits_of_a_site() -> None:
    rate, requests = 20.0, 1500

    async def fetch() -> tuple[Counter[str], float]:
        loop = asyncio.get_running_loop()
        async with served(20) as (client, running):
            site = running.site
            site.limits = Limits([BurstLimit(rate, 20, "POST", "/bulkfetch$")])
            site.faults.plan(FaultKind.DELAY, delay=0.15, times=1 << 30)
            await many(client, requests // 3)
            assert statuses(running)["429"] > 0
            site.request_log.clear()
            begun = loop.time()
            await many(client, requests)
            return statuses(running), requests / (loop.time() - begun)

    async def many(client: SiteClient, count: int) -> None:
        left = iter(range(count))
        body = {"issueIdsOrKeys": ["PLAT-1"], "fields": ["summary"]}

        async def work() -> None:
            for _ in left:
                await client.post(BULKFETCH, body, read=True)

        await asyncio.gather(*(work() for _ in range(20)))

    met, throughput = run_virtually(fetch())
    assert met["200"] == requests
    assert met["429"] <= MOST_REFUSED * requests
    assert throughput >= LEAST_THROUGHPUT * rate


Storm = Callable[[RunningSite], list[Fault]]


def storm(kind: FaultKind, path: str = "", **details: object) -> Storm:
    """A storm of one kind, each of its faults at another time."""

    def plan(running: RunningSite) -> list[Fault]:
        faults = running.site.faults
        return [faults.plan(kind, path, skip=9 * n, times=3, **details) for n in range(6)]

    return plan


STORMS: dict[str, Storm] = {
    "429 with a time": storm(FaultKind.RATE_LIMITED, retry_after=7, reason=BURST),
    "429 without a time": storm(FaultKind.RATE_LIMITED),
    "429 as a page": storm(FaultKind.RATE_LIMITED, html=True),
    "429 of a quota": storm(FaultKind.RATE_LIMITED, retry_after=1900, reason=QUOTA),
    "429 of costs": storm(FaultKind.RATE_LIMITED, retry_after=60, reason="jira-cost-based"),
    "503 with a time": storm(FaultKind.UNAVAILABLE, retry_after=30),
    "503 without a time": storm(FaultKind.UNAVAILABLE),
    "500": storm(FaultKind.ERROR),
    "cut": storm(FaultKind.CUT),
    "truncated": storm(FaultKind.TRUNCATED),
    "lost": storm(FaultKind.LOST),
    "slow": storm(FaultKind.DELAY, delay=400.0),
}


def contents(backup: MemoryBackup, base_url: str) -> dict[str, bytes]:
    """What a backup holds, without the address of the site."""
    return {
        f"{kind}/{key}": payload.replace(base_url.encode(), b"")
        for kind in Kind
        for key, payload in backup.payloads(kind).items()
    }


async def exported(plan: Storm | None) -> tuple[dict[str, bytes], int, list[Fault]]:
    """A whole export: what it holds, how much is missing, the faults on the way."""
    async with served(60) as (client, running):
        faults = plan(running) if plan else []
        backup, tally = await export(EXPORTER, client, site_uri=running.base_url)
        missing = sum(count.missing for count in tally.counts.values())
        return contents(backup, running.base_url), missing, faults


@pytest.fixture(scope="module")
def calm() -> dict[str, bytes]:
    return run_virtually(exported(None))[0]


@pytest.mark.parametrize("name", STORMS)
def test_an_export_comes_through_a_storm_unharmed(name: str, calm: dict[str, bytes]) -> None:
    found, missing, faults = run_virtually(exported(STORMS[name]))
    assert missing == 0
    assert found == calm
    assert [fault.fired for fault in faults] == [fault.times for fault in faults]


def test_an_export_waits_for_the_hour_in_which_its_quota_is_new(calm: dict[str, bytes]) -> None:
    async def export_with_a_quota() -> tuple[dict[str, bytes], Counter[str], float]:
        loop = asyncio.get_running_loop()
        async with served(60) as (client, running):
            running.site.limits = Limits(hourly_quota=60)
            backup, _ = await export(EXPORTER, client, site_uri=running.base_url)
            return contents(backup, running.base_url), statuses(running), loop.time()

    found, met, seconds = run_virtually(export_with_a_quota())
    assert found == calm
    # The quota of the hour in which the last request was made need not be used up.
    hours = (met.total() - met["429"] - 1) // 60
    assert hours >= 2
    assert hours * 3600 <= seconds < (hours + 1) * 3600
    assert met["429"] <= 20 * hours


def test_writes_to_one_issue_are_spaced_as_it_wants_and_others_are_not() -> None:
    async def write() -> tuple[Counter[str], float, float]:
        loop = asyncio.get_running_loop()
        async with served(20) as (client, running):
            running.site.limits = Limits(issue_writes=True)
            template = "/rest/api/3/issue/{issue}/properties/{property}"

            async def put(key: str, count: int) -> float:
                begun = loop.time()
                for number in range(count):
                    await client.put_json(template, number, issue=key, property=f"p{number}")
                return loop.time() - begun

            keys = [row["key"] for row in keys_of(running.site)]
            one, other = await asyncio.gather(put(keys[0], 150), put(keys[1], 15))
            return statuses(running), one, other

    met, one, other = run_virtually(write())
    assert met["429"] <= 3
    assert 30 <= one <= 75
    assert other < 1


def keys_of(site: SimulatedSite) -> list[dict[str, str]]:
    rows = site.store.rows(
        "SELECT p.key || '-' || i.number AS key FROM jira_issue i "
        "JOIN jira_project p ON p.id = i.project_id ORDER BY i.id"
    )
    return [{"key": row["key"]} for row in rows]
