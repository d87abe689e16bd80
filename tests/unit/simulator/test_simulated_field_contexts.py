"""Contexts of custom fields, their options and default values on a simulated site."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from support.jira_site import JiraCaller, document, jira_caller

STOCK = "com.atlassian.jira.plugin.system.customfieldtypes:"
Json = Any


@pytest_asyncio.fixture
async def jira() -> AsyncIterator[JiraCaller]:
    async with jira_caller() as caller:
        yield caller
        assert caller.problems == []


async def new_field(jira: JiraCaller, kind: str) -> str:
    made = (await jira.post("/field", {"name": f"My {kind}", "type": STOCK + kind})).json
    await jira.call("POST", f"/screens/addToDefault/{made['id']}")
    return f"/field/{made['id']}/context"


async def only_context(jira: JiraCaller, path: str) -> str:
    (found,) = (await jira.get(path)).json["values"]
    return str(found["id"])


async def new_issue(jira: JiraCaller, values: Json) -> str:
    return await jira.new_issue("AB", **values)


async def test_a_field_has_one_context_for_everything_that_cannot_be_narrowed(
    jira: JiraCaller,
) -> None:
    project = await jira.new_project("AB")
    path = await new_field(jira, "textfield")
    context = await only_context(jira, path)
    assert (await jira.post(path, {"name": "Again"})).status == 409
    projects, types = {"projectIds": [project]}, {"issueTypeIds": [await jira.type_id("Bug")]}
    assert (await jira.put(f"{path}/{context}/project", projects)).status == 400
    assert (await jira.put(f"{path}/{context}/issuetype", types)).status == 400


async def test_a_project_has_one_context_of_a_field_at_most(jira: JiraCaller) -> None:
    first, second = await jira.new_project("AB"), await jira.new_project("CD")
    path = await new_field(jira, "textfield")
    made = (await jira.post(path, {"name": "Own", "projectIds": [first]})).json["id"]
    assert (await jira.post(path, {"name": "Other", "projectIds": [first]})).status == 400
    assert (await jira.post(path, {"name": "own", "projectIds": [second]})).status == 400
    assert (await jira.put(f"{path}/{made}/project", {"projectIds": [second]})).status == 204
    gone = {"projectIds": [first]}
    assert (await jira.post(f"{path}/{made}/project/remove", gone)).status == 204
    mapped = (await jira.get(f"{path}/projectmapping?contextId={made}")).json["values"]
    assert [each["projectId"] for each in mapped] == [second]
    last = {"projectIds": [second]}
    assert (await jira.post(f"{path}/{made}/project/remove", last)).status == 400


async def test_a_field_is_only_for_the_issue_types_of_its_context(jira: JiraCaller) -> None:
    await jira.new_project("AB")
    path = await new_field(jira, "textfield")
    await jira.call("DELETE", f"{path}/{await only_context(jira, path)}")
    body: Json = {"name": "Bugs", "issueTypeIds": [await jira.type_id("Bug")]}
    assert (await jira.post(path, body)).status == 201
    field = path.split("/")[2]
    await jira.new_issue("AB", "Bug", **{field: "x"})
    refused = await jira.post("/issue", {"fields": await jira.fields("AB", "Task", **{field: "x"})})
    assert set(refused.json["errors"]) == {field}


async def test_an_option_is_chosen_from_the_context_of_the_issue_unless_it_is_disabled(
    jira: JiraCaller,
) -> None:
    project = await jira.new_project("AB")
    path = await new_field(jira, "select")
    field, wide = path.split("/")[2], await only_context(jira, path)
    own = (await jira.post(path, {"name": "Own", "projectIds": [project]})).json["id"]
    made: dict[str, Json] = {}
    for context, value in ((wide, "wide"), (own, "own")):
        options = {"options": [{"value": value}, {"value": f"{value} 2"}]}
        answer = await jira.post(f"{path}/{context}/option", options)
        made |= {each["value"]: each["id"] for each in answer.json["options"]}
    key = await new_issue(jira, {field: {"id": made["own"]}})
    edit: Json = {"fields": {field: {"id": made["wide"]}}}
    assert (await jira.put(f"/issue/{key}", edit)).status == 400
    closed = {"options": [{"id": made["own 2"], "disabled": True}]}
    assert (await jira.put(f"{path}/{own}/option", closed)).status == 200
    edit = {"fields": {field: {"id": made["own 2"]}}}
    assert (await jira.put(f"/issue/{key}", edit)).status == 400


async def test_options_of_a_cascade_are_ordered_below_their_parent(jira: JiraCaller) -> None:
    await jira.new_project("AB")
    path = await new_field(jira, "cascadingselect")
    field, listed = path.split("/")[2], f"{path}/{await only_context(jira, path)}/option"
    first = {"options": [{"value": "A"}, {"value": "B"}]}
    a, b = (each["id"] for each in (await jira.post(listed, first)).json["options"])
    below = {"options": [{"value": each, "optionId": a} for each in ("1", "2", "A")]}
    one, two, _ = (each["id"] for each in (await jira.post(listed, below)).json["options"])
    await jira.put(f"{listed}/move", {"customFieldOptionIds": [b], "position": "First"})
    await jira.put(f"{listed}/move", {"customFieldOptionIds": [one], "after": two})
    found = (await jira.get(listed)).json["values"]
    assert [each["value"] for each in found] == ["B", "A", "2", "1", "A"]
    assert [each.get("optionId") for each in found] == [None, None, a, a, a]
    mixed = {"customFieldOptionIds": [a, one], "position": "First"}
    assert (await jira.put(f"{listed}/move", mixed)).status == 400
    key = await new_issue(jira, {field: {"value": "A", "child": {"value": "1"}}})
    assert (await jira.issue(key))[field]["child"]["value"] == "1"
    wrong: Json = {"fields": {field: {"id": b, "child": {"id": one}}}}
    assert (await jira.put(f"/issue/{key}", wrong)).status == 400


@pytest.mark.parametrize(
    ("kind", "default", "shown"),
    [
        ("textfield", {"type": "textfield", "text": "n/a"}, "n/a"),
        ("textarea", {"type": "textarea", "text": "n/a"}, document("n/a")),
        ("float", {"type": "float", "number": 2.5}, 2.5),
        ("labels", {"type": "labels", "labels": ["a"]}, ["a"]),
        ("datepicker", {"type": "datepicker", "useCurrent": True}, "2026-03-04"),
        ("url", {"type": "url", "url": "https://x"}, "https://x"),
    ],
)
async def test_a_new_issue_begins_with_the_default_value(
    jira: JiraCaller, kind: str, default: Json, shown: Json
) -> None:
    await jira.new_project("AB")
    path = await new_field(jira, kind)
    field, context = path.split("/")[2], await only_context(jira, path)
    body = {"defaultValues": [{**default, "contextId": context}]}
    assert (await jira.put(f"{path}/defaultValue", body)).status == 204
    assert (await jira.get(f"{path}/defaultValue")).json["values"] == [
        {**default, "contextId": context}
    ]
    assert (await jira.issue(await jira.new_issue()))[field] == shown
    assert (await jira.issue(await new_issue(jira, {field: None})))[field] is None
    wrong = {"defaultValues": [{"type": "project", "projectId": "1", "contextId": context}]}
    assert (await jira.put(f"{path}/defaultValue", wrong)).status == 400


async def test_a_default_version_is_for_issues_of_its_project_alone(jira: JiraCaller) -> None:
    projects = [await jira.new_project(key) for key in ("AB", "CD")]
    bodies: list[Json] = [{"projectId": int(each), "name": "1"} for each in projects]
    ids = [(await jira.post("/version", body)).json["id"] for body in bodies]
    path = await new_field(jira, "multiversion")
    field, context = path.split("/")[2], await only_context(jira, path)
    default = {"type": "version.multiple", "versionIds": ids, "contextId": context}
    assert (await jira.put(f"{path}/defaultValue", {"defaultValues": [default]})).status == 204
    [shown] = (await jira.issue(await jira.new_issue()))[field]
    assert shown["id"] == ids[0]


async def test_a_default_option_belongs_to_its_context(jira: JiraCaller) -> None:
    path = await new_field(jira, "select")
    context = await only_context(jira, path)
    default = {"type": "option.single", "optionId": "1", "contextId": context}
    assert (await jira.put(f"{path}/defaultValue", {"defaultValues": [default]})).status == 404


async def test_a_field_in_the_trash_is_in_no_other_list(jira: JiraCaller) -> None:
    path = await new_field(jira, "textfield")
    field = path.split("/")[2]
    assert (await jira.call("POST", f"/field/{field}/trash")).status == 200
    trashed = (await jira.get("/field/search/trashed")).json["values"]
    assert [each["id"] for each in trashed] == [field]
    assert field not in {each["id"] for each in (await jira.get("/field")).json}
    assert (await jira.get(path)).status == 404
    assert (await jira.call("POST", f"/field/{field}/restore")).status == 200
    assert (await jira.get(path)).status == 200


async def test_a_field_of_the_product_is_locked(jira: JiraCaller) -> None:
    listed = (await jira.get("/field")).json
    sprint = next(each["id"] for each in listed if each["name"] == "Sprint")
    context = await only_context(jira, f"/field/{sprint}/context")
    renamed = await jira.put(f"/field/{sprint}/context/{context}", {"name": "Mine"})
    assert renamed.status == 400
    assert (await jira.call("POST", f"/field/{sprint}/trash")).status == 400
