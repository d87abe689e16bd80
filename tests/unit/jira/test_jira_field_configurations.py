"""Field configurations and their schemes: there, and back again, and in nobody's way meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.open_screens import NAME
from sitekeep_shared.atlassian.errors import SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_simulator.faults import FaultKind
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import (
    API,
    JiraPair,
    JiraSide,
    Json,
    SmallSite,
    differences,
    undeclared,
)
from support.planning import errors_of, pair, undoubled

__all__ = ["pair"]

CONFIGURATIONS = f"{API}/fieldconfiguration"
SCHEMES = f"{API}/fieldconfigurationscheme"
KIND = Kind.FIELD_CONFIGURATION


async def filled(pair: JiraPair) -> SmallSite:
    """A site most of whose issues would not pass its own field configurations any more."""
    small = SmallSite(pair.source)
    await small.fill()
    pair.share_people()
    await add_configurations(small)
    return small


async def add_configurations(small: SmallSite) -> None:
    strict = [
        {"id": "duedate", "isRequired": True, "description": "Bis „wann“?"},
        {"id": small.fields["Team"], "isHidden": True},
        {"id": "labels", "isHidden": True},
        {"id": "description", "isRequired": True, "renderer": "text-renderer"},
    ]
    first = await _configuration(small, "Streng & „genau“", strict)
    second = await _configuration(small, "Für <Bugs>", [{"id": "environment", "isHidden": True}])
    default = await _default(small.side)
    changes = [{"id": "assignee", "description": "Wer?", "isRequired": True}]
    await _change(small.side, default, changes)
    client = small.side.client
    made = (await client.post_json(SCHEMES, {"name": "Je „Typ“", "description": "d"}))["id"]
    mappings = [
        {"issueTypeId": "default", "fieldConfigurationId": first},
        {"issueTypeId": small.types["Incident"], "fieldConfigurationId": second},
    ]
    mapping = SCHEMES + "/{scheme}/mapping"
    await client.put_json(mapping, {"mappings": mappings}, scheme=made)
    project = await client.get_json(f"{API}/project/{{project}}", project="ALFA")
    assign = {"fieldConfigurationSchemeId": made, "projectId": str(project["id"])}
    await client.put_json(f"{SCHEMES}/project", assign)


async def _configuration(small: SmallSite, name: str, changes: list[Json]) -> str:
    body = {"name": name, "description": f"{name}."}
    made = str((await small.side.client.post_json(CONFIGURATIONS, body))["id"])
    await _change(small.side, made, changes)
    return made


async def _change(side: JiraSide, configuration: str, changes: list[Json]) -> None:
    template = CONFIGURATIONS + "/{configuration}/fields"
    body = {"fieldConfigurationItems": changes}
    await side.client.put_json(template, body, configuration=configuration)


async def _default(side: JiraSide) -> str:
    listed = (await side.client.get_json(CONFIGURATIONS))["values"]
    return next(str(each["id"]) for each in listed if each.get("isDefault"))


def of_configurations(before: MemoryBackup, after: MemoryBackup) -> list[Any]:
    return [one for one in differences(before, after) if one.kind is KIND]


async def _names(side: JiraSide) -> set[str]:
    listed: list[Json] = []
    for path in (CONFIGURATIONS, SCHEMES):
        listed += (await side.client.get_json(path))["values"]
    return {str(each["name"]) for each in listed}


async def test_configurations_come_back_and_ours_are_gone(pair: JiraPair) -> None:
    await filled(pair)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    assert of_configurations(before, after) == []
    assert tally.of(KIND).done == tally.of(KIND).expected == before.count(KIND) == 4
    assert await _names(pair.destination) == await _names(pair.source)


async def test_no_field_is_required_or_hidden_until_all_is_written(pair: JiraPair) -> None:
    await filled(pair)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert "FIELD_REFUSED" not in {each.reason for each in tally.findings}
    # What the issues have, nobody could write once the project has its own configuration.
    for side in (pair.source, pair.destination):
        assert (await side.issue("ALFA-1"))["fields"]["labels"] == ["a", "b"]
        for fields in ({"labels": ["c"]}, {"duedate": None}):
            with pytest.raises(SiteRefused):
                await side.client.put_json(
                    f"{API}/issue/{{issue}}", {"fields": fields}, issue="ALFA-1"
                )
    assert undeclared(before, await pair.destination.backup()) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/fieldconfiguration$|/fieldconfigurationscheme$"),
        ("PUT", "/fields$|/mapping$|/fieldconfigurationscheme/project$"),
        ("DELETE", "/fieldconfiguration"),
    ],
)
async def test_a_lost_answer_doubles_no_configuration(
    pair: JiraPair, method: str, path: str
) -> None:
    await filled(pair)
    planned = await undoubled(pair, method, path, (0, 1), _names)
    assert all(fault.fired for fault in planned)


async def test_what_projects_of_the_destination_use_stays_beside_the_restored_ones(
    pair: JiraPair,
) -> None:
    await filled(pair)
    other = SmallSite(pair.destination)
    await other.configure()
    await other.add_project("OTHER", "Somebody else's")
    await _configuration(other, "Streng & „genau“", [{"id": "duedate", "isHidden": True}])
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    names = await _names(pair.destination)
    assert {"Streng & „genau“", "Streng & „genau“ (restored)"} <= names
    found = of_configurations(before, await pair.destination.backup())
    assert {(one.path, one.declared) for one in found} == {("extra", True)}
    assert NAME not in names


@pytest.mark.shows_loss(KIND, "fields.*", "mappings.*")
@pytest.mark.shows_loss(Loss.FIELD_NOT_CONFIGURED, Loss.FIELD_CONFIGURATION_NOT_IN_SCHEME)
async def test_what_is_said_of_a_field_or_a_type_that_is_not_there_is_lost(pair: JiraPair) -> None:
    small = await filled(pair)
    before = await pair.source.backup()
    faults = pair.destination.site.faults
    # "Team" is among the fields of the first unit, "Incident" the only type that has to be made.
    for path in ("/field$", "/issuetype$"):
        faults.plan(FaultKind.MISSING, path, method="POST", times=5)
    tally = await restore(IMPORTER, pair.destination.client, before)
    reasons = {each.reason for each in tally.findings}
    assert reasons >= {"FIELD_NOT_CONFIGURED", "FIELD_CONFIGURATION_NOT_IN_SCHEME"}
    found = of_configurations(before, await pair.destination.backup())
    assert {one.path.partition(".")[0] for one in found} == {"fields", "mappings"}
    assert all(one.declared for one in found)
    assert small.fields["Team"]


async def test_a_site_without_field_configurations_is_restored_and_says_so(
    pair: JiraPair,
) -> None:
    await filled(pair)
    before = await pair.source.backup()
    faults = pair.destination.site.faults
    faults.plan(FaultKind.MISSING, "/fieldconfiguration", method="POST", times=9)
    faults.plan(FaultKind.MISSING, "/fieldconfiguration", method="GET", times=99)
    tally = await restore(IMPORTER, pair.destination.client, before)
    reasons = {each.reason for each in tally.findings}
    assert reasons >= {"FIELDS_NOT_OPEN", "FIELD_CONFIGURATION_REFUSED"}
    assert await pair.destination.keys("ALFA") == await pair.source.keys("ALFA")


async def test_a_site_without_field_configurations_is_backed_up_and_named(pair: JiraPair) -> None:
    await filled(pair)
    faults = pair.source.site.faults
    faults.plan(FaultKind.MISSING, "/fieldconfiguration", method="GET", times=9)
    backup, tally = await pair.source.backup_and_tally()
    assert backup.count(KIND) == 0
    named = [each.reason for each in tally.findings if each.kind is KIND]
    assert named == ["FIELD_CONFIGURATIONS_NOT_READABLE"] * 2
