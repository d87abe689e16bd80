"""Issue type schemes: there, and back again."""

from __future__ import annotations

import pytest

from sitekeep_cli.comparison.model import Difference
from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_shared.atlassian.errors import AmbiguousWrite
from sitekeep_shared.coverage import EXTRA
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.tally import Severity
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.generator import generate
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import API, JiraPair, Json, SmallSite, differences, undeclared
from support.planning import pair

__all__ = ["pair"]

NAME = "„Typen“ & mehr"


async def filled(pair: JiraPair) -> MemoryBackup:
    """A site whose project has a scheme of its own, with a default type and an odd order."""
    small = SmallSite(pair.source)
    await small.fill()
    client = pair.source.client
    ids = [small.types[name] for name in ("Incident", "Sub-task", "Epic", "Bug", "Task", "Story")]
    body: Json = {"name": NAME, "description": "Wer\nwas", "issueTypeIds": ids}
    made = await small.post("issuetypescheme", {**body, "defaultIssueTypeId": ids[3]})
    project = await client.get_json(f"{API}/project/{{project}}", project="ALFA")
    assign = {"issueTypeSchemeId": made["issueTypeSchemeId"], "projectId": project["id"]}
    await client.put_json(f"{API}/issuetypescheme/project", assign)
    pair.share_people()
    return await pair.source.backup()


def of_kind(found: list[Difference], kind: Kind) -> set[tuple[str, str, str, str]]:
    return {
        (one.item, one.path, str(one.left), str(one.right)) for one in found if one.kind is kind
    }


async def test_a_project_begins_with_its_scheme_in_its_order(pair: JiraPair) -> None:
    before = await filled(pair)
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert [str(each) for each in tally.findings if each.severity is Severity.ERROR] == []
    found = differences(before, await pair.destination.backup())
    assert of_kind(found, Kind.ISSUE_TYPE_SCHEME) == set()
    assert not [one for one in found if one.path == "issueTypeScheme"]
    listed = (await pair.destination.client.get_json(f"{API}/issuetypescheme"))["values"]
    assert [each["name"] for each in listed] == ["Default Issue Type Scheme", NAME]
    assert tally.of(Kind.ISSUE_TYPE_SCHEME).done == 2


async def test_a_scheme_whose_answer_is_lost_is_not_made_twice(pair: JiraPair) -> None:
    before = await filled(pair)
    # A project of somebody else's: nothing that is there may be changed any more.
    other = SmallSite(pair.destination)
    await other.configure()
    await other.add_project("BETA", "Somebody else's")
    fault = pair.destination.site.faults.plan(
        FaultKind.LOST, "/issuetypescheme$", method="POST", times=1
    )
    await restore(IMPORTER, pair.destination.client, before, attempts=2, retried=(AmbiguousWrite,))
    assert fault.fired == 1
    listed = (await pair.destination.client.get_json(f"{API}/issuetypescheme"))["values"]
    assert [each["name"] for each in listed] == ["Default Issue Type Scheme", NAME]


