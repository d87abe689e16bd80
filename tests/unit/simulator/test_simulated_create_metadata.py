"""What a create of an issue can set on a simulated site, with the values of lists."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from sitekeep_simulator.jira.fields import add_scoped_field
from sitekeep_simulator.jira.state import Jira
from support.jira_site import JiraCaller, jira_caller

STOCK = "com.atlassian.jira.plugin.system.customfieldtypes:"


@pytest_asyncio.fixture
async def jira() -> AsyncIterator[JiraCaller]:
    async with jira_caller() as caller:
        yield caller
        assert caller.problems == []


async def fields_of(jira: JiraCaller, project: str, kind: str) -> dict[str, Any]:
    path = f"/issue/createmeta/{project}/issuetypes/{await jira.type_id(kind)}?maxResults=200"
    return {each["fieldId"]: each for each in (await jira.get(path)).json["fields"]}


async def test_what_is_on_the_screen_is_told_with_the_values_that_it_takes(
    jira: JiraCaller,
) -> None:
    project = await jira.new_project("AB")
    field = (await jira.post("/field", {"name": "Ort", "type": f"{STOCK}select"})).json["id"]
    context = (await jira.get(f"/field/{field}/context")).json["values"][0]["id"]
    options = {"options": [{"value": "Köln"}, {"value": "東京", "disabled": True}]}
    await jira.post(f"/field/{field}/context/{context}/option", options)
    assert field not in await fields_of(jira, project, "Bug")
    assert (await jira.call("POST", f"/screens/addToDefault/{field}")).status == 200
    found = await fields_of(jira, project, "Bug")
    assert [each["value"] for each in found[field]["allowedValues"]] == ["Köln"]
    assert len(found["priority"]["allowedValues"]) == 5
    assert "allowedValues" not in found["summary"]


async def test_a_field_of_one_project_is_told_of_that_project_alone(jira: JiraCaller) -> None:
    project, other = await jira.new_project("AB"), await jira.new_project("CD")
    field = add_scoped_field(Jira(jira.site), "Ort", f"{STOCK}select", int(project), ["Köln"])
    name = f"customfield_{field.id}"
    assert name not in await fields_of(jira, other, "Bug")
    assert (await jira.get(f"/field/{name}/context")).status == 404
    key = await jira.new_issue("AB", "Bug", **{name: {"value": "Köln"}})
    assert (await jira.issue(key))[name]["value"] == "Köln"


async def test_a_type_or_a_project_that_is_not_there_is_refused(jira: JiraCaller) -> None:
    await jira.new_project("AB")
    for path in ("AB/issuetypes/99999", "NOPE/issuetypes"):
        assert (await jira.get(f"/issue/createmeta/{path}")).status == 400
