"""Atlassian's documents judge every answer of the simulated site.

Each test drives a group of endpoints through the site client; the fixture ``checked_site``
fails it where a request or an answer departs from the documents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pytest

from contract.site_calls import NAMES, A, J, Json, adf, issue, project, task_type
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteNotFound


async def test_jira_tells_who_and_what_it_is(client: SiteClient) -> None:
    info = await client.get_json(f"{J}/serverInfo")
    assert info["deploymentType"] == "Cloud"
    me = await client.get_json(f"{J}/myself")
    query = [("permissions", "ADMINISTER")]
    found = await client.get_json(f"{J}/mypermissions", query)
    assert found["permissions"]["ADMINISTER"]["havePermission"] is True
    user = await client.get_json(f"{J}/user", [("accountId", me["accountId"])])
    assert user["accountId"] == me["accountId"]


async def test_jira_tells_which_apps_run(client: SiteClient) -> None:
    found = await client.get_json(f"{J}/applicationrole")
    assert [role["key"] for role in found] == ["jira-core", "jira-software"]


async def test_jira_lists_people_and_groups(client: SiteClient) -> None:
    page = [("startAt", "0"), ("maxResults", "1000")]
    users = await client.get_json(f"{J}/users/search", page)
    assert {user["displayName"] for user in users} >= {"Lee Müller", "Kim"}
    groups = (await client.get_json(f"{J}/group/bulk", page[:1]))["values"]
    team = next(group for group in groups if group["name"] == "team")
    query = [("groupId", team["groupId"]), ("includeInactiveUsers", "true"), ("maxResults", "50")]
    assert len((await client.get_json(f"{J}/group/member", query))["values"]) == 2


async def test_jira_makes_groups_and_members(client: SiteClient) -> None:
    me = await client.get_json(f"{J}/myself")
    made = await client.post_json(f"{J}/group", {"name": "new"})
    query = [("groupId", made["groupId"])]
    await client.post(f"{J}/group/user", {"accountId": me["accountId"]}, query)
    assert len((await client.get_json(f"{J}/group/member", query))["values"]) == 1


@pytest.mark.parametrize(
    "path",
    [
        "issuetype",
        "statuses/search",
        "status",
        "priority/search",
        "resolution/search",
        "issueLinkType",
        "field",
        "field/search",
        "workflows/search",
        "workflowscheme",
        "issuetypescheme",
        "project/search",
    ],
)
async def test_jira_lists_its_configuration(client: SiteClient, path: str) -> None:
    await project(client)
    assert await client.get_json(f"{J}/{path}")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("issuetype", {"name": "Chore", "description": "d", "hierarchyLevel": 0}),
        ("issuetype", {"name": "Part", "description": "d", "hierarchyLevel": -1}),
        ("priority", {"name": "Someday", "description": "d", "statusColor": "#123456"}),
        ("resolution", {"name": "Obsolete", "description": "d"}),
        ("issueLinkType", {"name": "Feeds", "inward": "is fed by", "outward": "feeds"}),
    ],
)
async def test_jira_makes_configuration(
    client: SiteClient, path: str, body: Mapping[str, Json]
) -> None:
    assert (await client.post_json(f"{J}/{path}", body))["id"]


async def test_jira_keeps_preferences(client: SiteClient) -> None:
    query = [("key", "user.autowatch.disabled")]
    await client.put_json(f"{J}/mypreferences", True, query)
    assert await client.get_json(f"{J}/mypreferences", query) is True


async def test_jira_keeps_projects_versions_and_components(client: SiteClient) -> None:
    number = await project(client)
    version = {"name": "1.0", "projectId": int(number), "released": True}
    version["releaseDate"] = "2026-01-31"
    made = await client.post_json(f"{J}/version", version)
    assert (await client.get_json(f"{J}/version/{{id}}", id=made["id"]))["name"] == "1.0"
    await client.put_json(f"{J}/version/{{id}}", {"archived": True}, id=made["id"])
    component = {"name": "Core", "project": "ABC", "assigneeType": "UNASSIGNED"}
    await client.post(f"{J}/component", component)
    for path in ("", "/version", "/versions", "/component", "/components", "/statuses"):
        template = f"{J}/project/{{projectIdOrKey}}{path}"
        assert await client.get_json(template, projectIdOrKey=number)
    query = [("status", "live"), ("status", "archived"), ("status", "deleted")]
    query += [("maxResults", "100"), ("expand", "description,lead,insight")]
    assert (await client.get_json(f"{J}/project/search", query))["total"] == 1
    await client.put_json(
        f"{J}/project/{{projectIdOrKey}}", {"description": "new"}, projectIdOrKey=number
    )
    await client.delete(f"{J}/project/{{projectIdOrKey}}", projectIdOrKey=number)


async def test_jira_makes_and_reads_issues(client: SiteClient) -> None:
    number = await project(client)
    key = await issue(client, number, description=adf("text"), labels=["a"])
    kind = await task_type(client, number)
    update = {"fields": {"project": {"id": number}, "issuetype": {"id": kind}, "summary": "two"}}
    made = await client.post_json(f"{J}/issue/bulk", {"issueUpdates": [update] * 3})
    assert [each["key"] for each in made["issues"]] == ["ABC-2", "ABC-3", "ABC-4"]
    body = {"issueIdsOrKeys": [key, "ABC-2", "ABC-99"], "fields": ["*all"]}
    body["properties"] = ["sitekeep.origin"]
    found = await client.post_json(f"{J}/issue/bulkfetch", body, read=True)
    assert [each["key"] for each in found["issues"]] == [key, "ABC-2"]
    assert await client.get_json(f"{J}/issue/{{issueIdOrKey}}", issueIdOrKey=key)
    edit = {"fields": {"summary": "changed", "description": adf("new")}}
    query = [("notifyUsers", "false")]
    await client.put_json(f"{J}/issue/{{issueIdOrKey}}", edit, query, issueIdOrKey=key)
    with pytest.raises(SiteNotFound):
        await client.get(f"{J}/issue/{{issueIdOrKey}}", issueIdOrKey="ABC-99")


async def test_jira_searches_issues(client: SiteClient) -> None:
    await issue(client, await project(client))
    jql = 'project = "ABC" ORDER BY key DESC'
    body = {"jql": jql, "maxResults": 1, "fields": ["summary"]}
    found = await client.post_json(f"{J}/search/jql", body, read=True)
    assert [each["key"] for each in found["issues"]] == ["ABC-1"]
    assert await client.get_json(f"{J}/search/jql", [("jql", jql), ("maxResults", "1")])
    count = {"jql": 'project = "ABC"'}
    assert await client.post_json(f"{J}/search/approximate-count", count, read=True) == {"count": 1}


async def test_jira_keeps_histories_and_worklogs(client: SiteClient) -> None:
    key = await issue(client, await project(client))
    await client.put_json(
        f"{J}/issue/{{issueIdOrKey}}", {"fields": {"summary": "b"}}, issueIdOrKey=key
    )
    asked = {"issueIdsOrKeys": [key], "maxResults": 1000}
    found = await client.post_json(f"{J}/changelog/bulkfetch", asked, read=True)
    assert found["issueChangeLogs"][0]["changeHistories"]
    worklog = {
        "started": "2026-01-05T10:00:00.000+0000",
        "timeSpentSeconds": 600,
        "comment": adf("work"),
        "properties": [{"key": "sitekeep.origin", "value": {"id": "7"}}],
    }
    query = [("adjustEstimate", "leave"), ("notifyUsers", "false")]
    path = f"{J}/issue/{{issueIdOrKey}}/worklog"
    made = await client.post_json(path, worklog, query, issueIdOrKey=key)
    assert (await client.get_json(path, issueIdOrKey=key))["total"] == 1
    assert await client.get_json(f"{J}/worklog/updated", [("since", "0")])
    asked = {"ids": [int(made["id"])]}
    listed = await client.post_json(f"{J}/worklog/list", asked, read=True)
    assert listed[0]["timeSpentSeconds"] == 600


async def test_jira_keeps_comments_links_and_watchers(client: SiteClient) -> None:
    number = await project(client)
    one, two = await issue(client, number), await issue(client, number)
    path = f"{J}/issue/{{issueIdOrKey}}"
    comment = {"body": adf("hi"), "properties": [{"key": "sitekeep.origin", "value": {"id": "3"}}]}
    await client.post(f"{path}/comment", comment, issueIdOrKey=one)
    query = [("startAt", "0"), ("maxResults", "100"), ("expand", "properties")]
    assert (await client.get_json(f"{path}/comment", query, issueIdOrKey=one))["total"] == 1
    kinds = (await client.get_json(f"{J}/issueLinkType"))["issueLinkTypes"]
    link = {"type": {"name": kinds[0]["name"]}, "inwardIssue": {"key": one}}
    await client.post(f"{J}/issueLink", {**link, "outwardIssue": {"key": two}})
    remote = {"globalId": "x=1", "object": {"url": "https://example.com", "title": "Example"}}
    await client.post(f"{path}/remotelink", remote, issueIdOrKey=one)
    assert len(await client.get_json(f"{path}/remotelink", issueIdOrKey=one)) == 1
    lee = (await client.get_json(f"{J}/users/search"))[1]["accountId"]
    await client.post(f"{path}/watchers", lee, issueIdOrKey=one)
    watchers = await client.get_json(f"{path}/watchers", issueIdOrKey=one)
    assert lee in {each["accountId"] for each in watchers["watchers"]}


async def test_jira_keeps_filters(client: SiteClient) -> None:
    number = await project(client)
    me = await client.get_json(f"{J}/myself")
    lee = (await client.get_json(f"{J}/users/search"))[1]["accountId"]
    groups = (await client.get_json(f"{J}/group/bulk"))["values"]
    team = next(each["groupId"] for each in groups if each["name"] == "team")
    shares: list[Json] = [{"type": "project", "project": {"id": number}}]
    shares += [{"type": "group", "group": {"groupId": team}}, {"type": "authenticated"}]
    shares.append({"type": "user", "user": {"accountId": lee}})
    body = {"name": "Open", "jql": f"project = {number}", "sharePermissions": shares}
    override = [("overrideSharePermissions", "true")]
    made = await client.post_json(f"{J}/filter", body, override)
    assert len(made["sharePermissions"]) == 4
    one = f"{J}/filter/{{id}}"
    edit = {**body, "description": "d", "editPermissions": shares[:2]}
    assert (await client.put_json(one, edit, override, id=made["id"]))["description"] == "d"
    await client.put_json(f"{one}/owner", {"accountId": lee}, id=made["id"])
    expand = "description,owner,jql,sharePermissions,editPermissions,subscriptions"
    query = [*override, ("expand", expand), ("orderBy", "id"), ("maxResults", "100")]
    (listed,) = (await client.get_json(f"{J}/filter/search", query))["values"]
    assert listed["owner"]["accountId"] == lee
    mine = [("accountId", me["accountId"]), ("expand", "jql")]
    assert (await client.get_json(f"{J}/filter/search", mine))["values"] == []
    assert await client.get_json(one, [("expand", "owner")], id=made["id"])
    await client.delete(one, id=made["id"])


async def board(client: SiteClient, project_id: str, kind: str = "scrum") -> int:
    share = {"type": "project", "project": {"id": project_id}}
    body = {"name": f"For {kind}", "jql": f"project = {project_id}", "sharePermissions": [share]}
    found = await client.post_json(f"{J}/filter", body)
    location = {"type": "project", "projectKeyOrId": project_id}
    whole = {"name": f"A {kind} board", "type": kind, "filterId": int(found["id"])}
    return int((await client.post_json(f"{A}/board", {**whole, "location": location}))["id"])


@pytest.mark.parametrize("kind", ["scrum", "kanban"])
async def test_jira_keeps_boards(client: SiteClient, kind: str) -> None:
    number = str(await board(client, await project(client), kind))
    query = [("includePrivate", "true"), ("expand", "admins,permissions"), ("maxResults", "50")]
    (listed,) = (await client.get_json(f"{A}/board", query))["values"]
    assert (listed["type"], listed["location"]["projectKey"]) == (kind, "ABC")
    one = f"{A}/board/{{board}}"
    configuration = await client.get_json(f"{one}/configuration", board=number)
    assert configuration["columnConfig"]["columns"]
    assert (await client.get_json(f"{one}/quickfilter", board=number))["values"] == []
    of_filter = f"{A}/board/filter/{{filter}}"
    found = await client.get_json(of_filter, filter=configuration["filter"]["id"])
    assert [each["name"] for each in found["values"]] == [f"A {kind} board"]
    assert (await client.get_json(one, board=number))["name"] == f"A {kind} board"
    await client.delete(one, board=number)


async def test_jira_keeps_sprints(client: SiteClient) -> None:
    number = await project(client)
    one, two = await issue(client, number), await issue(client, number)
    origin = await board(client, number)
    dates = {"startDate": "2026-01-05T10:00:00.000+01:00", "endDate": "2026-01-19T10:00:00.000Z"}
    body = {"name": "Sprint 1", "originBoardId": origin, "goal": "g", **dates}
    sprint = str((await client.post_json(f"{A}/sprint", body))["id"])
    of_sprint = f"{A}/sprint/{{sprint}}"
    await client.post(f"{of_sprint}/issue", {"issues": [one, two]}, sprint=sprint)
    assert (await client.get_json(of_sprint, sprint=sprint))["state"] == "future"
    for state in ("active", "closed"):
        made = await client.post_json(of_sprint, {"state": state}, sprint=sprint)
        assert made["state"] == state
    listed = await client.get_json(f"{A}/board/{{board}}/sprint", board=str(origin))
    assert [each["name"] for each in listed["values"]] == ["Sprint 1"]
    await client.put_json(f"{A}/issue/rank", {"issues": [two], "rankBeforeIssue": one})
    await client.post(f"{A}/backlog/issue", {"issues": [one]})
    second = await client.post_json(f"{A}/sprint", body)
    whole = {"name": "Whole", "state": "future", "endDate": "2026-01-15T10:00:00.000Z"}
    replaced = await client.put_json(of_sprint, whole, sprint=str(second["id"]))
    assert (replaced["name"], replaced["goal"]) == ("Whole", "")
    await client.delete(of_sprint, sprint=sprint)


async def test_jira_keeps_dashboards(client: SiteClient) -> None:
    me = await client.get_json(f"{J}/myself")
    lee = (await client.get_json(f"{J}/users/search"))[1]["accountId"]
    shares = [{"type": "authenticated"}]
    body = {"name": "Wall", "sharePermissions": shares, "editPermissions": []}
    admin = [("extendAdminPermissions", "true")]
    wall = (await client.post_json(f"{J}/dashboard", {**body, "description": "d"}, admin))["id"]
    one = f"{J}/dashboard/{{dashboard}}"
    gadget: Json = {"uri": "rest/gadgets/1.0/g/results", "title": "T", "color": "red"}
    gadget |= {"position": {"column": 0, "row": 0}, "ignoreUriAndModuleKeyValidation": True}
    item = str((await client.post_json(f"{one}/gadget", gadget, dashboard=wall))["id"])
    properties = f"{one}/items/{{item}}/properties"
    value = {"filterId": "filter-1"}
    await client.put_json(f"{properties}/config", value, dashboard=wall, item=item)
    keys = await client.get_json(properties, dashboard=wall, item=item)
    assert [each["key"] for each in keys["keys"]] == ["config"]
    found = await client.get_json(f"{properties}/config", dashboard=wall, item=item)
    assert found["value"] == value
    assert len((await client.get_json(f"{one}/gadget", dashboard=wall))["gadgets"]) == 1
    await client.put_json(one, body, admin, dashboard=wall)
    details = {"newOwner": lee, "autofixName": False}
    bulk: Json = {"action": "changeOwner", "entityIds": [int(wall)]}
    bulk |= {"extendAdminPermissions": True, "changeOwnerDetails": details}
    await client.put_json(f"{J}/dashboard/bulk/edit", bulk)
    expand = "description,owner,sharePermissions,editPermissions"
    for state, count in (("active", 2), ("archived", 0), ("deleted", 0)):
        query = [("status", state), ("expand", expand), ("orderBy", "id"), ("maxResults", "100")]
        assert len((await client.get_json(f"{J}/dashboard/search", query))["values"]) == count
    owned = [("accountId", me["accountId"]), ("expand", "description")]
    assert (await client.get_json(f"{J}/dashboard/search", owned))["values"] == []
    assert (await client.get_json(one, dashboard=wall))["owner"]["accountId"] == lee


async def test_jira_changes_the_status_of_an_issue(client: SiteClient) -> None:
    key = await issue(client, await project(client))
    path = f"{J}/issue/{{issueIdOrKey}}/transitions"
    choices = (await client.get_json(path, issueIdOrKey=key))["transitions"]
    await client.post(path, {"transition": {"id": choices[-1]["id"]}}, issueIdOrKey=key)


async def test_jira_deletes_issues_in_bulk(client: SiteClient) -> None:
    key = await issue(client, await project(client))
    body = {"selectedIssueIdsOrKeys": [key], "sendBulkNotification": False}
    task = (await client.post_json(f"{J}/bulk/issues/delete", body))["taskId"]
    progress = await client.get_json(f"{J}/bulk/queue/{{taskId}}", taskId=task)
    assert progress["taskId"] == task
    await client.delete(
        f"{J}/issue/{{issueIdOrKey}}",
        issueIdOrKey=await issue(client, await project(client, "DEF")),
    )


@pytest.mark.parametrize("name", NAMES)
async def test_jira_keeps_files(client: SiteClient, name: str) -> None:
    key = await issue(client, await project(client))
    content = hashlib.sha256(name.encode()).digest() * 20_000
    path = f"{J}/issue/{{issueIdOrKey}}/attachments"
    made = (await client.upload(path, name, content, issueIdOrKey=key))[0]
    assert (made["filename"], made["size"]) == (name, len(content))
    stream = client.stream(f"{J}/attachment/content/{{id}}", id=made["id"], size=made["size"])
    assert b"".join([chunk async for chunk in stream]) == content
    assert (await client.get_json(f"{J}/attachment/{{id}}", id=made["id"]))["filename"] == name
    assert await client.get_json(f"{J}/attachment/meta")
