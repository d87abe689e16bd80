"""Dashboards of a simulated Jira: what it keeps and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteNotFound, SiteRefused
from sitekeep_simulator.site import SimulatedSite
from support.planning import client, site

__all__ = ["client", "site"]

DASHBOARD = "/rest/api/3/dashboard"
ONE = f"{DASHBOARD}/{{dashboard}}"
BODY: Mapping[str, Any] = {"name": "Wall", "sharePermissions": [], "editPermissions": []}


async def wall(client: SiteClient, **more: Any) -> str:
    return str((await client.post_json(DASHBOARD, {**BODY, **more}))["id"])


@pytest.mark.parametrize(
    "body", [{"name": "W"}, {**BODY, "name": " "}, {**BODY, "sharePermissions": ["x"]}]
)
async def test_a_dashboard_that_cannot_be_is_refused(
    client: SiteClient, body: Mapping[str, Any]
) -> None:
    with pytest.raises(SiteRefused):
        await client.post(DASHBOARD, body)


async def test_an_owner_has_a_name_once(client: SiteClient, site: SimulatedSite) -> None:
    lee = site.accounts.add("lee@example.com", "Lee").account_id
    bulk: dict[str, Any] = {"action": "changeOwner", "extendAdminPermissions": True}
    bulk["changeOwnerDetails"] = {"newOwner": lee, "autofixName": False}
    first = await wall(client)
    with pytest.raises(SiteRefused):
        await wall(client)
    answer = await client.put_json(f"{DASHBOARD}/bulk/edit", {**bulk, "entityIds": [int(first)]})
    assert answer["entityErrors"] == {}
    second = await wall(client)
    answer = await client.put_json(f"{DASHBOARD}/bulk/edit", {**bulk, "entityIds": [int(second)]})
    assert list(answer["entityErrors"]) == [second]
    with pytest.raises(SiteNotFound):
        await client.get(ONE, dashboard=first)


@pytest.mark.parametrize(
    "change",
    [{"moduleKey": "a:b"}, {"uri": None}, {"color": "pink"}],
)
async def test_a_gadget_that_cannot_be_is_refused(
    client: SiteClient, change: Mapping[str, Any]
) -> None:
    body = {"uri": "u", "color": "blue", **change}
    with pytest.raises(SiteRefused):
        await client.post(f"{ONE}/gadget", body, dashboard=await wall(client))


async def test_gadgets_make_room_and_twenty_fit(client: SiteClient) -> None:
    number = await wall(client)
    for each in range(20):
        body = {"uri": "u", "title": str(each), "position": {"column": 0, "row": 0}}
        await client.post(f"{ONE}/gadget", body, dashboard=number)
    found = (await client.get_json(f"{ONE}/gadget", dashboard=number))["gadgets"]
    assert [each["title"] for each in found] == [str(each) for each in range(19, -1, -1)]
    assert [each["position"]["row"] for each in found] == list(range(20))
    with pytest.raises(SiteRefused):
        await client.post(f"{ONE}/gadget", {"uri": "u"}, dashboard=number)


async def test_a_deleted_dashboard_is_in_the_trash(client: SiteClient) -> None:
    await client.delete(ONE, dashboard=await wall(client))
    names: dict[str, list[str]] = {}
    for state in ("active", "archived", "deleted"):
        found = await client.get_json(f"{DASHBOARD}/search", [("status", state)])
        names[state] = [each["name"] for each in found["values"]]
    assert names == {"active": ["Default dashboard"], "archived": [], "deleted": ["Wall"]}
