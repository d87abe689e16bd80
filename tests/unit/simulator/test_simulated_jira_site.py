"""What both halves of a simulated site stand on: sign-in, faults, media host, kept state."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from sitekeep_simulator.accounts import ADMIN_EMAIL, account_id_of
from sitekeep_simulator.directory import Directory
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.main import Generated, SiteSpecification, open_site, run
from sitekeep_simulator.site import SimulatedSite
from support.jira_site import API, JiraCaller, jira_caller


@pytest_asyncio.fixture
async def jira() -> AsyncIterator[JiraCaller]:
    async with jira_caller() as caller:
        yield caller
        assert caller.problems == []


@pytest.mark.parametrize("header", ["", "Bearer x", "Basic !!!", "Basic YTpi"])
async def test_a_request_without_a_known_token_is_refused(jira: JiraCaller, header: str) -> None:
    answer = await jira.call("GET", "/myself", headers={"Authorization": header})
    assert answer.status == 401
    assert answer.json["errorMessages"]
    assert answer.json["errors"] == {}


async def test_an_unknown_path_answers_404_in_the_shape_of_jira(jira: JiraCaller) -> None:
    answer = await jira.get("/nothing")
    assert (answer.status, set(answer.json)) == (404, {"errorMessages", "errors"})


async def test_a_person_has_one_account_id_on_every_site() -> None:
    first, second = SimulatedSite("one"), SimulatedSite("two")
    accounts = [site.accounts.add("Lee@example.com", "Lee") for site in (first, second)]
    assert accounts[0].account_id == accounts[1].account_id == account_id_of("lee@example.com")
    groups = [site.accounts.add_group("team").group_id for site in (first, second)]
    assert groups[0] != groups[1]
    first.close()
    second.close()


def test_who_is_invited_has_the_name_and_state_of_the_account() -> None:
    directory = Directory()
    first = SimulatedSite("one", directory=directory)
    second = SimulatedSite("two", directory=directory)
    lee = first.accounts.add("Lee@example.com", "Lee Li")
    first.accounts.set_active(lee.account_id, False)
    assert second.accounts.invite("lee@example.com", "lee") == replace(lee, active=False)
    assert second.accounts.invite("new@example.com", "new").display_name == "new"
    first.close()
    second.close()


def test_sites_without_a_common_directory_do_not_know_each_others_people() -> None:
    first, second = SimulatedSite("one"), SimulatedSite("two")
    first.accounts.add("lee@example.com", "Lee Li")
    assert second.accounts.invite("lee@example.com", "lee").display_name == "lee"
    first.close()
    second.close()


def test_accounts_of_a_kept_site_are_known_again_after_a_restart(tmp_path: Path) -> None:
    kept = SiteSpecification("kept", 0, tmp_path / "kept")
    first = open_site(kept)
    first.accounts.add("lee@example.com", "Lee Li")
    first.close()
    directory = Directory()
    again, other = open_site(kept, directory), open_site(SiteSpecification("other"), directory)
    assert other.accounts.invite("lee@example.com", "lee").display_name == "Lee Li"
    again.close()
    other.close()


async def test_a_429_carries_what_it_was_planned_with(jira: JiraCaller) -> None:
    fault = jira.site.faults.plan(
        FaultKind.RATE_LIMITED, "/myself", retry_after=3, reason="jira-burst-based", times=2
    )
    answers = [await jira.get("/myself") for _ in range(3)]
    assert [each.status for each in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "3"
    assert answers[0].headers["RateLimit-Reason"] == "jira-burst-based"
    assert fault.fired == 2


async def test_a_gateways_429_has_a_page_and_no_retry_after(jira: JiraCaller) -> None:
    jira.site.faults.plan(FaultKind.RATE_LIMITED, html=True)
    answer = await jira.get("/myself")
    assert answer.status == 429
    assert answer.body.startswith(b"<html>")
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(
    ("kind", "status"),
    [(FaultKind.UNAVAILABLE, 503), (FaultKind.ERROR, 500), (FaultKind.MISSING, 404)],
)
async def test_a_fault_replaces_the_answer(jira: JiraCaller, kind: FaultKind, status: int) -> None:
    jira.site.faults.plan(kind, method="get", skip=1)
    assert [(await jira.get("/myself")).status for _ in range(3)] == [200, status, 200]


async def test_a_lost_answer_comes_after_the_write(jira: JiraCaller) -> None:
    jira.site.faults.plan(FaultKind.LOST, "/group$", method="POST")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await jira.post("/group", {"name": "written"})
    assert jira.site.accounts.group(name="written") is not None


async def test_a_cut_answer_announces_more_than_it_brings(jira: JiraCaller) -> None:
    jira.site.faults.plan(FaultKind.CUT, "/myself")
    with pytest.raises(aiohttp.ClientPayloadError):
        await jira.get("/myself")


async def test_a_truncated_answer_ends_early(jira: JiraCaller) -> None:
    whole = (await jira.get("/myself")).body
    jira.site.faults.plan(FaultKind.TRUNCATED, "/myself")
    async with jira.session.get(f"{jira.running.base_url}{API}/myself") as answer:
        assert await answer.read() == whole[: len(whole) // 2]


async def test_faults_and_counts_are_reached_over_http(jira: JiraCaller) -> None:
    control = f"{jira.running.base_url}/_simulator"
    async with aiohttp.ClientSession() as anonymous:
        planned = {"kind": "unavailable", "path": "/myself", "retryAfter": 1}
        async with anonymous.post(f"{control}/faults", json=planned) as answer:
            assert answer.status == 201
        assert (await jira.get("/myself")).headers["Retry-After"] == "1"
        async with anonymous.post(f"{control}/faults", json={"kind": "odd"}) as answer:
            assert answer.status == 400
        async with anonymous.get(f"{control}/requests") as answer:
            log = await answer.json()
        assert log["requests"] == [{"method": "GET", "template": f"{API}/myself", "count": 1}]
        assert log["statuses"] == {"503": 1}
        async with anonymous.delete(f"{control}/requests") as answer:
            assert answer.status == 204
    assert jira.site.request_log.total() == 0


async def test_the_media_host_refuses_credentials_and_wrong_tokens(jira: JiraCaller) -> None:
    media = jira.site.files.add_media(b"0123456789", "ä.txt", "text/plain")
    location = jira.site.media_location(media.media_id)
    assert not location.startswith(jira.running.base_url)
    assert (await jira.get(location)).status == 400
    async with aiohttp.ClientSession() as anonymous:
        async with anonymous.get(location) as answer:
            assert await answer.read() == b"0123456789"
        async with anonymous.get(location[:-1]) as answer:
            assert answer.status == 403


@pytest.mark.parametrize(
    ("wanted", "status", "body"),
    [
        ("bytes=4-", 206, b"456789"),
        ("bytes=2-3", 206, b"23"),
        ("bytes=-2", 206, b"89"),
        ("bytes=10-", 416, b""),
        ("bytes=-", 200, b"0123456789"),
    ],
)
async def test_a_range_brings_a_part(
    jira: JiraCaller, wanted: str, status: int, body: bytes
) -> None:
    media = jira.site.files.add_media(b"0123456789", "a.txt", "text/plain")
    location = jira.site.media_location(media.media_id)
    async with (
        aiohttp.ClientSession() as anonymous,
        anonymous.get(location, headers={"Range": wanted}) as answer,
    ):
        assert (answer.status, await answer.read()) == (status, body)


async def test_a_kept_site_is_filled_once_and_survives_a_restart(tmp_path: Path) -> None:
    specification = SiteSpecification("kept", 0, tmp_path / "kept", Generated(1, 30, 0))
    first = open_site(specification)
    issues = [tuple(row) for row in first.store.rows("SELECT * FROM jira_issue")]
    file = first.store.value("SELECT sha256 FROM file_content")
    content = first.files.read(file)
    first.close()
    async with run([specification, SiteSpecification("other")]) as [again, other]:
        assert [tuple(row) for row in again.site.store.rows("SELECT * FROM jira_issue")] == issues
        assert again.site.files.read(file) == content
        assert other.site.store.value("SELECT count(*) FROM jira_issue") == 0
        assert other.base_url != again.base_url


async def test_a_failed_transaction_leaves_nothing_and_a_savepoint_only_its_part() -> None:
    site = SimulatedSite("one")
    site.store.script("CREATE TABLE t (x)")

    def write_and_fail(scope: AbstractContextManager[None], value: int) -> None:
        with scope:
            site.store.execute("INSERT INTO t VALUES (?)", (value,))
            raise LookupError

    with pytest.raises(LookupError):
        write_and_fail(site.store.transaction(), 1)
    assert site.store.value("SELECT count(*) FROM t") == 0
    with site.store.transaction():
        site.store.execute("INSERT INTO t VALUES (2)")
        with pytest.raises(LookupError):
            write_and_fail(site.store.savepoint(), 3)
    assert [row["x"] for row in site.store.rows("SELECT x FROM t")] == [2]
    site.close()


async def test_an_inactive_member_cannot_sign_in(jira: JiraCaller) -> None:
    jira.site.accounts.set_active(account_id_of(ADMIN_EMAIL), False)
    assert (await jira.get("/myself")).status == 401
