"""Atlassian's documents judge what the simulated site says of properties and the like."""

from __future__ import annotations

from contract.site_calls import A, J, issue, project
from sitekeep_shared.atlassian.client import SiteClient

VALUE = {"größe": ["„XL“", 1, None]}


async def test_jira_keeps_properties_of_everything(client: SiteClient) -> None:
    number = await project(client)
    made = await client.post_json(f"{J}/filter", {"name": "F", "jql": "project = ABC"})
    body = {"name": "B", "type": "scrum", "filterId": int(made["id"])}
    board = await client.post_json(f"{A}/board", body)
    sprint = await client.post_json(f"{A}/sprint", {"name": "S", "originBoardId": board["id"]})
    kind = (await client.get_json(f"{J}/issuetype"))[0]["id"]
    for template, owner in (
        (f"{J}/project/{{owner}}", number),
        (f"{J}/issuetype/{{owner}}", str(kind)),
        (f"{A}/board/{{owner}}", str(board["id"])),
        (f"{A}/sprint/{{owner}}", str(sprint["id"])),
    ):
        one = f"{template}/properties/{{propertyKey}}"
        await client.put_json(one, VALUE, propertyKey="a key", owner=owner)
        assert await client.get_json(f"{template}/properties", owner=owner)
        found = await client.get_json(one, propertyKey="a key", owner=owner)
        assert found["value"] == VALUE
        await client.delete(one, propertyKey="a key", owner=owner)


async def test_jira_sets_properties_of_many_issues(client: SiteClient) -> None:
    key = await issue(client, await project(client))
    number = int((await client.get_json(f"{J}/issue/{{issueIdOrKey}}", issueIdOrKey=key))["id"])
    body = {"issues": [{"issueID": number, "properties": {"a": VALUE}}]}
    location = await client.post_location(f"{J}/issue/properties/multi", body)
    assert location is not None
    await client.get_json(f"{J}/task/{{taskId}}", taskId=location.rpartition("/")[2])
    one = f"{J}/issue/{{issueIdOrKey}}/properties/{{propertyKey}}"
    found = await client.get_json(one, issueIdOrKey=key, propertyKey="a")
    assert found["value"] == VALUE


async def test_jira_lists_what_was_said_with_properties(client: SiteClient) -> None:
    key = await issue(client, await project(client))
    text = {"type": "doc", "version": 1, "content": []}
    properties = [{"key": "a", "value": VALUE}]
    comment = await client.post_json(
        f"{J}/issue/{{issueIdOrKey}}/comment",
        {"body": text, "properties": properties},
        issueIdOrKey=key,
    )
    worklog = await client.post_json(
        f"{J}/issue/{{issueIdOrKey}}/worklog",
        {"timeSpentSeconds": 60, "properties": properties},
        issueIdOrKey=key,
    )
    for noun, made in (("comment", comment), ("worklog", worklog)):
        body = {"ids": [int(made["id"])]}
        query = [("expand", "properties")]
        found = await client.post_json(f"{J}/{noun}/list", body, query, read=True)
        listed = found["values"] if noun == "comment" else found
        assert listed[0]["properties"] == properties
