"""Single items of the lists, pickers and edits that other people's clients ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from support.jira_site import JiraCaller, document, jira_caller


@pytest_asyncio.fixture
async def jira() -> AsyncIterator[JiraCaller]:
    async with jira_caller() as caller:
        await caller.new_project()
        yield caller
        # The old lists are deprecated, and answered all the same.
        assert [each for each in caller.problems if "is deprecated" not in each] == []


@pytest.mark.parametrize("noun", ["issuetype", "priority", "resolution", "status"])
async def test_an_item_of_a_list_is_read_by_its_id(jira: JiraCaller, noun: str) -> None:
    listed = (await jira.get(f"/{noun}")).json
    for each in listed:
        assert (await jira.get(f"/{noun}/{each['id']}")).json["name"] == each["name"]
    assert (await jira.get(f"/{noun}/99999999")).status == 404


async def test_a_status_is_read_by_its_name_and_a_category_by_its_key(jira: JiraCaller) -> None:
    assert (await jira.get("/status/To%20Do")).json["statusCategory"]["key"] == "new"
    categories = (await jira.get("/statuscategory")).json
    for each in categories:
        for wanted in (each["id"], each["key"]):
            assert (await jira.get(f"/statuscategory/{wanted}")).json == each
    assert (await jira.get("/statuscategory/none")).status == 404


async def test_paths_beside_the_ids_stay_what_they_are(jira: JiraCaller) -> None:
    project = (await jira.get("/project/AB")).json["id"]
    assert (await jira.get("/priority/search")).json["values"]
    assert isinstance((await jira.get(f"/issuetype/project?projectId={project}")).json, list)


async def test_people_are_found_by_parts_of_their_names(jira: JiraCaller) -> None:
    accounts = jira.site.accounts
    lee = accounts.add("lee@example.com", "Lee Müller")
    accounts.add("gone@example.com", "Lee Gone", active=False)
    accounts.add("hidden@example.com", "Kim", email_hidden=True)
    for wanted in ("MÜLL", "lee@", lee.account_id):
        found = (await jira.get(f"/user/search?query={wanted}")).json
        assert [each["displayName"] for each in found] == ["Lee Müller"]
    assert (await jira.get("/user/search?query=hidden@")).json == []
    assert (await jira.get("/user/search")).status == 400


async def test_groups_are_found_by_a_part_of_their_name(jira: JiraCaller) -> None:
    found = (await jira.get("/groups/picker?query=USERS&exclude=jira-users")).json
    assert [each["name"] for each in found["groups"]] == ["confluence-users"]
    assert (await jira.get("/groups/picker?maxResults=1")).json["total"] == 3


async def test_a_comment_is_edited(jira: JiraCaller) -> None:
    key = await jira.new_issue()
    body = {"body": document("first"), "visibility": {"type": "role", "value": "Administrators"}}
    made = (await jira.post(f"/issue/{key}/comment", body)).json
    path = f"/issue/{key}/comment/{made['id']}"
    edited = (await jira.put(path, {"body": document("second")})).json
    assert (edited["body"], edited["visibility"]) == (document("second"), made["visibility"])
    group = {"type": "group", "value": "jira-users"}
    assert (await jira.put(path, {"body": document("third"), "visibility": group})).status == 200
    assert (await jira.get(path)).json["visibility"]["value"] == "jira-users"
    assert (await jira.put(path, {"visibility": group})).status == 400
    shown = (await jira.issue(key))["comment"]["comments"]
    assert [each["body"] for each in shown] == [document("third")]


async def test_a_remote_link_is_read_and_removed(jira: JiraCaller) -> None:
    key = await jira.new_issue()
    body = {"object": {"url": "https://example.com", "title": "A page"}}
    made = (await jira.post(f"/issue/{key}/remotelink", body)).json["id"]
    path = f"/issue/{key}/remotelink/{made}"
    assert (await jira.get(path)).json["object"]["title"] == "A page"
    assert (await jira.call("DELETE", path)).status == 204
    assert (await jira.get(path)).status == 404
    assert (await jira.get(f"/issue/{key}/remotelink")).json == []


async def test_an_issue_is_assigned(jira: JiraCaller) -> None:
    key = await jira.new_issue()
    lee = jira.site.accounts.add("lee@example.com", "Lee")
    answer = await jira.put(f"/issue/{key}/assignee", {"accountId": lee.account_id})
    assert answer.status == 204
    assert (await jira.issue(key))["assignee"]["displayName"] == "Lee"
    assert (await jira.put(f"/issue/{key}/assignee", {"accountId": "nobody"})).status == 400


async def test_the_old_lists_are_answered_yet(jira: JiraCaller) -> None:
    assert [each["key"] for each in (await jira.get("/project")).json] == ["AB"]
    for chosen, count in (("", 1), ("?filter=my", 0)):
        page = (await jira.get(f"/dashboard{chosen}")).json
        assert (page["total"], len(page["dashboards"])) == (count, count)
    assert (await jira.get("/dashboard?filter=all")).status == 400
