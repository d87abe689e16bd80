"""What an export reads, what it asks for, and what it says about what it cannot have."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from sitekeep_backup.exporters.jira import EXPORTER
from sitekeep_backup.exporters.jira.issue_ranges import (
    BLOCK,
    RANGE,
    IssueRange,
    IssueSource,
    plan_ranges,
)
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Severity
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.generator import generate
from support.confluence_fakes import export
from support.jira_fakes import API, JiraPair, SmallSite
from support.planning import pair

__all__ = ["pair"]


async def test_every_listed_item_is_stored_as_the_site_sent_it(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    backup, tally = await pair.source.backup_and_tally()
    assert [str(found) for found in tally.findings] == []
    for kind, count in tally.counts.items():
        assert count.expected == count.done > 0, kind
    body = {"issueIdsOrKeys": ["ALFA-9"], "fields": ["*all"], "properties": ["sitekeep.origin"]}
    answer = await pair.source.client.post(f"{API}/issue/bulkfetch", body, read=True)
    payload = backup.payloads(Kind.ISSUE)
    stored = next(text for key, text in payload.items() if key.endswith("0000000009"))
    assert stored in answer


async def test_lists_that_are_cut_in_the_issue_are_completed(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    backup, _ = await pair.source.backup_and_tally()
    issues = [msgspec.json.decode(text) for text in backup.payloads(Kind.ISSUE).values()]
    embedded: Counter[str] = Counter()
    texts: list[str] = []
    for issue in issues:
        comments = issue["fields"]["comment"]["comments"]
        embedded["comments"] += len(comments)
        embedded["worklogs"] += len(issue["fields"]["worklog"]["worklogs"])
        texts += [str(comment["body"]) for comment in comments]
    texts += [text.decode() for text in backup.payloads(Kind.COMMENT).values()]
    assert embedded["comments"] + backup.count(Kind.COMMENT) == 121
    assert embedded["worklogs"] + backup.count(Kind.WORKLOG) == 25
    assert all(any(f"Comment {number}" in text for text in texts) for number in range(120))


async def test_gaps_and_issues_that_moved_away_are_not_stored(pair: JiraPair) -> None:
    counts = generate(pair.source.site, seed=1, issues=200)
    assert counts["moved_key"] > 0
    backup, tally = await pair.source.backup_and_tally()
    stored = pair.source.site.store.value("SELECT count(*) FROM jira_issue")
    assert backup.count(Kind.ISSUE) == tally.of(Kind.ISSUE).expected == stored
    keys = [msgspec.json.decode(text)["key"] for text in backup.payloads(Kind.ISSUE).values()]
    assert len(set(keys)) == stored


async def test_the_core_of_a_thousand_issues_takes_few_requests(pair: JiraPair) -> None:
    generate(pair.source.site, seed=1, issues=1000)
    await export(EXPORTER, pair.source.client, include_attachments=False)
    projects = pair.source.site.store.value("SELECT count(*) FROM jira_project")
    assert 10 <= _asked(pair, "issue/bulkfetch") <= 10 + 2 * projects
    assert 1 <= _asked(pair, "changelog/bulkfetch") <= 2 + projects
    assert _asked(pair, "search/jql") == 2 * projects + 1
    assert _asked(pair, "search/approximate-count") == 0


def _asked(pair: JiraPair, name: str) -> int:
    return pair.source.site.request_log.count("POST", f"{API}/{name}")


async def test_issues_that_the_search_does_not_know_yet_are_found(pair: JiraPair) -> None:
    site = SmallSite(pair.source)
    await site.configure()
    await site.add_project("ALFA", "Project Alfa")
    pair.source.site.search_lag = 1000
    for number in range(3):
        await site.issue(f"Fresh {number}")
    backup, _ = await pair.source.backup_and_tally()
    assert backup.count(Kind.ISSUE) == 3


async def test_projects_in_the_archive_are_read_and_those_in_the_trash_are_named(
    pair: JiraPair,
) -> None:
    site = SmallSite(pair.source)
    await site.fill()
    await site.add_project("BETA", "Trashed")
    store = pair.source.site.store
    live, _ = await pair.source.backup_and_tally()
    store.execute("UPDATE jira_project SET state = 'archived' WHERE key = 'ALFA'")
    store.execute("UPDATE jira_project SET state = 'deleted' WHERE key = 'BETA'")
    backup, tally = await pair.source.backup_and_tally()
    found = [(each.severity, each.key, each.reason) for each in tally.findings]
    assert found == [(Severity.WARNING, "BETA", "PROJECT_IN_TRASH")]
    assert tally.of(Kind.ISSUE).expected == tally.of(Kind.ISSUE).done == 9
    for kind in (Kind.ISSUE, Kind.COMMENT, Kind.WORKLOG, Kind.CHANGELOG, Kind.ATTACHMENT):
        assert backup.payloads(kind) == live.payloads(kind)
    (project,) = backup.payloads(Kind.PROJECT).values()
    assert msgspec.json.decode(project)["archived"] is True


async def test_issues_of_an_archived_project_that_are_not_handed_out_are_missing(
    pair: JiraPair,
) -> None:
    site = SmallSite(pair.source)
    await site.fill()
    store = pair.source.site.store
    store.execute("UPDATE jira_project SET state = 'archived' WHERE key = 'ALFA'")
    # As if so many had been deleted: nothing says where the numbers go on.
    store.execute("UPDATE jira_issue SET number = 20000 WHERE number = 12")
    _, tally = await pair.source.backup_and_tally()
    found = [(each.severity, each.key, each.reason, each.count) for each in tally.findings]
    assert found == [(Severity.ERROR, "ALFA", "ISSUES_NOT_VISIBLE", 1)]


async def test_a_file_that_the_site_has_lost_is_named(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    pair.source.site.faults.plan(FaultKind.MISSING, "/attachment/content/", times=1)
    _, tally = await pair.source.backup_and_tally()
    found = [(each.key, each.reason) for each in tally.findings]
    assert found == [("ALFA-1/a b+ü.txt", "ATTACHMENT_NOT_FOUND")]
    count = tally.of(Kind.ATTACHMENT)
    assert (count.expected, count.done, count.missing) == (2, 1, 1)


async def test_without_attachments_their_number_is_said_and_none_is_asked_for(
    pair: JiraPair,
) -> None:
    await SmallSite(pair.source).fill()
    pair.source.site.request_log.clear()
    _, tally = await export(EXPORTER, pair.source.client, include_attachments=False)
    assert [(each.reason, each.count) for each in tally.findings] == [("ATTACHMENTS_EXCLUDED", 2)]
    assert Kind.ATTACHMENT not in tally.counts
    log = pair.source.site.request_log.to_json()["requests"]
    assert not [each for each in log if "attachment" in each["template"]]


@pytest.mark.parametrize("known", [0, 1, 49, 50, 51, 99, 450, 451, 500, 730, 1000, 12_345])
def test_ranges_cover_every_known_number_and_the_newest_unknown_ones(known: int) -> None:
    parts = [IssueRange(**plan.arguments) for plan in plan_ranges(IssueSource("1", "K"), known)]
    numbers = [number for part in parts for block in part.blocks() for number in block]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= known + 50
    assert all(len(block) <= BLOCK for part in parts for block in part.blocks())
    assert all(part.last - part.first < RANGE for part in parts)
    assert [part.final for part in parts] == [False] * (len(parts) - 1) + [True]
