"""What a simulated Jira takes and refuses of issue type schemes, workflows and their schemes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from support.jira_site import JiraCaller, Json, jira_caller


@pytest_asyncio.fixture
async def jira() -> AsyncIterator[JiraCaller]:
    async with jira_caller() as caller:
        yield caller
        assert caller.problems == []


async def _type_scheme(jira: JiraCaller, *names: str) -> tuple[str, list[str]]:
    """A new scheme with those types: its path and their ids."""
    ids = [await jira.type_id(name) for name in names]
    answer = await jira.post("/issuetypescheme", {"name": "Types", "issueTypeIds": ids})
    return f"/issuetypescheme/{answer.json['issueTypeSchemeId']}", ids


async def _types(jira: JiraCaller, path: str) -> list[str]:
    scheme = path.rpartition("/")[2]
    answer = await jira.get(f"/issuetypescheme/mapping?issueTypeSchemeId={scheme}")
    return [each["issueTypeId"] for each in answer.json["values"]]


async def test_a_type_that_is_in_the_scheme_fails_the_whole_addition(jira: JiraCaller) -> None:
    path, (task, bug) = await _type_scheme(jira, "Task", "Bug")
    story = await jira.type_id("Story")
    both = {"issueTypeIds": [story, bug]}
    assert (await jira.put(f"{path}/issuetype", both)).status == 400
    assert await _types(jira, path) == [task, bug]
    assert (await jira.put(f"{path}/issuetype", {"issueTypeIds": [story]})).status == 204
    assert await _types(jira, path) == [task, bug, story]


async def test_types_in_use_and_the_last_standard_one_stay_in_a_scheme(jira: JiraCaller) -> None:
    path, (task, bug, part) = await _type_scheme(jira, "Task", "Bug", "Sub-task")
    scheme = int(path.rpartition("/")[2])
    await jira.new_project("AB", issueTypeScheme=scheme)
    key = await jira.new_issue(kind="Bug")
    removal = f"{path}/issuetype"
    assert (await jira.call("DELETE", f"{removal}/{bug}")).status == 400
    assert (await jira.call("DELETE", f"{removal}/{task}")).status == 204
    await jira.call("DELETE", f"/issue/{key}")
    assert (await jira.call("DELETE", f"{removal}/{bug}")).status == 400
    assert await _types(jira, path) == [bug, part]
    assert (await jira.call("DELETE", path)).status == 400


async def test_nothing_is_removed_from_the_default_scheme(jira: JiraCaller) -> None:
    (default,) = (await jira.get("/issuetypescheme")).json["values"]
    task = await jira.type_id("Task")
    path = f"/issuetypescheme/{default['id']}"
    assert default["isDefault"]
    assert (await jira.call("DELETE", f"{path}/issuetype/{task}")).status == 400
    assert (await jira.call("DELETE", path)).status == 400


async def test_a_default_type_is_one_of_the_scheme(jira: JiraCaller) -> None:
    path, (_, bug) = await _type_scheme(jira, "Task", "Bug")
    epic = await jira.type_id("Epic")
    assert (await jira.put(path, {"defaultIssueTypeId": epic})).status == 400
    assert (await jira.put(path, {"defaultIssueTypeId": bug})).status == 204
    listed = (await jira.get("/issuetypescheme")).json["values"]
    assert [each.get("defaultIssueTypeId") for each in listed] == [None, bug]


@pytest.mark.parametrize(
    ("place", "expected"),
    [({"position": "First"}, "cab"), ({"position": "Last"}, "abc"), ({"after": "a"}, "acb")],
)
async def test_types_move_within_their_scheme(jira: JiraCaller, place: Json, expected: str) -> None:
    path, ids = await _type_scheme(jira, "Task", "Bug", "Story")
    named = dict(zip("abc", ids, strict=True))
    where = {"after": named["a"]} if "after" in place else place
    body = {"issueTypeIds": [named["c"]], **where}
    assert (await jira.put(f"{path}/issuetype/move", body)).status == 204
    assert await _types(jira, path) == [named[each] for each in expected]
    missing = {"issueTypeIds": [await jira.type_id("Epic")], **where}
    assert (await jira.put(f"{path}/issuetype/move", missing)).status == 400
