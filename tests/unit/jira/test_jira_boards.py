"""Boards come back with their filters and places; what REST cannot write is declared."""

from __future__ import annotations

from collections import Counter

import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.emptiness import find_content
from sitekeep_shared.atlassian.errors import AmbiguousWrite
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Severity
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.boards import add_board
from sitekeep_simulator.jira.filters import add_filter
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.objects import JiraObject, ObjectKind
from sitekeep_simulator.jira.state import Jira
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import AGILE, JiraPair, JiraSide, SmallSite, undeclared
from support.planning import declared_paths, errors_of, pair, reasons_of

__all__ = ["pair"]


def boards_of(side: JiraSide) -> list[JiraObject]:
    return Jira(side.site).objects.all(ObjectKind.BOARD)


async def test_a_board_takes_two_requests_beside_its_page(pair: JiraPair) -> None:
    generate(pair.source.site, seed=1, issues=30)
    before = await pair.source.backup()
    log = pair.source.site.request_log
    assert before.count(Kind.BOARD) == len(boards_of(pair.source)) == 9
    assert log.count("GET", f"{AGILE}/board") == 1
    for noun, count in (("configuration", 9), ("quickfilter", 9), ("features", 1)):
        assert log.count("GET", f"{AGILE}/board/{{boardId}}/{noun}") == count


async def test_private_boards_of_others_are_counted(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    source = Jira(pair.source.site)
    person = source.accounts.page()[1].account_id
    for number in range(3):
        hidden = add_filter(source, f"Hidden {number}", person, "labels = a", {})
        add_board(source, f"Hidden {number}", "kanban", hidden.id, {"user": person})
    backup, tally = await pair.source.backup_and_tally()
    assert backup.count(Kind.BOARD) == tally.of(Kind.BOARD).expected == 1
    found = [(each.reason, each.count, each.severity) for each in tally.findings]
    assert found == [("BOARDS_NOT_VISIBLE", 3, Severity.WARNING)]


async def test_generated_boards_lose_what_is_declared_and_no_more(pair: JiraPair) -> None:
    generate(pair.source.site, seed=1, issues=30)
    pair.share_people()
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    count = tally.of(Kind.BOARD)
    assert count.expected == count.done == count.lossy == 9
    lost = declared_paths(Kind.BOARD, before, await pair.destination.backup())
    assert (
        lost
        == {"columns", "limits", "quickFilters", "admins", "owner", "teamManaged"}
        | {
            "subQuery",
            "estimation",
        }
        & lost
    )
    reasons = reasons_of(tally)
    assert (reasons["BOARD_CONFIGURATION"], reasons["BOARD_TYPE_CHANGED"]) == (9, 1)
    assert reasons["BOARD_PLACE_CHANGED"] == 1


@pytest.mark.shows_loss(Kind.BOARD, "subQuery")
async def test_a_sub_query_of_its_own_is_lost_as_declared(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    source = Jira(pair.source.site)
    admin = source.accounts.page()[0].account_id
    made = add_filter(source, "Maintenance", admin, "labels = a", {})
    add_board(source, "Maintenance", "kanban", made.id, {"sub_query": "fixVersion is EMPTY"})
    pair.share_people()
    before = await pair.source.backup()
    await restore(IMPORTER, pair.destination.client, before)
    assert declared_paths(Kind.BOARD, before, await pair.destination.backup()) == {
        "subQuery",
        "admins",
    }


async def test_a_board_whose_answer_is_lost_is_not_made_twice(pair: JiraPair) -> None:
    generate(pair.source.site, seed=1, issues=30)
    pair.share_people()
    before = await pair.source.backup()
    faults = pair.destination.site.faults
    fault = faults.plan(FaultKind.LOST, "/board$", method="POST", times=5)
    tally = await restore(
        IMPORTER, pair.destination.client, before, attempts=7, retried=(AmbiguousWrite,)
    )
    assert fault.fired == 5
    assert errors_of(tally) == []
    names = Counter(each.name for each in boards_of(pair.destination))
    assert names == Counter(each.name for each in boards_of(pair.source))
    assert undeclared(before, await pair.destination.backup()) == []


@pytest.mark.parametrize("lost", [0, 2])
async def test_a_board_without_its_filter_shows_its_whole_project(
    pair: JiraPair, lost: int
) -> None:
    small = SmallSite(pair.source)
    await small.fill()
    pair.share_people()
    backup = await pair.source.backup()
    kept = MemoryBackup(backup.site_uri)
    for kind in Kind:
        records = [(entry, await backup.read(entry)) async for entry in backup.entries(kind)]
        kept.add(kind.value, [each for each in records if b"ORDER BY Rank" not in each[1]])
    pair.destination.site.faults.plan(FaultKind.LOST, "/filter$|/board$", method="POST", times=lost)
    tally = await restore(
        IMPORTER, pair.destination.client, kept, attempts=4, retried=(AmbiguousWrite,)
    )
    assert errors_of(tally) == []
    (board,) = boards_of(pair.destination)
    jira = Jira(pair.destination.site)
    found = jira.objects.get(ObjectKind.FILTER, board.body["filter"])
    assert found is not None
    assert found.body["jql"] == f"project = {board.body['project']} ORDER BY Rank ASC"
    assert undeclared(kept, await pair.destination.backup()) == []


async def test_a_board_of_nothing_that_came_back_is_named(pair: JiraPair) -> None:
    small = SmallSite(pair.source)
    await small.configure()
    source = Jira(pair.source.site)
    admin = source.accounts.page()[0].account_id
    made = add_filter(source, "Gone", admin, "labels = a", {})
    add_board(source, "Orphan", "kanban", made.id, {})
    before = await pair.source.backup()
    pair.destination.site.faults.plan(FaultKind.MISSING, "/filter$", method="POST", times=9)
    tally = await restore(IMPORTER, pair.destination.client, before)
    missing = {each.key: each.reason for each in tally.findings if each.severity is Severity.ERROR}
    assert missing == {"Gone": "FILTER_REFUSED", "Orphan": "BOARD_REFUSED"}
    assert tally.of(Kind.BOARD).missing == 1


async def test_boards_make_a_site_not_empty(pair: JiraPair) -> None:
    jira = Jira(pair.destination.site)
    admin = jira.accounts.page()[0].account_id
    made = add_filter(jira, "Left", admin, "labels = a", {})
    add_board(jira, "Behind", "kanban", made.id, {})
    found = await find_content(pair.destination.client)
    assert [each.subject for each in found] == ["filters", "boards"]
    assert "Behind" in found[1].description
