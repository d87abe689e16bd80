"""What a simulated Jira refuses to those whom a permission scheme shuts out."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.credentials import Credentials
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.adf import document, paragraph
from sitekeep_simulator.accounts import Account
from sitekeep_simulator.jira.notifications import mail_count
from sitekeep_simulator.jira.state import Jira
from support.jira_fakes import AGILE, API, JiraPair, Json, SmallSite, jira_pair

COMMENT = f"{API}/issue/{{issue}}/comment"
TEXT = {"body": document(paragraph("text"))}


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[JiraPair]:
    async with jira_pair() as sites:
        await SmallSite(sites.source).fill()
        yield sites


@pytest_asyncio.fixture
async def stranger(pair: JiraPair) -> AsyncIterator[SiteClient]:
    accounts = pair.source.site.accounts
    account: Account = accounts.add("stranger@example.com", "Stranger")
    accounts.set_token(account.email, "token")
    async with SiteClient(pair.source.base_url, Credentials(account.email, "token")) as client:
        yield client


async def _grant(pair: JiraPair, *permissions: str) -> None:
    """Grants permissions to everybody."""
    answer = await pair.source.client.get_json(f"{API}/permissionscheme")
    scheme = next(each for each in answer["permissionSchemes"] if each["name"] == "Nur „wir“")
    for permission in permissions:
        grant = {"permission": permission, "holder": {"type": "applicationRole"}}
        path = f"{API}/permissionscheme/{{scheme}}/permission"
        await pair.source.client.post(path, grant, scheme=str(scheme["id"]))


async def test_who_may_not_browse_sees_nothing(pair: JiraPair, stranger: SiteClient) -> None:
    with pytest.raises(SiteNotFound):
        await stranger.get(f"{API}/issue/{{issue}}", issue="ALFA-2")
    body: Json = {"issueIdsOrKeys": ["ALFA-2"], "fields": ["summary"]}
    found = await stranger.post_json(f"{API}/issue/bulkfetch", body, read=True)
    assert found["issues"] == []
    body = {"jql": "project = ALFA"}
    assert (await stranger.post_json(f"{API}/search/jql", body, read=True))["issues"] == []
    path = f"{API}/search/approximate-count"
    assert await stranger.post_json(path, body, read=True) == {"count": 0}
    await _grant(pair, "BROWSE_PROJECTS")
    assert await stranger.get(f"{API}/issue/{{issue}}", issue="ALFA-2")
    assert (await stranger.post_json(path, body, read=True))["count"] == 1


async def test_who_may_only_browse_writes_nothing(pair: JiraPair, stranger: SiteClient) -> None:
    await _grant(pair, "BROWSE_PROJECTS")
    one = f"{API}/issue/{{issue}}"
    with pytest.raises(SiteForbidden):
        await stranger.post(COMMENT, TEXT, issue="ALFA-2")
    with pytest.raises(SiteForbidden):
        await stranger.put_json(one, {"fields": {"summary": "other"}}, issue="ALFA-2")
    with pytest.raises(SiteForbidden):
        await stranger.delete(one, issue="ALFA-2")
    fields = {"project": {"key": "ALFA"}, "issuetype": {"name": "Task"}, "summary": "new"}
    with pytest.raises(SiteRefused, match="cannot create issues"):
        await stranger.post(f"{API}/issue", {"fields": fields})
    await _grant(pair, "ADD_COMMENTS")
    await stranger.post(COMMENT, TEXT, issue="ALFA-2")


async def test_only_who_is_assignable_is_assigned_and_the_reporter_needs_a_permission(
    pair: JiraPair, stranger: SiteClient
) -> None:
    me = (await stranger.get_json(f"{API}/myself"))["accountId"]
    await _grant(pair, "BROWSE_PROJECTS", "EDIT_ISSUES")
    for name in ("assignee", "reporter"):
        body = {"fields": {name: {"accountId": me}}}
        with pytest.raises(SiteRefused) as refused:
            await stranger.put_json(f"{API}/issue/{{issue}}", body, issue="ALFA-2")
        assert set(refused.value.errors) == {name}
    await _grant(pair, "ASSIGNABLE_USER", "MODIFY_REPORTER")
    body = {"fields": {"assignee": {"accountId": me}, "reporter": {"accountId": me}}}
    await stranger.put_json(f"{API}/issue/{{issue}}", body, issue="ALFA-2")


@pytest.mark.parametrize(
    "grant",
    [
        {"permission": "FLY", "holder": {"type": "anyone"}},
        {"permission": "ADD_COMMENTS", "holder": {"type": "group", "parameter": "nobody"}},
        {"permission": "ADD_COMMENTS", "holder": {"type": "user", "parameter": "712020:no"}},
        {"permission": "ADD_COMMENTS", "holder": {"type": "moon"}},
    ],
)
async def test_a_grant_that_names_nothing_is_refused(pair: JiraPair, grant: Json) -> None:
    body = {"name": "New", "permissions": [grant]}
    with pytest.raises(SiteRefused):
        await pair.source.client.post(f"{API}/permissionscheme", body)
    answer = await pair.source.client.get_json(f"{API}/permissionscheme")
    assert "New" not in {each["name"] for each in answer["permissionSchemes"]}


async def test_issues_of_a_level_are_seen_by_its_members_only(
    pair: JiraPair, stranger: SiteClient
) -> None:
    await _grant(pair, "BROWSE_PROJECTS", "EDIT_ISSUES", "SET_ISSUE_SECURITY")
    body: Json = {"issueIdsOrKeys": ["ALFA-1", "ALFA-2"], "fields": ["summary"]}
    found = await stranger.post_json(f"{API}/issue/bulkfetch", body, read=True)
    assert [each["key"] for each in found["issues"]] == ["ALFA-2"]
    with pytest.raises(SiteNotFound):
        await stranger.get(f"{API}/issue/{{issue}}", issue="ALFA-1")
    count = f"{API}/search/approximate-count"
    assert await stranger.post_json(count, {"jql": "project = ALFA"}, read=True) == {"count": 1}
    levels = await pair.source.client.get_json(f"{API}/issuesecurityschemes/level")
    level = next(each for each in levels["values"] if each["name"] == "Intern")
    edit = {"fields": {"security": {"id": level["id"]}}}
    with pytest.raises(SiteRefused):
        await stranger.put_json(f"{API}/issue/{{issue}}", edit, issue="ALFA-2")
    member = f"{API}/issuesecurityschemes/{{scheme}}/level/{{level}}/member"
    me = (await stranger.get_json(f"{API}/myself"))["accountId"]
    members = {"members": [{"type": "user", "parameter": me}]}
    scheme = str(level["issueSecuritySchemeId"])
    await pair.source.client.put_json(member, members, scheme=scheme, level=str(level["id"]))
    await stranger.put_json(f"{API}/issue/{{issue}}", edit, issue="ALFA-2")
    assert (await stranger.post_json(count, {"jql": "project = ALFA"}, read=True))["count"] == 7


async def test_a_sub_task_has_the_level_of_its_parent_and_none_of_its_own(pair: JiraPair) -> None:
    one = f"{API}/issue/{{issue}}"
    edit: Json = {"fields": {"security": {"name": "Intern"}}}
    with pytest.raises(SiteRefused):
        await pair.source.client.put_json(one, edit, issue="ALFA-5")
    await pair.source.client.put_json(one, edit, issue="ALFA-4")
    assert (await pair.source.issue("ALFA-5"))["fields"]["security"]["name"] == "Intern"


async def test_a_filter_for_a_role_is_shown_to_who_acts_in_it(
    pair: JiraPair, stranger: SiteClient
) -> None:
    client = pair.source.client
    project = (await client.get_json(f"{API}/project/{{project}}", project="ALFA"))["id"]
    role = await client.post_json(f"{API}/role", {"name": "Readers", "description": ""})
    share = {"type": "projectRole", "project": {"id": project}, "role": {"id": role["id"]}}
    body: Json = {"name": "For readers", "jql": "", "sharePermissions": [share]}
    made = await client.post_json(f"{API}/filter", body)
    shown = made["sharePermissions"][0]
    assert (shown["type"], shown["role"]["name"]) == ("project", "Readers")
    one = f"{API}/filter/{{filter}}"
    me = (await stranger.get_json(f"{API}/myself"))["accountId"]
    actors = f"{API}/project/{{project}}/role/{{role}}"
    await client.post(actors, {"user": [me]}, project=project, role=str(role["id"]))
    with pytest.raises(SiteRefused):
        await stranger.get(one, filter=made["id"])
    await _grant(pair, "BROWSE_PROJECTS")
    assert await stranger.get_json(one, filter=made["id"])
    await client.delete(actors, [("user", me)], project=project, role=str(role["id"]))
    with pytest.raises(SiteRefused):
        await stranger.get(one, filter=made["id"])


async def test_a_project_that_is_not_shown_has_no_filters_or_boards_of_strangers(
    pair: JiraPair, stranger: SiteClient
) -> None:
    client = pair.source.client
    project = (await client.get_json(f"{API}/project/{{project}}", project="ALFA"))["id"]
    share = {"type": "project", "project": {"id": project}}
    body: Json = {"name": "Mine", "jql": "", "sharePermissions": [share]}
    with pytest.raises(SiteRefused):
        await stranger.post(f"{API}/filter", body)
    found = await stranger.post_json(f"{API}/filter", {"name": "Mine", "jql": ""})
    place = {"type": "project", "projectKeyOrId": project}
    board = {"name": "B", "type": "scrum", "filterId": int(found["id"]), "location": place}
    with pytest.raises(SiteRefused):
        await stranger.post(f"{AGILE}/board", board)
    await _grant(pair, "BROWSE_PROJECTS")
    await stranger.post(f"{API}/filter", {**body, "name": "Shared"})
    await stranger.post(f"{AGILE}/board", board)


async def test_planning_needs_permissions(pair: JiraPair, stranger: SiteClient) -> None:
    await _grant(pair, "BROWSE_PROJECTS")
    origin = await _scrum_board(pair)
    body: Json = {"name": "S", "originBoardId": origin}
    with pytest.raises(SiteForbidden):
        await stranger.post(f"{AGILE}/sprint", body)
    await _grant(pair, "MANAGE_SPRINTS_PERMISSION")
    made = str((await stranger.post_json(f"{AGILE}/sprint", body))["id"])
    taken = {"issues": ["ALFA-2"]}
    moved: Json = {"issues": ["ALFA-2"], "rankAfterIssue": "ALFA-9"}
    for write in (
        stranger.post(f"{AGILE}/sprint/{{sprint}}/issue", taken, sprint=made),
        stranger.put_json(f"{AGILE}/issue/rank", moved),
    ):
        with pytest.raises(SiteForbidden):
            await write
    await _grant(pair, "SCHEDULE_ISSUES", "EDIT_ISSUES")
    sent = mail_count(Jira(pair.source.site))
    await stranger.put_json(f"{AGILE}/issue/rank", moved)
    assert mail_count(Jira(pair.source.site)) == sent
    await stranger.post(f"{AGILE}/sprint/{{sprint}}/issue", taken, sprint=made)
    assert mail_count(Jira(pair.source.site)) == sent + 1
    secret = {"issues": ["ALFA-4"]}
    with pytest.raises(SiteRefused):
        await stranger.post(f"{AGILE}/sprint/{{sprint}}/issue", secret, sprint=made)


async def _scrum_board(pair: JiraPair) -> int:
    found = await pair.source.client.get_json(f"{AGILE}/board", [("type", "scrum")])
    return int(found["values"][0]["id"])
