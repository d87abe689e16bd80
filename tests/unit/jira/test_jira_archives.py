"""Archived projects and archived issues, there and back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sitekeep_cli.comparison.model import Difference
from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.emptiness import find_content
from sitekeep_shared.atlassian.errors import AmbiguousWrite, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Severity, Tally
from sitekeep_simulator.faults import FaultKind
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import API, JiraPair, SmallSite, differences, jira_pair, undeclared

ARCHIVE = f"{API}/issue/archive"
ARCHIVED = ("ALFA-4", "ALFA-9", "ALFA-12")
"""ALFA-5 is a sub-task of ALFA-4."""


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[JiraPair]:
    async with jira_pair() as sites:
        await SmallSite(sites.source).fill()
        sites.share_people()
        yield sites


async def _archive_issues(pair: JiraPair) -> MemoryBackup:
    await pair.source.client.put_json(ARCHIVE, {"issueIdsOrKeys": list(ARCHIVED)})
    return await pair.source.backup()


async def _archive_project(pair: JiraPair) -> MemoryBackup:
    path = f"{API}/project/{{project}}/archive"
    await pair.source.client.post(path, None, project="ALFA")
    return await pair.source.backup()


def _of(found: list[Difference], kind: Kind) -> set[tuple[str, str]]:
    return {(one.item, one.path) for one in found if one.kind is kind and "archive" in one.path}


def _reasons(tally: Tally) -> list[tuple[str, str, int]]:
    wanted = ("ISSUES_NOT_ARCHIVED", "PROJECT_NOT_ARCHIVED")
    return [(each.reason, each.key, each.count) for each in tally.findings if each.reason in wanted]


@pytest.mark.shows_loss(Kind.ISSUE, "archiveddate")
async def test_archived_issues_are_read_by_their_numbers_and_archived_again(
    pair: JiraPair,
) -> None:
    live = await pair.source.backup()
    before = await _archive_issues(pair)
    assert before.payloads(Kind.ISSUE).keys() == live.payloads(Kind.ISSUE).keys()
    await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    keys = {*ARCHIVED, "ALFA-5"}
    assert _of(differences(before, after), Kind.ISSUE) == {(key, "archiveddate") for key in keys}
    for key in keys:
        assert (await pair.destination.issue(key))["fields"]["archiveddate"]


@pytest.mark.shows_loss(Kind.ISSUE, "archivedby")
async def test_the_restoring_account_is_who_archived(pair: JiraPair) -> None:
    before = await _archive_issues(pair)
    person = pair.source.site.accounts.page()[1].account_id
    store = pair.source.site.store
    store.execute("UPDATE jira_archived SET account_id = ?", (person,))
    store.execute("DELETE FROM jira_rendered")
    before = await pair.source.backup()
    await restore(IMPORTER, pair.destination.client, before)
    found = _of(differences(before, await pair.destination.backup()), Kind.ISSUE)
    assert {path for _, path in found} == {"archivedby", "archiveddate"}


@pytest.mark.shows_loss(Kind.ISSUE, "archived")
async def test_a_smaller_edition_of_jira_leaves_archived_issues_live(pair: JiraPair) -> None:
    before = await _archive_issues(pair)
    pair.destination.site.premium = False
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert _reasons(tally) == [("ISSUES_NOT_ARCHIVED", "ALFA-12", 3)]
    found = differences(before, await pair.destination.backup())
    assert ("ALFA-5", "archived") in _of(found, Kind.ISSUE)


async def test_an_archived_project_comes_back_archived(pair: JiraPair) -> None:
    before = await _archive_project(pair)
    faults = pair.destination.site.faults
    fault = faults.plan(FaultKind.LOST, "/archive$", method="POST", times=1)
    tally = await restore(
        IMPORTER, pair.destination.client, before, attempts=2, retried=(AmbiguousWrite,)
    )
    assert fault.fired
    assert [each for each in tally.findings if each.severity is Severity.ERROR] == []
    assert undeclared(before, await pair.destination.backup()) == []
    found = await pair.destination.client.get_json(f"{API}/project/{{key}}", key="ALFA")
    assert found["archived"] is True


@pytest.mark.shows_loss(Kind.PROJECT, "archived")
async def test_a_project_that_the_site_does_not_archive_is_live(pair: JiraPair) -> None:
    before = await _archive_project(pair)
    faults = pair.destination.site.faults
    faults.plan(FaultKind.FORBIDDEN, "/project/[^/]+/archive$", method="POST", times=1)
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert _reasons(tally) == [("PROJECT_NOT_ARCHIVED", "ALFA", 1)]
    found = differences(before, await pair.destination.backup())
    assert _of(found, Kind.PROJECT) == {("ALFA", "archived")}


async def test_what_is_archived_is_read_only_and_leaves_no_site_empty(pair: JiraPair) -> None:
    await _archive_issues(pair)
    one = f"{API}/issue/{{issue}}"
    for key in (*ARCHIVED, "ALFA-5"):
        with pytest.raises(SiteRefused):
            await pair.source.client.put_json(one, {"fields": {"summary": "x"}}, issue=key)
    await pair.source.client.put_json(
        f"{API}/issue/unarchive", {"issueIdsOrKeys": ["ALFA-4", "ALFA-5"]}
    )
    await pair.source.client.put_json(one, {"fields": {"summary": "x"}}, issue="ALFA-5")
    await _archive_project(pair)
    with pytest.raises(SiteRefused):
        await pair.source.client.put_json(one, {"fields": {"summary": "x"}}, issue="ALFA-1")
    found = await find_content(pair.source.client)
    assert (found[0].type, found[0].subject) == ("ARCHIVED_CONTENT", "project ALFA")


async def test_archived_issues_that_the_account_may_not_browse_are_counted(pair: JiraPair) -> None:
    await _archive_issues(pair)
    pair.source.site.shows_archived = False
    _, tally = await pair.source.backup_and_tally()
    found = [(each.severity, each.reason, each.key, each.count) for each in tally.findings]
    assert found == [(Severity.ERROR, "ISSUES_NOT_VISIBLE", "ALFA", 4)]
