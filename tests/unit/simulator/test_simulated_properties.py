"""Properties of a simulated Jira: kept as they are, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteNotFound, SiteRefused
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.site import SimulatedSite
from support.planning import client, site

__all__ = ["client", "site"]

API = "/rest/api/3"
TYPE = f"{API}/issuetype/{{owner}}/properties"
MULTI = f"{API}/issue/properties/multi"


@pytest.mark.parametrize("key", ["größe & mehr", "{a} ${b}", "a/b%2F?c#d"])
async def test_a_property_is_kept_changed_and_removed(client: SiteClient, key: str) -> None:
    owner = str((await client.get_json(f"{API}/issuetype"))[0]["id"])
    one = TYPE + "/{key}"
    for value in ({"a": [1, "ü"]}, False):
        await client.put_json(one, value, owner=owner, key=key)
        found = await client.get_json(one, owner=owner, key=key)
        assert found == {"key": key, "value": value}
    listed = await client.get_json(TYPE, owner=owner)
    assert [each["key"] for each in listed["keys"]] == [key]
    await client.delete(one, owner=owner, key=key)
    assert (await client.get_json(TYPE, owner=owner))["keys"] == []
    with pytest.raises(SiteNotFound):
        await client.get(one, owner=owner, key=key)


async def test_values_have_a_length_and_owners_must_be_there(client: SiteClient) -> None:
    owner = str((await client.get_json(f"{API}/issuetype"))[0]["id"])
    one = TYPE + "/{key}"
    await client.put_json(one, "x" * 32_766, owner=owner, key="k")
    with pytest.raises(SiteRefused):
        await client.put_json(one, "x" * 32_767, owner=owner, key="k")
    with pytest.raises(SiteRefused):
        await client.put_json(one, 1, owner=owner, key="k" * 256)
    for path in (TYPE, f"{API}/project/{{owner}}/properties"):
        with pytest.raises(SiteNotFound):
            await client.get(path, owner="999999")


async def test_many_issues_are_set_by_a_task_that_skips_what_it_cannot_set(
    client: SiteClient, site: SimulatedSite
) -> None:
    lead = (await client.get_json(f"{API}/myself"))["accountId"]
    body = {"key": "AB", "name": "Project", "leadAccountId": lead, "projectTypeKey": "software"}
    await client.post_json(f"{API}/project", body)
    types = await client.get_json(f"{API}/issuetype")
    task = next(each["id"] for each in types if each["name"] == "Task")
    fields = {"project": {"key": "AB"}, "issuetype": {"id": task}, "summary": "s"}
    made = await client.post_json(f"{API}/issue", {"fields": fields})
    issue = int(made["id"])
    listed = [
        {"issueID": issue, "properties": {"a": 1, "b": None}},
        {"issueID": 999_999, "properties": {"a": 1}},
    ]
    task_id = (await client.post_task(MULTI, {"issues": listed}))["id"]
    Jira(site).store.execute("UPDATE jira_task SET polls = 0")
    found = await client.get_json(f"{API}/task/{{task}}", task=task_id)
    assert (found["status"], found["result"]) == ("COMPLETE", {"processed": [issue]})
    query = [("properties", "*all")]
    whole = await client.get_json(f"{API}/issue/{{issue}}", query, issue=str(issue))
    assert whole["properties"] == {"a": 1, "b": None}


TOO_MANY: list[list[Any]] = [
    [],
    [{"issueID": 1, "properties": {}}] * 101,
    [{"issueID": 1, "properties": {str(each): 1 for each in range(11)}}],
]


@pytest.mark.parametrize("issues", TOO_MANY)
async def test_a_bulk_write_has_its_limits(client: SiteClient, issues: list[Any]) -> None:
    with pytest.raises(SiteRefused):
        await client.post_task(MULTI, {"issues": issues})
