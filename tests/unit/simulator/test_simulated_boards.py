"""Boards of a simulated Jira: what it shows and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteNotFound, SiteRefused
from sitekeep_simulator.jira.boards import add_board
from sitekeep_simulator.jira.filters import add_filter
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.site import SimulatedSite
from support.planning import client, site

__all__ = ["client", "site"]

BOARD = "/rest/agile/1.0/board"


async def own_filter(client: SiteClient) -> int:
    made = await client.post_json("/rest/api/3/filter", {"name": "F", "jql": "labels = a"})
    return int(made["id"])


async def test_a_board_of_the_caller_has_columns(client: SiteClient) -> None:
    body = {"name": "B", "type": "kanban", "filterId": await own_filter(client)}
    made = await client.post_json(BOARD, {**body, "location": {"type": "user"}})
    assert made["location"]["displayName"]
    one = f"{BOARD}/{{board}}"
    found = await client.get_json(f"{one}/configuration", board=str(made["id"]))
    columns = [each["name"] for each in found["columnConfig"]["columns"]]
    assert columns == ["To Do", "In Progress", "Done"]
    with pytest.raises(SiteRefused):
        await client.get(f"{one}/features", board=str(made["id"]))


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 255},
        {"type": "simple"},
        {"filterId": 4},
        {"location": {"type": "project", "projectKeyOrId": "NONE"}},
        {"location": {"type": "planet"}},
    ],
)
async def test_a_board_that_cannot_be_is_refused(
    client: SiteClient, change: Mapping[str, Any]
) -> None:
    body = {"name": "B", "type": "scrum", "filterId": await own_filter(client)}
    with pytest.raises(SiteRefused):
        await client.post_json(BOARD, {**body, **change})


async def test_of_private_boards_only_the_place_is_shown(
    client: SiteClient, site: SimulatedSite
) -> None:
    jira = Jira(site)
    person = site.accounts.add("lee@example.com", "Lee").account_id
    hidden = add_filter(jira, "Hidden", person, "labels = a", {})
    board = add_board(jira, "Hidden", "kanban", hidden.id, {"user": person})
    assert (await client.get_json(BOARD))["values"] == []
    (shown,) = (await client.get_json(BOARD, [("includePrivate", "true")]))["values"]
    assert (shown["id"], shown["isPrivate"]) == (board.id, True)
    assert "name" not in shown
    with pytest.raises(SiteNotFound):
        await client.get(f"{BOARD}/{{board}}/configuration", board=str(board.id))


async def test_boards_come_in_pages_of_fifty(client: SiteClient, site: SimulatedSite) -> None:
    number = await own_filter(client)
    for each in range(60):
        add_board(Jira(site), f"B{each}", "kanban", number, {})
    page = await client.get_json(BOARD, [("maxResults", "100")])
    assert (len(page["values"]), page["isLast"], page["total"]) == (50, False, 60)
    page = await client.get_json(BOARD, [("startAt", "50")])
    assert (len(page["values"]), page["isLast"]) == (10, True)
