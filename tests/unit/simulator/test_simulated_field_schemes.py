"""Field schemes of a simulated site: which fields they give projects, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from sitekeep_simulator.jira.field_schemes import use_field_schemes
from sitekeep_simulator.jira.state import Jira
from support.jira_site import JiraCaller, jira_caller
from support.site_answer import Answer

Json = Any
SCHEMES = "/config/fieldschemes"


@pytest_asyncio.fixture
async def jira() -> AsyncIterator[JiraCaller]:
    async with jira_caller() as caller:
        use_field_schemes(Jira(caller.site))
        yield caller
        assert caller.problems == []


async def new_scheme(jira: JiraCaller, project: str = "", **fields: Json) -> int:
    """A scheme with those fields beside the ones that each has; what is said of them as given."""
    made = int((await jira.post(SCHEMES, {"name": "Mine"})).json["id"])
    body = {field: [{"schemeIds": [made], **said}] for field, said in fields.items()}
    assert (await jira.put(f"{SCHEMES}/fields", body)).status == 200
    if project:
        assign = {str(made): {"projectIds": [int(project)]}}
        assert (await jira.put(f"{SCHEMES}/projects", assign)).status == 200
    return made


async def say(jira: JiraCaller, scheme: int, field: str, **said: Json) -> Answer:
    body = {field: [{"schemeIds": [scheme], **said}]}
    return await jira.put(f"{SCHEMES}/fields/parameters", body)


async def fields_of(jira: JiraCaller, scheme: int) -> Json:
    page = (await jira.get(f"{SCHEMES}/{scheme}/fields?maxResults=100")).json
    return {each["fieldId"]: each for each in page["values"]}


async def test_a_field_that_the_scheme_lacks_cannot_be_set(jira: JiraCaller) -> None:
    project = await jira.new_project("AB")
    bug = await jira.type_id("Bug")
    await new_scheme(jira, project, duedate={}, labels={"restrictedToWorkTypes": [int(bug)]})
    refused = await jira.post("/issue", {"fields": await jira.fields("AB", labels=["a"])})
    assert set(refused.json["errors"]) == {"labels"}
    await jira.new_issue("AB", "Bug", labels=["a"], duedate="2024-01-02")
    refused = await jira.post("/issue", {"fields": await jira.fields("AB", environment=None)})
    assert set(refused.json["errors"]) == {"environment"}


async def test_what_is_said_for_one_work_type_goes_before_what_is_said_for_all(
    jira: JiraCaller,
) -> None:
    project = await jira.new_project("AB")
    bug = int(await jira.type_id("Bug"))
    made = await new_scheme(jira, project, duedate={})
    own = [{"workTypeId": bug, "isRequired": False}]
    answer = await say(
        jira, made, "duedate", parameters={"isRequired": True}, workTypeParameters=own
    )
    assert [each["success"] for each in answer.json["results"]] == [True, True]
    refused = await jira.post("/issue", {"fields": await jira.fields("AB")})
    assert refused.json["errors"] == {"duedate": "Due date is required."}
    await jira.new_issue("AB", "Bug")
    forget = {"schemeId": made, "workTypeIds": [bug], "parameters": ["isRequired"]}
    path = f"{SCHEMES}/fields/parameters"
    assert (await jira.call("DELETE", path, {"duedate": [forget]})).status == 204
    assert (await jira.post("/issue", {"fields": await jira.fields("AB", "Bug")})).status == 400
    one = (await jira.get(f"{SCHEMES}/{made}/fields/duedate/parameters")).json
    assert one["parameters"] == {"isRequired": True}
    assert one["workTypeParameters"] == []


async def test_each_field_is_answered_for_by_itself(jira: JiraCaller) -> None:
    made = await new_scheme(jira, duedate={})
    good, bad = {"parameters": {"isRequired": True}}, {"parameters": {"description": "x"}}
    body = {
        "duedate": [{"schemeIds": [made, 99999], **good}],
        "labels": [{"schemeIds": [made], **bad}],
        "nothing": [{"schemeIds": [made], **bad}],
    }
    answer = await jira.put(f"{SCHEMES}/fields/parameters", body)
    assert answer.status == 207
    results = answer.json["results"]
    assert [each["success"] for each in results] == [True, False, False, False]
    assert "not associated" in results[2]["error"]
    refused = await say(jira, made, "labels", **bad)
    assert refused.status == 400
    assert not refused.json["results"][0]["success"]
    assert (await fields_of(jira, made))["duedate"]["parameters"]["isRequired"] is True


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("summary", {"parameters": {"isRequired": False}}),
        ("status", {"parameters": {"isRequired": True}}),
        ("duedate", {"parameters": {"description": "x" * 256}}),
        ("duedate", {"workTypeParameters": [{"workTypeId": 99999, "isRequired": True}]}),
    ],
)
async def test_what_cannot_be_said_is_refused(jira: JiraCaller, field: str, said: Json) -> None:
    made = await new_scheme(jira, duedate={})
    before = await fields_of(jira, made)
    assert (await say(jira, made, field, **said)).status == 400
    assert await fields_of(jira, made) == before


async def test_some_fields_every_scheme_has(jira: JiraCaller) -> None:
    made = await new_scheme(jira)
    body = {field: {"schemeIds": [made]} for field in ("summary", "status")}
    assert (await jira.call("DELETE", f"{SCHEMES}/fields", body)).status == 400
    found = await fields_of(jira, made)
    assert {"summary", "status"} <= set(found)
    assert "duedate" not in found
    assert "REMOVE" not in found["summary"]["allowedOperations"]


async def test_the_default_scheme_has_new_fields_and_stays(jira: JiraCaller) -> None:
    project = await jira.new_project("AB")
    (default,) = (await jira.get(SCHEMES)).json["values"]
    kind = "com.atlassian.jira.plugin.system.customfieldtypes:textfield"
    field = (await jira.post("/field", {"name": "Mine", "type": kind})).json["id"]
    found = await fields_of(jira, default["id"])
    assert field in found
    assert (await jira.call("DELETE", f"{SCHEMES}/{default['id']}")).status == 400
    made = await new_scheme(jira, project)
    assert (await jira.call("DELETE", f"{SCHEMES}/{made}")).status == 409
    back = {str(default["id"]): {"projectIds": [int(project)]}}
    assert (await jira.put(f"{SCHEMES}/projects", back)).status == 200
    assert (await jira.call("DELETE", f"{SCHEMES}/{made}")).json["deleted"] is True


async def test_a_site_keeps_field_schemes_or_field_configurations(jira: JiraCaller) -> None:
    assert (await jira.get("/fieldconfiguration")).json["values"] == []
    assert (await jira.post("/fieldconfiguration", {"name": "Old"})).status == 400
    async with jira_caller() as older:
        assert (await older.get(SCHEMES)).status == 404
        assert (await older.post(SCHEMES, {"name": "New"})).status == 404
