"""Sprints and the order of issues of a simulated Jira: what it keeps and what it refuses."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.atlassian.errors import SiteNotFound, SiteRefused
from sitekeep_simulator.accounts import ADMIN_EMAIL, ADMIN_TOKEN
from sitekeep_simulator.jira.boards import add_board
from sitekeep_simulator.jira.fields import RANK_TYPE, SPRINT_TYPE, product_field
from sitekeep_simulator.jira.filters import add_filter
from sitekeep_simulator.jira.ranks import Ranks, rank_text
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.site import SimulatedSite
from support.planning import site

__all__ = ["site"]

API = "/rest/api/3"
AGILE = "/rest/agile/1.0"
SPRINT = f"{AGILE}/sprint/{{sprint}}"
DATES = {"startDate": "2024-05-01T10:00:00.000Z", "endDate": "2024-05-15T10:00:00.000Z"}
Json = Any


@pytest_asyncio.fixture
async def client(site: SimulatedSite) -> AsyncIterator[SiteClient]:
    async with SiteClient(site.base_url, Credentials(ADMIN_EMAIL, ADMIN_TOKEN)) as opened:
        me = await opened.get_json(f"{API}/myself")
        body = {"key": "ABC", "name": "Abc", "projectTypeKey": "software"}
        await opened.post(f"{API}/project", {**body, "leadAccountId": me["accountId"]})
        yield opened


def board(site: SimulatedSite, kind: str = "scrum") -> int:
    jira = Jira(site)
    admin = site.accounts.page()[0].account_id
    return add_board(jira, "B", kind, add_filter(jira, "F", admin, "", {}).id, {}).id


async def sprint(client: SiteClient, origin: int, name: str = "S", **more: Any) -> str:
    body = {"name": name, "originBoardId": origin, **more}
    return str((await client.post_json(f"{AGILE}/sprint", body))["id"])


async def issues(client: SiteClient, count: int) -> list[str]:
    types = await client.get_json(f"{API}/issuetype")
    task = next(each["id"] for each in types if each["name"] == "Task")
    fields = {"project": {"key": "ABC"}, "issuetype": {"id": task}, "summary": "An issue"}
    keys: list[str] = []
    while len(keys) < count:
        updates = [{"fields": fields}] * min(50, count - len(keys))
        made = await client.post_json(f"{API}/issue/bulk", {"issueUpdates": updates})
        keys += [each["key"] for each in made["issues"]]
    return keys


async def field(client: SiteClient, site: SimulatedSite, key: str, kind: str) -> Json:
    name = f"customfield_{product_field(Jira(site), kind).id}"
    return (await client.get_json(f"{API}/issue/{{issue}}", issue=key))["fields"][name]


async def test_a_sprint_goes_from_future_over_active_to_closed(
    client: SiteClient, site: SimulatedSite
) -> None:
    made = await sprint(client, board(site))
    with pytest.raises(SiteRefused):
        await client.post(SPRINT, {"state": "closed"}, sprint=made)
    with pytest.raises(SiteRefused, match="dates"):
        await client.post(SPRINT, {"state": "active"}, sprint=made)
    await client.post(SPRINT, {"state": "active", **DATES}, sprint=made)
    with pytest.raises(SiteRefused):
        await client.post(SPRINT, {"state": "future"}, sprint=made)
    closed = await client.post_json(SPRINT, {"state": "closed"}, sprint=made)
    assert closed["completeDate"]
    changed = await client.post_json(SPRINT, {"name": "T", "state": "active"}, sprint=made)
    assert (changed["name"], changed["state"]) == ("T", "closed")


async def test_a_board_has_one_active_sprint(client: SiteClient, site: SimulatedSite) -> None:
    origin = board(site)
    first, second = [await sprint(client, origin, **DATES) for _ in range(2)]
    await client.post(SPRINT, {"state": "active"}, sprint=first)
    with pytest.raises(SiteRefused, match="active sprint already"):
        await client.post(SPRINT, {"state": "active"}, sprint=second)
    await client.post(SPRINT, {"state": "closed"}, sprint=first)
    await client.post(SPRINT, {"state": "active"}, sprint=second)


@pytest.mark.parametrize(
    "change", [{"name": " "}, {"name": "x" * 31}, {"startDate": "soon"}, {"originBoardId": 4}]
)
async def test_a_sprint_that_cannot_be_is_refused(
    client: SiteClient, site: SimulatedSite, change: Mapping[str, Any]
) -> None:
    body = {"name": "S", "originBoardId": board(site), **change}
    with pytest.raises((SiteRefused, SiteNotFound)):
        await client.post(f"{AGILE}/sprint", body)


async def test_a_kanban_board_has_no_sprints(client: SiteClient, site: SimulatedSite) -> None:
    origin = board(site, "kanban")
    with pytest.raises(SiteRefused):
        await client.get(f"{AGILE}/board/{{board}}/sprint", board=str(origin))
    with pytest.raises(SiteRefused):
        await sprint(client, origin)


async def test_an_issue_is_in_one_open_sprint_and_stays_in_closed_ones(
    client: SiteClient, site: SimulatedSite
) -> None:
    origin = board(site)
    (key,) = await issues(client, 1)
    first, second, third = [await sprint(client, origin, f"S{n}", **DATES) for n in range(3)]
    for each in (first, second):
        await client.post(f"{SPRINT}/issue", {"issues": [key]}, sprint=each)
    listed = await field(client, site, key, SPRINT_TYPE)
    assert [each["name"] for each in listed] == ["S1"]
    for state in ("active", "closed"):
        await client.post(SPRINT, {"state": state}, sprint=second)
    await client.post(f"{SPRINT}/issue", {"issues": [key]}, sprint=third)
    listed = await field(client, site, key, SPRINT_TYPE)
    assert [(e["name"], e["state"]) for e in listed] == [("S1", "closed"), ("S2", "future")]
    await client.post(f"{AGILE}/backlog/issue", {"issues": [key]})
    assert len(await field(client, site, key, SPRINT_TYPE)) == 1
    with pytest.raises(SiteRefused):
        await client.post(f"{SPRINT}/issue", {"issues": [key]}, sprint=second)


async def test_a_request_takes_fifty_issues(client: SiteClient, site: SimulatedSite) -> None:
    keys = await issues(client, 51)
    made = await sprint(client, board(site))
    with pytest.raises(SiteRefused, match="50"):
        await client.post(f"{SPRINT}/issue", {"issues": keys}, sprint=made)
    with pytest.raises(SiteRefused):
        await client.put_json(f"{AGILE}/issue/rank", {"issues": keys, "rankAfterIssue": keys[0]})
    await client.post(f"{SPRINT}/issue", {"issues": keys[:50]}, sprint=made)


async def test_subtasks_go_with_their_parents(client: SiteClient, site: SimulatedSite) -> None:
    (parent,) = await issues(client, 1)
    types = await client.get_json(f"{API}/issuetype")
    kind = next(each["id"] for each in types if each["subtask"])
    fields = {"project": {"key": "ABC"}, "issuetype": {"id": kind}, "summary": "Part"}
    made = await client.post_json(f"{API}/issue", {"fields": {**fields, "parent": {"key": parent}}})
    target = await sprint(client, board(site))
    with pytest.raises(SiteRefused):
        await client.post(f"{SPRINT}/issue", {"issues": [made["key"]]}, sprint=target)
    await client.post(f"{SPRINT}/issue", {"issues": [parent]}, sprint=target)
    assert len(await field(client, site, made["key"], SPRINT_TYPE)) == 1


async def test_ranks_sort_as_the_issues_were_put(client: SiteClient, site: SimulatedSite) -> None:
    keys = await issues(client, 12)
    chance = random.Random(1)
    order = list(keys)
    for _ in range(60):
        moved = chance.sample(order, 3)
        other = chance.choice([each for each in order if each not in moved])
        after = chance.random() < 0.5
        edge = "rankAfterIssue" if after else "rankBeforeIssue"
        await client.put_json(f"{AGILE}/issue/rank", {"issues": moved, edge: other})
        order = [each for each in order if each not in moved]
        place = order.index(other) + after
        order[place:place] = moved
    ranks = {key: await field(client, site, key, RANK_TYPE) for key in keys}
    assert sorted(keys, key=ranks.__getitem__) == order


async def test_places_are_spread_where_there_is_no_room(
    client: SiteClient, site: SimulatedSite
) -> None:
    keys = await issues(client, 3)
    jira = Jira(site)
    found = {key: (await client.get_json(f"{API}/issue/{{i}}", i=key))["id"] for key in keys}
    first, second, third = [int(found[key]) for key in keys]
    ranks = Ranks(jira)
    for number in range(60):
        ranks.move([(second, third)[number % 2]], first, after=True)
    order = sorted((first, second, third), key=ranks.place)
    assert order == [first, third, second]


@pytest.mark.parametrize("place", [0, 35, 36, 10**12])
def test_rank_texts_sort_as_places_do(place: int) -> None:
    assert rank_text(place) < rank_text(place + 1)
