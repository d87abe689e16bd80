"""Remote links that no history tells of."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sitekeep_backup.exporters.jira import EXPORTER, issue_ranges, remote_links
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Tally
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.generator import generate
from support.confluence_fakes import MemoryBackup, export
from support.jira_fakes import API, JiraPair, jira_pair

PROBES = 10


@pytest_asyncio.fixture
async def pair(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[JiraPair]:
    """Projects of more than one range and of more issues than are asked at first."""
    monkeypatch.setattr(remote_links, "PROBES", PROBES)
    monkeypatch.setattr(issue_ranges, "RANGE", 20)
    monkeypatch.setattr(issue_ranges, "BLOCK", 20)
    async with jira_pair() as sites:
        generate(sites.source.site, seed=2, issues=120)
        yield sites


async def _export(pair: JiraPair) -> tuple[MemoryBackup, Tally]:
    pair.source.site.request_log.clear()
    return await export(EXPORTER, pair.source.client, running_for=datetime.timedelta(hours=1))


def _asked(pair: JiraPair) -> int:
    log = pair.source.site.request_log.to_json()["requests"]
    return sum(each["count"] for each in log if each["template"].endswith("/remotelink"))


def _numbers(pair: JiraPair) -> list[tuple[int, int, int]]:
    """Project, number and id of the issues of the largest project."""
    rows = pair.source.site.store.rows(
        "SELECT project_id, number, id FROM jira_issue WHERE project_id = (SELECT project_id FROM "
        "jira_issue GROUP BY project_id ORDER BY count(*) DESC LIMIT 1) ORDER BY number"
    )
    return [(row["project_id"], row["number"], row["id"]) for row in rows]


def _link(pair: JiraPair, issue_id: int) -> None:
    store = pair.source.site.store
    store.execute(
        "INSERT INTO jira_remote_link VALUES (?, ?, NULL, ?)",
        (
            1_000_000 + issue_id,
            issue_id,
            '{"object": {"url": "https://example.com", "title": "Ω"}}',
        ),
    )


def _unlink_all(pair: JiraPair) -> None:
    pair.source.site.store.execute("DELETE FROM jira_remote_link")


async def test_links_of_every_issue_of_small_projects_are_read(
    pair: JiraPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_links, "PROBES", 1000)
    there = pair.source.site.store.value("SELECT count(*) FROM jira_remote_link")
    issues = pair.source.site.store.value("SELECT count(*) FROM jira_issue")
    _, tally = await _export(pair)
    assert tally.of(Kind.REMOTE_LINK).done == there > 0
    assert _asked(pair) == issues


async def test_where_there_are_none_only_some_issues_are_asked(pair: JiraPair) -> None:
    _unlink_all(pair)
    projects = pair.source.site.store.value("SELECT count(DISTINCT project_id) FROM jira_issue")
    _, tally = await _export(pair)
    assert Kind.REMOTE_LINK not in tally.counts
    assert _asked(pair) <= PROBES * projects


async def test_one_that_is_met_early_has_the_whole_project_asked(pair: JiraPair) -> None:
    _unlink_all(pair)
    numbers = _numbers(pair)
    for _, _, issue_id in (numbers[0], numbers[-2]):
        _link(pair, issue_id)
    _, tally = await _export(pair)
    assert tally.of(Kind.REMOTE_LINK).done == 2


async def test_one_that_a_history_tells_of_has_ranges_asked_that_were_read_before(
    pair: JiraPair,
) -> None:
    """The closing pass reads them again; nothing is there twice."""
    _unlink_all(pair)
    numbers = _numbers(pair)
    highest = numbers[-1][1]
    probed = {1 + place * (highest - 1) // (PROBES - 1) for place in range(PROBES)}
    unseen = [issue_id for _, number, issue_id in numbers if number not in probed]
    assert unseen
    before, counted = await _export(pair)
    _link(pair, unseen[0])
    body = {"object": {"url": "https://example.com/told", "title": "Told"}}
    path = f"{API}/issue/{{issue}}/remotelink"
    await pair.source.client.post_json(path, body, issue=str(unseen[-1]))
    backup, tally = await _export(pair)
    assert len(backup.payloads(Kind.REMOTE_LINK)) == tally.of(Kind.REMOTE_LINK).done == 2
    issues = len(backup.payloads(Kind.ISSUE))
    assert issues == tally.of(Kind.ISSUE).done == counted.of(Kind.ISSUE).done
    assert before.count(Kind.ISSUE) == backup.count(Kind.ISSUE)
    assert backup.payloads(Kind.COMMENT).keys() == before.payloads(Kind.COMMENT).keys()


async def test_links_that_a_history_names_and_the_site_closes_are_missing_by_name(
    pair: JiraPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_links, "PROBES", 1000)
    _unlink_all(pair)
    await _export(pair)
    _, number, issue_id = _numbers(pair)[-1]
    body = {"object": {"url": "https://example.com/told", "title": "Told"}}
    path = f"{API}/issue/{{issue}}/remotelink"
    await pair.source.client.post_json(path, body, issue=str(issue_id))
    faults = pair.source.site.faults
    closed = faults.plan(FaultKind.FORBIDDEN, "/remotelink$", method="GET", times=10_000)

    _, tally = await _export(pair)

    assert closed.fired
    told = [each for each in tally.findings if each.reason == "REMOTE_LINKS_NOT_READABLE"]
    assert [each.count for each in told] == [tally.of(Kind.REMOTE_LINK).missing]
    assert any(each.key.endswith(f"-{number}") for each in told)
