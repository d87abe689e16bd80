"""Sprints come back with their states and issues; what the site decides itself is declared."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.sprint_boards import MADE_NAME
from sitekeep_shared.atlassian.errors import AmbiguousWrite
from sitekeep_shared.kinds import Kind
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.fields import SPRINT_TYPE, product_field
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.objects import JiraObject, ObjectKind
from sitekeep_simulator.jira.sprints import ACTIVE, CLOSED, FUTURE, Sprints
from sitekeep_simulator.jira.state import Jira
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import AGILE, API, JiraPair, JiraSide, Json, SmallSite, undeclared
from support.planning import declared_paths, errors_of, pair, reasons_of

__all__ = ["pair"]


def sprints_of(side: JiraSide) -> list[JiraObject]:
    return Sprints(Jira(side.site)).all()


async def names_in(side: JiraSide, key: str) -> list[tuple[str, str]]:
    """The sprints of an issue with their states, by name."""
    field = f"customfield_{product_field(Jira(side.site), SPRINT_TYPE).id}"
    found: list[Json] = (await side.issue(key))["fields"][field] or []
    return sorted((each["name"], each["state"]) for each in found)


async def test_sprints_take_a_request_a_board_and_none_for_those_left_over(
    pair: JiraPair,
) -> None:
    generate(pair.source.site, seed=1, issues=60)
    backup = await pair.source.backup()
    log = pair.source.site.request_log
    boards = [
        each
        for each in Jira(pair.source.site).objects.all(ObjectKind.BOARD)
        if each.body["type"] != "kanban"
    ]
    assert log.count("GET", f"{AGILE}/board/{{boardId}}/sprint") == len(boards) == 5
    assert log.count("GET", f"{AGILE}/sprint/{{sprintId}}") == 0
    assert backup.count(Kind.SPRINT) == len(sprints_of(pair.source)) >= 3
    assert log.count("GET", f"{API}/field") == 2


async def test_generated_sprints_lose_what_is_declared_and_no_more(pair: JiraPair) -> None:
    generate(pair.source.site, seed=6, issues=120)
    pair.share_people()
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    count = tally.of(Kind.SPRINT)
    assert count.expected == count.done == len(sprints_of(pair.source))
    after = await pair.destination.backup()
    assert declared_paths(Kind.SPRINT, before, after) == {"createdDate", "completeDate", "board"}
    assert reasons_of(tally)["SPRINT_BOARD_REPLACED"] == 1
    states = Counter(each.body["state"] for each in sprints_of(pair.source))
    assert Counter(each.body["state"] for each in sprints_of(pair.destination)) == states
    assert min(states[each] for each in (CLOSED, ACTIVE, FUTURE)) >= 3


async def test_an_issue_stays_in_the_closed_sprints_that_it_was_in(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    pair.share_people()
    await restore(IMPORTER, pair.destination.client, await pair.source.backup())
    assert await names_in(pair.destination, "ALFA-1") == [("Done", CLOSED), ("Now", ACTIVE)]
    assert await names_in(pair.destination, "ALFA-4") == [("Done", CLOSED)]
    # A sub-task goes with its parent.
    assert await names_in(pair.destination, "ALFA-5") == [("Done", CLOSED)]
    assert await names_in(pair.destination, "ALFA-10") == [("Now", ACTIVE)]


@pytest.mark.parametrize("path", ["/sprint$", r"/sprint/\d+$", r"/sprint/\d+/issue$"])
async def test_a_write_whose_answer_is_lost_is_not_done_twice(pair: JiraPair, path: str) -> None:
    generate(pair.source.site, seed=6, issues=60)
    pair.share_people()
    before = await pair.source.backup()
    faults = pair.destination.site.faults
    fault = faults.plan(FaultKind.LOST, path, method="POST", times=4, skip=2)
    tally = await restore(
        IMPORTER, pair.destination.client, before, attempts=6, retried=(AmbiguousWrite,)
    )
    assert fault.fired == 4
    assert errors_of(tally) == []
    assert len(sprints_of(pair.destination)) == len(sprints_of(pair.source))
    assert undeclared(before, await pair.destination.backup()) == []


@pytest.mark.shows_loss(Kind.SPRINT, "name")
@pytest.mark.shows_loss(Loss.SPRINT_NAME_CUT)
async def test_a_long_name_is_cut(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    source = Jira(pair.source.site)
    (board,) = source.objects.all(ObjectKind.BOARD)
    Sprints(source).add("A name from before there was a limit", board.id, {})
    pair.share_people()
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert reasons_of(tally)["SPRINT_NAME_CUT"] == 1
    assert "A name from before there was a" in {e.name for e in sprints_of(pair.destination)}
    assert "name" in declared_paths(Kind.SPRINT, before, await pair.destination.backup())


@pytest.mark.shows_loss(Kind.SPRINT, "state")
@pytest.mark.shows_loss(Loss.SPRINT_NOT_STARTED)
async def test_of_two_active_sprints_of_a_board_one_is_started(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    source = Jira(pair.source.site)
    (board,) = source.objects.all(ObjectKind.BOARD)
    dates = {"startDate": "2024-05-01T10:00:00.000Z", "endDate": "2024-05-15T10:00:00.000Z"}
    Sprints(source).add("Also now", board.id, {"state": ACTIVE, **dates})
    pair.share_people()
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    assert reasons_of(tally)["SPRINT_NOT_STARTED"] == 1
    states = {each.name: each.body["state"] for each in sprints_of(pair.destination)}
    assert states == {"Done": CLOSED, "Now": ACTIVE, "Also now": FUTURE}
    assert "state" in declared_paths(Kind.SPRINT, before, await pair.destination.backup())


@pytest.mark.shows_loss(Loss.SPRINT_MEMBER_REFUSED)
async def test_issues_that_a_sprint_refuses_do_not_keep_the_others_out(pair: JiraPair) -> None:
    await SmallSite(pair.source).fill()
    pair.share_people()
    before = await pair.source.backup()
    # The request for both issues of the first sprint fails, then the one for the first of them.
    pair.destination.site.faults.plan(
        FaultKind.MISSING, r"/sprint/\d+/issue$", method="POST", times=2
    )
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert reasons_of(tally)["SPRINT_MEMBER_REFUSED"] == 1
    assert await names_in(pair.destination, "ALFA-1") == [("Now", ACTIVE)]
    assert await names_in(pair.destination, "ALFA-4") == [("Done", CLOSED)]


async def without_boards(pair: JiraPair) -> MemoryBackup:
    """A backup of a small site whose boards are all gone."""
    await SmallSite(pair.source).fill()
    pair.share_people()
    board = (await pair.source.client.get_json(f"{AGILE}/board"))["values"][0]
    await pair.source.client.delete(f"{AGILE}/board/{{board}}", board=str(board["id"]))
    return await pair.source.backup()


@pytest.mark.parametrize("lost", ["/board$", "/filter$"])
async def test_sprints_without_any_board_come_to_one_that_is_made_for_them(
    pair: JiraPair, lost: str
) -> None:
    before = await without_boards(pair)
    fault = pair.destination.site.faults.plan(FaultKind.LOST, lost, method="POST", times=3)
    tally = await restore(
        IMPORTER, pair.destination.client, before, attempts=9, retried=(AmbiguousWrite,)
    )
    assert fault.fired
    assert errors_of(tally) == []
    assert reasons_of(tally)["SPRINT_BOARD_REPLACED"] == 2
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    (board,) = [json.loads(each) for each in after.payloads(Kind.BOARD).values()]
    assert (board["name"], board["location"]["projectKey"]) == (MADE_NAME, "ALFA")
    assert await names_in(pair.destination, "ALFA-1") == [("Done", CLOSED), ("Now", ACTIVE)]


@pytest.mark.parametrize("refused", ["/agile/1.0/board$", "/api/3/filter$"])
async def test_a_sprint_for_which_no_board_can_be_made_is_named(
    pair: JiraPair, refused: str
) -> None:
    before = await without_boards(pair)
    faults = pair.destination.site.faults
    faults.plan(FaultKind.REFUSED, refused, method="POST", times=99)
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert reasons_of(tally)["SPRINT_WITHOUT_BOARD"] == 2
    assert tally.of(Kind.SPRINT).missing == 2


async def test_filters_that_name_sprints_name_the_restored_ones(pair: JiraPair) -> None:
    generate(pair.source.site, seed=6, issues=30)
    pair.share_people()
    await restore(IMPORTER, pair.destination.client, await pair.source.backup())
    jira = Jira(pair.destination.site)
    found = next(
        each for each in jira.objects.all(ObjectKind.FILTER) if each.name == "In the old sprint"
    )
    (orphan,) = [each for each in sprints_of(pair.destination) if each.name == "Left over"]
    field = product_field(jira, SPRINT_TYPE).id
    assert found.body["jql"] == f"cf[{field}] = {orphan.id} AND resolution is not EMPTY"


async def test_sprints_of_one_name_are_told_apart_by_what_they_say(pair: JiraPair) -> None:
    small = SmallSite(pair.source)
    await small.fill()
    pair.share_people()
    board = (await pair.source.client.get_json(f"{AGILE}/board"))["values"][0]["id"]
    path = f"{AGILE}/sprint/{{sprint}}/properties/{{key}}"
    made = ""
    for number, goal in enumerate(("Größe", "")):
        body = {"name": "Same", "originBoardId": board, "goal": goal}
        made = str((await pair.source.client.post_json(f"{AGILE}/sprint", body))["id"])
        await pair.source.client.put_json(path, number, sprint=made, key="app")
    begun = {"state": ACTIVE, "startDate": "2024-04-01T00:00:00.000Z"}
    ended = {"endDate": "2024-04-02T00:00:00.000Z"}
    one = f"{AGILE}/sprint/{{sprint}}"
    now = next(each for each in sprints_of(pair.source) if each.name == "Now")
    await pair.source.client.post(one, {"state": CLOSED}, sprint=str(now.id))
    await pair.source.client.post(one, {**begun, **ended}, sprint=made)
    await pair.source.client.post(one, {"state": CLOSED}, sprint=made)
    before = await pair.source.backup()
    await restore(IMPORTER, pair.destination.client, before)
    assert undeclared(before, await pair.destination.backup()) == []
