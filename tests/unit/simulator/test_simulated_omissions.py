"""A site that leaves items out of its answers, on request."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sitekeep_simulator.faults import FaultKind, fault_from_json
from support.jira_site import JiraCaller, jira_caller


@pytest_asyncio.fixture
async def jira() -> AsyncIterator[JiraCaller]:
    async with jira_caller() as caller:
        await caller.new_project()
        for _ in range(3):
            await caller.new_issue()
        yield caller


async def fetched(jira: JiraCaller) -> tuple[list[str], list[str]]:
    """The keys of the issues that a bulkfetch returns, and the ids that it names as failed."""
    body = {"issueIdsOrKeys": ["AB-1", "AB-2", "AB-3"], "fields": ["summary"]}
    answer = (await jira.post("/issue/bulkfetch", body)).json
    keys = [str(each["key"]) for each in answer["issues"]]
    return keys, [str(each["id"]) for each in answer["issueErrors"]]


async def test_an_omitted_issue_is_missing_from_every_answer_and_nothing_says_so(
    jira: JiraCaller,
) -> None:
    fault = jira.site.faults.plan(FaultKind.OMITTED, "/bulkfetch$", items=("AB-2",))
    for fired in (1, 2):
        assert await fetched(jira) == (["AB-1", "AB-3"], [])
        assert fault.fired == fired
    jira.site.faults.clear()
    assert await fetched(jira) == (["AB-1", "AB-2", "AB-3"], [])


async def test_an_unreturned_issue_is_named_among_the_errors(jira: JiraCaller) -> None:
    number = str((await jira.get("/issue/AB-2")).json["id"])
    jira.site.faults.plan(FaultKind.UNRETURNED, "/bulkfetch$", items=(number,))
    assert await fetched(jira) == (["AB-1", "AB-3"], [number])


async def test_an_answer_that_holds_none_of_them_is_as_it_was(jira: JiraCaller) -> None:
    fault = jira.site.faults.plan(FaultKind.OMITTED, "", items=("AB-9",))
    assert await fetched(jira) == (["AB-1", "AB-2", "AB-3"], [])
    assert fault.fired == 0


@pytest.mark.parametrize(("kind", "status"), [(FaultKind.REFUSED, 400), (FaultKind.FORBIDDEN, 403)])
async def test_a_site_refuses_on_request_and_does_nothing(
    jira: JiraCaller, kind: FaultKind, status: int
) -> None:
    jira.site.faults.plan(kind, "/issue$", method="POST")
    answer = await jira.post("/issue", {"fields": await jira.fields()})
    assert answer.status == status
    assert (await jira.get("/issue/AB-4")).status == 404


def test_items_come_from_json_and_go_there() -> None:
    fault = fault_from_json({"kind": "omitted", "path": "x", "items": ["AB-1"]})
    assert fault.items == ("AB-1",)
    assert fault.to_json()["items"] == ["AB-1"]
