"""Giving a project its own workflow scheme, whatever the site says meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import pytest

from sitekeep_restore.importers.jira.workflow_switches import plan_switch, switch_workflow
from sitekeep_restore.importers.unit import ImportOptions, ImportUnit
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteNotFound, SiteRefused
from sitekeep_shared.vault.reader import BackupReader
from support.confluence_fakes import MemoryBackup, MemoryIdentities
from support.jira_fakes import Json

STATUSES = (("1", "TODO"), ("2", "DONE"), ("3", "IN_PROGRESS"))
CATEGORIES = {"TODO": "new", "DONE": "done", "IN_PROGRESS": "indeterminate"}


@dataclass
class FakeSite:
    """A site with one project, whose answers to switches and tasks are given."""

    refusals: list[SiteRefused] = field(default_factory=list[SiteRefused])
    task_states: list[str] = field(default_factory=lambda: ["COMPLETE"])
    scheme: str = "old"
    posted: list[Json] = field(default_factory=list[Json])
    polled: list[str] = field(default_factory=list[str])
    deleted: list[str] = field(default_factory=list[str])

    async def get_json(self, template: str, query: object = (), **path: str) -> Json:
        if template.endswith("/workflowscheme/project"):
            return {"values": [{"workflowScheme": {"id": self.scheme}}]}
        if template.endswith("/statuses"):
            listed = [
                {"id": number, "statusCategory": {"key": CATEGORIES[category]}}
                for number, category in STATUSES
            ]
            return cast(Json, [{"id": "100", "statuses": listed}])
        if "/task/" in template:
            self.polled.append(path["task"])
            state = self.task_states.pop(0)
            self.scheme = "new" if state == "COMPLETE" else self.scheme
            return {"id": path["task"], "status": state, "message": "No."}
        return {"defaultWorkflow": "Flow"}

    async def post_json(self, template: str, body: Json, **_: object) -> Json:
        own = [each for each in STATUSES if each[0] != "3"]
        statuses = [
            {"id": number, "statusReference": number, "statusCategory": category}
            for number, category in own
        ]
        create = {"type": "INITIAL", "toStatusReference": "2"}
        listed = [{"statusReference": number} for number, _ in own]
        flow = {"name": "Flow", "statuses": listed, "transitions": [create]}
        return {"statuses": statuses, "workflows": [flow]}

    async def post_task(self, template: str, body: Json, **_: str) -> Json:
        self.posted.append(body)
        if self.refusals:
            raise self.refusals.pop(0)
        return {"id": "7"}

    async def delete(self, template: str, query: object = (), **path: str) -> bytes:
        self.deleted.append(path["id"])
        if path["id"] == "gone":
            raise SiteNotFound("There is none.", status=404)
        return b""


async def switched(site: FakeSite, scheme: str = "temporary") -> ImportUnit:
    """The unit that switched the project of a site, with what it counted."""
    identities = MemoryIdentities()
    await identities.put("temporary_scheme", {"10": scheme})
    await identities.put("temporary_workflow", {"10": "flow"})
    unit = ImportUnit(
        plan_switch("10", "ALFA", "20", "new"),
        1,
        cast(SiteClient, site),
        cast(BackupReader, MemoryBackup()),
        identities,
        ImportOptions(),
    )
    await switch_workflow(unit)
    return unit


def reasons(unit: ImportUnit) -> list[str]:
    return [one.reason for one in unit.tally.findings]


async def test_a_status_that_is_not_in_the_workflow_goes_where_issues_begin() -> None:
    site = FakeSite()
    unit = await switched(site)
    (body,) = site.posted
    moves = [{"oldStatusId": "3", "newStatusId": "2"}]
    assert body["mappingsByIssueTypeOverride"] == [{"issueTypeId": "100", "statusMappings": moves}]
    assert (reasons(unit), site.deleted) == ([], ["temporary", "flow"])


async def test_a_project_that_has_its_scheme_is_only_tidied() -> None:
    site = FakeSite(scheme="new")
    await switched(site)
    assert (site.posted, site.deleted) == ([], ["temporary", "flow"])


async def test_a_switch_that_is_going_on_is_waited_for() -> None:
    running = SiteRefused("Running.", status=409, errors={"conflictingTaskId": "6"})
    site = FakeSite(refusals=[running], task_states=["RUNNING", "COMPLETE"])
    unit = await switched(site)
    assert (site.polled, len(site.posted), reasons(unit)) == (["6", "6"], 1, [])


@pytest.mark.parametrize(
    "site",
    [
        FakeSite(task_states=["FAILED"]),
        FakeSite(refusals=[SiteRefused("No.", status=400)]),
        FakeSite(refusals=[SiteRefused("Busy.", status=409)]),
    ],
)
async def test_without_its_scheme_a_project_keeps_the_one_of_the_restore(site: FakeSite) -> None:
    unit = await switched(site)
    assert reasons(unit) == ["WORKFLOW_NOT_SWITCHED"]
    assert site.deleted == []


async def test_what_is_gone_already_is_no_trouble() -> None:
    site = FakeSite()
    unit = await switched(site, "gone")
    assert (reasons(unit), site.deleted) == ([], ["gone", "flow"])
