"""Field configurations of a simulated site: what they ask, and what is refused of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from support.jira_site import JiraCaller, jira_caller

Json = Any


@pytest_asyncio.fixture
async def jira() -> AsyncIterator[JiraCaller]:
    async with jira_caller() as caller:
        yield caller
        assert caller.problems == []


async def new_configuration(jira: JiraCaller, *changes: Json) -> str:
    made = str((await jira.post("/fieldconfiguration", {"name": "Mine"})).json["id"])
    body = {"fieldConfigurationItems": list(changes)}
    assert (await jira.put(f"/fieldconfiguration/{made}/fields", body)).status == 204
    return made


async def give(jira: JiraCaller, project: str, **configurations: str) -> str:
    """Gives a project a scheme: a configuration by issue type, or by ``default``."""
    made = str((await jira.post("/fieldconfigurationscheme", {"name": "S"})).json["id"])
    mappings = [
        {"issueTypeId": kind, "fieldConfigurationId": each} for kind, each in configurations.items()
    ]
    path = f"/fieldconfigurationscheme/{made}/mapping"
    assert (await jira.put(path, {"mappings": mappings})).status == 204
    assign = {"fieldConfigurationSchemeId": made, "projectId": project}
    assert (await jira.put("/fieldconfigurationscheme/project", assign)).status == 204
    return made


async def test_a_required_field_has_to_be_given_and_cannot_be_emptied(jira: JiraCaller) -> None:
    project = await jira.new_project("AB")
    await give(jira, project, default=await new_configuration(jira, _required("duedate")))
    refused = await jira.post("/issue", {"fields": await jira.fields("AB")})
    assert refused.json["errors"] == {"duedate": "Due date is required."}
    key = await jira.new_issue("AB", duedate="2024-01-02")
    assert (await jira.put(f"/issue/{key}", {"fields": {"duedate": None}})).status == 400
    assert (await jira.put(f"/issue/{key}", {"fields": {"labels": []}})).status == 204


async def test_a_hidden_field_cannot_be_set(jira: JiraCaller) -> None:
    project = await jira.new_project("AB")
    hidden = {"id": "labels", "isHidden": True}
    bug = await jira.type_id("Bug")
    await give(jira, project, **{bug: await new_configuration(jira, hidden)})
    refused = await jira.post("/issue", {"fields": await jira.fields("AB", "Bug", labels=["a"])})
    assert set(refused.json["errors"]) == {"labels"}
    # Other types have the default configuration.
    await jira.new_issue("AB", "Task", labels=["a"])


async def test_a_field_that_is_hidden_forgets_what_else_was_said(jira: JiraCaller) -> None:
    text = {"id": "duedate", "isRequired": True, "description": "When?"}
    made = await new_configuration(jira, text, {"id": "duedate", "isHidden": True, **_optional()})
    path = f"/fieldconfiguration/{made}/fields"
    await jira.put(path, {"fieldConfigurationItems": [{"id": "duedate", "isHidden": False}]})
    items = {each["id"]: each for each in (await jira.get(f"{path}?maxResults=100")).json["values"]}
    assert items["duedate"] == {"id": "duedate", "isHidden": False, "isRequired": False}
    assert items["description"]["renderer"] == "wiki-renderer"


def _required(field: str) -> Json:
    return {"id": field, "isRequired": True}


def _optional() -> Json:
    return {"isRequired": False}


@pytest.mark.parametrize(
    "change",
    [
        {"id": "summary", "isHidden": True},
        {"id": "summary", "isRequired": False},
        {"id": "nothing", "isHidden": True},
        {"id": "duedate", "renderer": "wiki-renderer"},
        {"id": "description", "renderer": "autocomplete-renderer"},
        {"id": "duedate", "isHidden": True, "isRequired": True},
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_changed(
    jira: JiraCaller, change: Json
) -> None:
    made = await new_configuration(jira)
    path = f"/fieldconfiguration/{made}/fields"
    body = {"fieldConfigurationItems": [_required("labels"), change]}
    assert (await jira.put(path, body)).status == 400
    items = (await jira.get(f"{path}?maxResults=100")).json["values"]
    assert [each["id"] for each in items if each["isRequired"]] == ["summary", "issuetype"]


async def test_the_default_configuration_stays_and_so_does_what_is_in_use(jira: JiraCaller) -> None:
    project = await jira.new_project("AB")
    (default,) = (await jira.get("/fieldconfiguration")).json["values"]
    path = f"/fieldconfiguration/{default['id']}"
    assert (await jira.call("DELETE", path)).status == 400
    assert (await jira.put(path, {"name": "Other"})).status == 400
    made = await new_configuration(jira)
    scheme = await give(jira, project, default=made)
    for gone in (f"/fieldconfiguration/{made}", f"/fieldconfigurationscheme/{scheme}"):
        assert (await jira.call("DELETE", gone)).status == 400
    nothing = {"fieldConfigurationSchemeId": None, "projectId": project}
    assert (await jira.put("/fieldconfigurationscheme/project", nothing)).status == 204
    for gone in (f"/fieldconfigurationscheme/{scheme}", f"/fieldconfiguration/{made}"):
        assert (await jira.call("DELETE", gone)).status == 204