@pytest.mark.shows_loss(Kind.ISSUE_TYPE_SCHEME, "types")
async def test_only_further_types_of_the_destination_are_behind_in_the_default_scheme(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    body: Json = {"name": "Own", "description": "", "hierarchyLevel": 0}
    await pair.destination.client.post_json(f"{API}/issuetype", body)
    await restore(IMPORTER, pair.destination.client, before)
    found = differences(before, await pair.destination.backup())
    assert of_kind(found, Kind.ISSUE_TYPE_SCHEME) == {
        ("Default Issue Type Scheme", "types.Own", "None", "7")
    }
    assert all(one.declared for one in found if one.kind is Kind.ISSUE_TYPE_SCHEME)


async def test_an_unused_scheme_of_that_name_becomes_like_the_original(pair: JiraPair) -> None:
    before = await filled(pair)
    client = pair.destination.client
    types = {each["name"]: each["id"] for each in await client.get_json(f"{API}/issuetype")}
    body: Json = {"name": NAME, "issueTypeIds": [types["Task"], types["Epic"]]}
    await client.post_json(f"{API}/issuetypescheme", {**body, "description": "Alt"})
    await restore(IMPORTER, client, before)
    found = differences(before, await pair.destination.backup())
    assert of_kind(found, Kind.ISSUE_TYPE_SCHEME) == set()


async def test_a_scheme_that_others_may_use_stays_beside_the_restored_one(pair: JiraPair) -> None:
    before = await filled(pair)
    client = pair.destination.client
    other = SmallSite(pair.destination)
    await other.configure()
    await other.add_project("BETA", "Somebody else's")
    body: Json = {"name": NAME, "issueTypeIds": [other.types["Task"]]}
    await client.post_json(f"{API}/issuetypescheme", body)
    tally = await restore(IMPORTER, client, before)
    assert (NAME, "SCHEME_OF_THAT_NAME_KEPT") in {(one.key, one.reason) for one in tally.findings}
    found = differences(before, await pair.destination.backup())
    assert of_kind(found, Kind.ISSUE_TYPE_SCHEME) == {
        (f"{NAME} (the destination's)", "extra", "None", "there")
    }
    assert not [one for one in found if one.path == "issueTypeScheme"]


async def test_a_refused_scheme_is_named_and_the_project_gets_one_of_its_own(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    pair.destination.site.faults.plan(
        FaultKind.MISSING, "/issuetypescheme$", method="POST", times=1
    )
    tally = await restore(IMPORTER, pair.destination.client, before)
    errors = {each.reason for each in tally.findings if each.severity is Severity.ERROR}
    assert errors == {"ISSUE_TYPE_SCHEME_REFUSED"}
    found = of_kind(differences(before, await pair.destination.backup()), Kind.PROJECT)
    assert ("ALFA", "issueTypeScheme", NAME, "Sitekeep ALFA issue types") in found


async def test_of_generated_schemes_nothing_is_lost(pair: JiraPair) -> None:
    generate(pair.source.site, seed=5, issues=12)
    pair.share_people()
    before = await pair.source.backup()
    await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    found = of_kind(differences(before, after), Kind.ISSUE_TYPE_SCHEME)
    # That of the team-managed project, which has none on the source, and its type.
    assert {(name, path) for name, path, _, _ in found} == {
        ("Sitekeep IDEA issue types", EXTRA),
        ("Default Issue Type Scheme", "types.Idea"),
    }
    assert undeclared(before, after) == []


@pytest.mark.shows_loss(Loss.ISSUE_TYPE_NOT_IN_SCHEME)
async def test_a_type_that_the_site_refuses_is_missing_in_its_schemes_and_named(
    pair: JiraPair,
) -> None:
    before = await filled(pair)
    pair.destination.site.faults.plan(FaultKind.MISSING, "/issuetype$", method="POST", times=1)
    tally = await restore(IMPORTER, pair.destination.client, before)
    lost = {one.key: one.count for one in tally.findings if "NOT_IN_SCHEME" in one.reason}
    assert lost == {"Default Issue Type Scheme": 2}
    shown = of_kind(differences(before, await pair.destination.backup()), Kind.ISSUE_TYPE_SCHEME)
    assert (NAME, "types.Incident", "1", "None") in shown


async def test_names_that_no_case_makes_equal_are_of_two_types(pair: JiraPair) -> None:
    small = SmallSite(pair.source)
    await small.fill()
    for name in ("Maß", "Mass"):
        await small.post("issuetype", {"name": name, "description": name, "hierarchyLevel": 0})
    before = await pair.source.backup()
    await restore(IMPORTER, pair.destination.client, before)
    found = await pair.destination.client.get_json(f"{API}/issuetype")
    descriptions = {each["name"]: each["description"] for each in found}
    assert (descriptions["Maß"], descriptions["Mass"]) == ("Maß", "Mass")
    assert undeclared(before, await pair.destination.backup()) == []
