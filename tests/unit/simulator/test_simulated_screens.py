"""Screens of a simulated site: what they let in, and what the site refuses of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from support.jira_site import JiraCaller, jira_caller

Json = Any


@pytest_asyncio.fixture
async def jira() -> AsyncIterator[JiraCaller]:
    async with jira_caller() as caller:
        yield caller
        assert caller.problems == []


async def new_screen(jira: JiraCaller, name: str, *fields: str) -> str:
    made = str((await jira.post("/screens", {"name": name})).json["id"])
    (tab,) = (await jira.get(f"/screens/{made}/tabs")).json
    for field in fields:
        path = f"/screens/{made}/tabs/{tab['id']}/fields"
        assert (await jira.post(path, {"fieldId": field})).status == 200
    return made


async def give(jira: JiraCaller, project: str, **screens: str) -> Json:
    """Gives a project screens by operation; the ids of both schemes."""
    chosen = {name: int(screen) for name, screen in screens.items()}
    scheme = (await jira.post("/screenscheme", {"name": "S", "screens": chosen})).json["id"]
    mapping = {"issueTypeId": "default", "screenSchemeId": str(scheme)}
    body: Json = {"name": "T", "issueTypeMappings": [mapping]}
    typed = (await jira.post("/issuetypescreenscheme", body)).json["id"]
    assign = {"issueTypeScreenSchemeId": typed, "projectId": project}
    assert (await jira.put("/issuetypescreenscheme/project", assign)).status == 204
    return {"scheme": scheme, "typed": typed}


async def test_a_create_sets_what_is_on_the_create_screen_and_an_edit_what_is_on_the_other(
    jira: JiraCaller,
) -> None:
    project = await jira.new_project("AB")
    create = await new_screen(jira, "Create", "summary", "issuetype", "labels")
    edit = await new_screen(jira, "Edit", "duedate")
    await give(jira, project, default=create, edit=edit)
    key = await jira.new_issue("AB", labels=["a"])
    late = await jira.post("/issue", {"fields": await jira.fields("AB", duedate="2024-01-02")})
    assert set(late.json["errors"]) == {"duedate"}
    assert (await jira.put(f"/issue/{key}", {"fields": {"duedate": "2024-01-02"}})).status == 204
    refused = await jira.put(f"/issue/{key}", {"fields": {"labels": ["b"]}})
    assert set(refused.json["errors"]) == {"labels"}


async def test_an_issue_type_can_have_a_screen_scheme_of_its_own(jira: JiraCaller) -> None:
    project = await jira.new_project("AB")
    brief = await new_screen(jira, "Brief", "summary", "issuetype")
    made = await give(jira, project, default=brief)
    default = (await jira.get("/screenscheme")).json["values"][0]["id"]
    mapping = {"issueTypeId": await jira.type_id("Bug"), "screenSchemeId": str(default)}
    path = f"/issuetypescreenscheme/{made['typed']}/mapping"
    assert (await jira.put(path, {"issueTypeMappings": [mapping]})).status == 204
    assert (await jira.put(path, {"issueTypeMappings": [mapping]})).status == 400
    await jira.new_issue("AB", "Bug", labels=["a"])
    refused = await jira.post("/issue", {"fields": await jira.fields("AB", labels=["a"])})
    assert set(refused.json["errors"]) == {"labels"}
    gone = {"issueTypeIds": [mapping["issueTypeId"]]}
    assert (await jira.post(f"{path}/remove", gone)).status == 204
    refused = await jira.post("/issue", {"fields": await jira.fields("AB", "Bug", labels=["a"])})
    assert set(refused.json["errors"]) == {"labels"}


async def test_what_is_in_use_cannot_be_deleted(jira: JiraCaller) -> None:
    project = await jira.new_project("AB")
    screen = await new_screen(jira, "Mine", "summary", "issuetype")
    made = await give(jira, project, default=screen)
    paths = (
        f"/screens/{screen}",
        f"/screenscheme/{made['scheme']}",
        f"/issuetypescreenscheme/{made['typed']}",
    )
    for path in paths:
        assert (await jira.call("DELETE", path)).status == 400, path
    assert (await jira.call("DELETE", f"/project/{project}?enableUndo=false")).status == 204
    for path in reversed(paths):
        assert (await jira.call("DELETE", path)).status == 204, path


async def test_a_field_is_on_a_screen_once(jira: JiraCaller) -> None:
    screen = await new_screen(jira, "Mine", "summary")
    second = (await jira.post(f"/screens/{screen}/tabs", {"name": "Two"})).json["id"]
    path = f"/screens/{screen}/tabs/{second}/fields"
    assert (await jira.post(path, {"fieldId": "summary"})).status == 400
    assert (await jira.post(path, {"fieldId": "created"})).status == 400
    assert (await jira.post(path, {"fieldId": "labels"})).status == 200
    available = {each["id"] for each in (await jira.get(f"/screens/{screen}/availableFields")).json}
    assert "description" in available
    assert not available & {"summary", "labels"}


async def test_tabs_and_fields_are_moved(jira: JiraCaller) -> None:
    screen = await new_screen(jira, "Mine", "summary", "labels", "duedate")
    tabs = f"/screens/{screen}/tabs"
    second = (await jira.post(tabs, {"name": "Two"})).json["id"]
    assert (await jira.call("POST", f"{tabs}/{second}/move/0")).status == 204
    assert (await jira.call("POST", f"{tabs}/{second}/move/9")).status == 404
    assert (await jira.post(tabs, {"name": "Two"})).status == 400
    first = (await jira.get(tabs)).json[1]["id"]
    path = f"{tabs}/{first}/fields"
    assert (await jira.post(f"{path}/summary/move", {"position": "Last"})).status == 204
    assert (await jira.post(f"{path}/duedate/move", {"position": "First"})).status == 204
    assert [each["id"] for each in (await jira.get(path)).json] == ["duedate", "labels", "summary"]
    assert (await jira.post(f"{path}/assignee/move", {"position": "Last"})).status == 404


async def test_names_of_screens_and_schemes_are_unique(jira: JiraCaller) -> None:
    screen = await new_screen(jira, "Mine")
    assert (await jira.post("/screens", {"name": "mine"})).status == 400
    body: Json = {"name": "Default Screen Scheme", "screens": {"default": int(screen)}}
    assert (await jira.post("/screenscheme", body)).status == 400
    assert (await jira.post("/screenscheme", {"name": "X", "screens": {}})).status == 400
    body = {"name": "X", "screens": {"default": 1}}
    assert (await jira.post("/screenscheme", body)).status == 404
    assert (await jira.post("/issuetypescreenscheme", {"name": "X"})).status == 400
