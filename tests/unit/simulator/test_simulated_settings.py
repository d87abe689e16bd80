"""Features, votes, columns and epics of a simulated Jira, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_simulator.site import SimulatedSite
from support.planning import client, site

__all__ = ["client", "site"]

API = "/rest/api/3"
FEATURES = f"{API}/project/{{project}}/features"
COLUMNS = f"{API}/filter/{{filter}}/columns"
EPIC = "/rest/agile/1.0/epic/{epic}"


async def project(client: SiteClient, **more: str) -> None:
    lead = (await client.get_json(f"{API}/myself"))["accountId"]
    body = {"key": "AB", "name": "Project", "leadAccountId": lead, "projectTypeKey": "software"}
    await client.post_json(f"{API}/project", body | more)


async def new_issue(client: SiteClient, kind: str, **more: Any) -> str:
    types = await client.get_json(f"{API}/issuetype")
    number = next(each["id"] for each in types if each["name"] == kind)
    fields = {"project": {"key": "AB"}, "issuetype": {"id": number}, "summary": "s", **more}
    return str((await client.post_json(f"{API}/issue", {"fields": fields}))["key"])


async def states(client: SiteClient) -> dict[str, str]:
    found = await client.get_json(FEATURES, project="AB")
    return {each["feature"].rpartition(".")[2]: each["state"] for each in found["features"]}


async def switch(client: SiteClient, name: str, state: str) -> None:
    path = FEATURES + "/{feature}"
    await client.put_json(path, {"state": state}, project="AB", feature=f"jsw.classic.{name}")


async def test_a_feature_needs_another_one_to_be_on(client: SiteClient) -> None:
    await project(client)
    with pytest.raises(SiteRefused):
        await switch(client, "pages", "ENABLED")
    await switch(client, "deployments", "ENABLED")
    await switch(client, "pages", "ENABLED")
    found = await states(client)
    assert (found["deployments"], found["pages"]) == ("ENABLED", "ENABLED")


@pytest.mark.parametrize(
    ("name", "state"),
    [("releases", "DISABLED"), ("security", "ENABLED"), ("roadmap", "COMING_SOON")],
)
async def test_what_the_product_decides_on_cannot_be_switched(
    client: SiteClient, name: str, state: str
) -> None:
    await project(client)
    with pytest.raises(SiteRefused):
        await switch(client, name, state)
    with pytest.raises(SiteNotFound):
        await switch(client, "unknown", "ENABLED")


async def test_a_team_managed_project_has_features_of_its_own(client: SiteClient) -> None:
    template = "com.pyxis.greenhopper.jira:gh-simplified-agility-scrum"
    await project(client, projectTemplateKey=template)
    assert (await states(client)).keys() == {"board", "backlog", "sprints", "estimation"}


async def test_nobody_votes_for_their_own_issue_or_a_resolved_one(client: SiteClient) -> None:
    await project(client)
    votes = f"{API}/issue/{{issue}}/votes"
    mine = await new_issue(client, "Task")
    with pytest.raises(SiteNotFound):
        await client.post(votes, None, issue=mine)


async def test_columns_are_fields_and_set_by_the_owner(
    client: SiteClient, site: SimulatedSite
) -> None:
    body = {"name": "F", "jql": "labels = a", "sharePermissions": [{"type": "authenticated"}]}
    made = str((await client.post_json(f"{API}/filter", body))["id"])
    with pytest.raises(SiteNotFound):
        await client.get(COLUMNS, filter=made)
    with pytest.raises(SiteRefused):
        await client.put_json(COLUMNS, {"columns": ["customfield_1"]}, filter=made)
    await client.put_json(COLUMNS, {"columns": ["summary", "issuekey"]}, filter=made)
    other = site.accounts.add("kim@example.com", "Kim")
    await client.put_json(
        f"{API}/filter/{{filter}}/owner", {"accountId": other.account_id}, filter=made
    )
    with pytest.raises(SiteForbidden):
        await client.put_json(COLUMNS, {"columns": ["summary"]}, filter=made)
    listed = await client.get_json(COLUMNS, filter=made)
    assert [each["value"] for each in listed] == ["summary", "issuekey"]


async def test_an_epic_keeps_what_is_not_said_anew(client: SiteClient) -> None:
    await project(client)
    key = await new_issue(client, "Epic")
    await client.post(EPIC, {"color": {"key": "color_14"}, "done": True}, epic=key)
    await client.post(EPIC, {"name": "Größe"}, epic=key)
    found = await client.get_json(EPIC, epic=key)
    assert (found["name"], found["color"]["key"], found["done"]) == ("Größe", "color_14", True)
    with pytest.raises(SiteRefused):
        await client.post(EPIC, {"color": {"key": "color_15"}}, epic=key)
    task = await new_issue(client, "Task")
    with pytest.raises(SiteNotFound):
        await client.get(EPIC, epic=task)


async def test_a_team_managed_project_has_no_epics_of_that_kind(client: SiteClient) -> None:
    template = "com.pyxis.greenhopper.jira:gh-simplified-agility-scrum"
    await project(client, projectTemplateKey=template)
    with pytest.raises(SiteNotFound):
        await client.get(EPIC, epic=await new_issue(client, "Epic"))
