"""Atlassian's documents judge what the simulated site says of properties and the like."""

from __future__ import annotations

import pytest

from contract.site_calls import A, J, adf, issue, project
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteNotFound

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


async def test_jira_keeps_properties_of_users(client: SiteClient) -> None:
    account = (await client.get_json(f"{J}/myself"))["accountId"]
    one, of = f"{J}/user/properties/{{propertyKey}}", [("accountId", account)]
    await client.put_json(one, VALUE, of, propertyKey="a key")
    listed = await client.get_json(f"{J}/user/properties", of)
    assert [each["key"] for each in listed["keys"]] == ["a key"]
    assert (await client.get_json(one, of, propertyKey="a key"))["value"] == VALUE
    await client.delete(one, of, propertyKey="a key")
    with pytest.raises(SiteNotFound):
        await client.get_json(one, of, propertyKey="a key")
    with pytest.raises(SiteNotFound):
        await client.get_json(f"{J}/user/properties", [("accountId", "nobody")])


async def test_jira_sets_properties_of_many_issues(client: SiteClient) -> None:
    key = await issue(client, await project(client))
    number = int((await client.get_json(f"{J}/issue/{{issueIdOrKey}}", issueIdOrKey=key))["id"])
    body = {"issues": [{"issueID": number, "properties": {"a": VALUE}}]}
    task = await client.post_task(f"{J}/issue/properties/multi", body)
    await client.get_json(f"{J}/task/{{taskId}}", taskId=task["id"])
    one = f"{J}/issue/{{issueIdOrKey}}/properties/{{propertyKey}}"
    found = await client.get_json(one, issueIdOrKey=key, propertyKey="a")
    assert found["value"] == VALUE


async def test_jira_lists_what_was_said_with_properties(client: SiteClient) -> None:
    key = await issue(client, await project(client))
    text = adf("Said")
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


async def test_jira_switches_features_of_projects(client: SiteClient) -> None:
    number = await project(client)
    listed = f"{J}/project/{{projectIdOrKey}}/features"
    found = await client.get_json(listed, projectIdOrKey=number)
    assert {each["state"] for each in found["features"]} == {"ENABLED", "DISABLED", "COMING_SOON"}
    await client.put_json(
        f"{listed}/{{featureKey}}",
        {"state": "DISABLED"},
        projectIdOrKey=number,
        featureKey="jsw.classic.roadmap",
    )


async def test_jira_counts_votes(client: SiteClient) -> None:
    lee = (await client.get_json(f"{J}/users/search"))[1]["accountId"]
    key = await issue(client, await project(client), reporter={"accountId": lee})
    votes = f"{J}/issue/{{issueIdOrKey}}/votes"
    await client.post(votes, None, issueIdOrKey=key)
    assert (await client.get_json(votes, issueIdOrKey=key))["hasVoted"]


async def test_jira_keeps_the_columns_of_filters(client: SiteClient) -> None:
    made = await client.post_json(f"{J}/filter", {"name": "F", "jql": "labels = a"})
    columns = f"{J}/filter/{{id}}/columns"
    with pytest.raises(SiteNotFound):
        await client.get(columns, id=made["id"])
    await client.put_json(columns, {"columns": ["issuekey", "summary"]}, id=made["id"])
    assert [each["label"] for each in await client.get_json(columns, id=made["id"])] == [
        "Key",
        "Summary",
    ]
    await client.delete(columns, id=made["id"])


async def test_jira_keeps_what_is_said_of_epics(client: SiteClient) -> None:
    number = await project(client)
    types = await client.get_json(f"{J}/issuetype/project", [("projectId", number)])
    kind = next(each["id"] for each in types if each["hierarchyLevel"] == 1)
    key = await issue(client, number, issuetype={"id": kind})
    epic = f"{A}/epic/{{epicIdOrKey}}"
    assert (await client.get_json(epic, epicIdOrKey=key))["done"] is False
    body = {"name": "Große Sache", "color": {"key": "color_12"}, "done": True}
    changed = await client.post_json(epic, body, epicIdOrKey=key)
    assert changed["color"] == body["color"]


async def test_jira_keeps_plans_and_their_teams(client: SiteClient) -> None:
    number = int(await project(client))
    groups = (await client.get_json(f"{J}/group/bulk"))["values"]
    team = next(group["groupId"] for group in groups if group["name"] == "team")
    body = {
        "name": "Große „Fahrt“",
        "issueSources": [{"type": "Project", "value": number}],
        "scheduling": {"estimation": "Days", "endDate": {"type": "DueDate"}},
        "exclusionRules": {"workStatusCategoryIds": [2], "numberOfDaysToShowCompletedIssues": 3},
        "permissions": [{"type": "View", "holder": {"type": "Group", "value": team}}],
    }
    by_id = [("useGroupId", "true")]
    plans, one = f"{J}/plans/plan", f"{J}/plans/plan/{{planId}}"
    plan = str(await client.post_json(plans, body, by_id))
    whole = await client.get_json(one, by_id, planId=plan)
    assert whole["permissions"] == body["permissions"]
    assert (await client.get_json(one, planId=plan))["permissions"][0]["holder"]["value"] == "team"
    made = {"name": "Nur hier", "planningStyle": "Scrum", "capacity": 2.5, "sprintLength": 7}
    number = await client.post_json(f"{one}/team/planonly", made, planId=plan)
    listed = await client.get_json(f"{one}/team", planId=plan)
    assert [each["name"] for each in listed["values"]] == ["Nur hier"]
    team_of_plan = f"{one}/team/planonly/{{planOnlyTeamId}}"
    found = await client.get_json(team_of_plan, planId=plan, planOnlyTeamId=str(number))
    assert found["capacity"] == 2.5
    for verb in ("archive", "trash"):
        other = str(await client.post_json(plans, body, by_id))
        await client.put_json(f"{one}/{verb}", None, planId=other)
    query = [("includeArchived", "true"), ("includeTrashed", "true"), ("maxResults", "2")]
    page = await client.get_json(plans, query)
    assert (page["total"], len(page["values"]), page["last"]) == (3, 2, False)
    page = await client.get_json(plans, [*query, ("cursor", page["nextPageCursor"])])
    assert page["last"]
