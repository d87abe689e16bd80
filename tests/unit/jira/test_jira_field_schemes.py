"""Field schemes, which newer sites have instead of field configurations: there and back again."""

from __future__ import annotations

from typing import Any

import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.open_screens import NAME
from sitekeep_shared.atlassian.errors import SiteRefused
from sitekeep_shared.content.field_configurations import FIELD_SCHEME
from sitekeep_shared.coverage import MISSING
from sitekeep_shared.kinds import Kind
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.field_schemes import DEFAULT_FIELD_SCHEME, use_field_schemes
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.state import Jira
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import API, JiraPair, JiraSide, Json, SmallSite, differences, undeclared
from support.planning import errors_of, pair, reasons_of, undoubled

__all__ = ["pair"]

SCHEMES = f"{API}/config/fieldschemes"
KIND = Kind.FIELD_CONFIGURATION


async def filled(pair: JiraPair, *newer: JiraSide) -> SmallSite:
    """A site most of whose issues would not pass its own field schemes any more."""
    for side in newer or pair.sides:
        use_field_schemes(Jira(side.site))
    small = SmallSite(pair.source)
    await small.fill()
    pair.share_people()
    if pair.source in (newer or pair.sides):
        await add_schemes(small)
    return small


async def add_schemes(small: SmallSite) -> None:
    client = small.side.client
    strict = await _scheme(small, "Streng & „genau“")
    spare = await _scheme(small, "Für <niemand>")
    incident = int(small.types["Incident"])
    fields: Json = {
        "duedate": [{"schemeIds": [strict, spare]}],
        "description": [{"schemeIds": [strict], "restrictedToWorkTypes": [incident]}],
        small.fields["Buddy"]: [{"schemeIds": [strict]}],
        small.fields["Team"]: [{"schemeIds": [spare], "restrictedToWorkTypes": [incident]}],
    }
    await client.put_json(f"{SCHEMES}/fields", fields)
    own = {"workTypeId": incident, "isRequired": False, "description": "Nur „hier“"}
    parameters: Json = {
        "duedate": [
            {
                "schemeIds": [strict],
                "parameters": {"isRequired": True, "description": "Bis „wann“?"},
                "workTypeParameters": [own],
            }
        ],
        small.fields["Buddy"]: [{"schemeIds": [strict], "parameters": {"isRequired": True}}],
    }
    await client.put_json(f"{SCHEMES}/fields/parameters", parameters)
    default = await _default(small.side)
    await client.delete(f"{SCHEMES}/fields", body={"environment": {"schemeIds": [default]}})
    project = await client.get_json(f"{API}/project/{{project}}", project="ALFA")
    await client.put_json(
        f"{SCHEMES}/projects", {str(strict): {"projectIds": [int(project["id"])]}}
    )


async def _scheme(small: SmallSite, name: str) -> int:
    body = {"name": name, "description": f"{name}."}
    return int((await small.side.client.post_json(SCHEMES, body))["id"])


async def _default(side: JiraSide) -> int:
    listed = (await side.client.get_json(SCHEMES))["values"]
    return next(int(each["id"]) for each in listed if each["isDefault"])


async def _names(side: JiraSide) -> set[str]:
    return {str(each["name"]) for each in (await side.client.get_json(SCHEMES))["values"]}


def of_schemes(before: MemoryBackup, after: MemoryBackup) -> list[Any]:
    return [one for one in differences(before, after) if one.kind is KIND]


async def test_field_schemes_come_back_and_ours_is_gone(pair: JiraPair) -> None:
    await filled(pair)
    before, read = await pair.source.backup_and_tally()
    assert [each for each in read.findings if each.kind is KIND] == []
    assert before.count(KIND) == 3
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    assert of_schemes(before, after) == []
    assert tally.of(KIND).done == tally.of(KIND).expected == 3
    assert await _names(pair.destination) == await _names(pair.source)
    assert NAME not in await _names(pair.destination)


async def test_no_field_is_required_or_gone_until_all_is_written(pair: JiraPair) -> None:
    await filled(pair)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert "FIELD_REFUSED" not in {each.reason for each in tally.findings}
    for side in pair.sides:
        assert (await side.issue("ALFA-1"))["fields"]["labels"] == ["a", "b"]
        # What the issues have, nobody could write once the project has its own scheme.
        for fields in ({"labels": ["c"]}, {"duedate": None}):
            with pytest.raises(SiteRefused):
                await side.client.put_json(
                    f"{API}/issue/{{issue}}", {"fields": fields}, issue="ALFA-1"
                )


@pytest.mark.parametrize(
    ("method", "path", "skips"),
    [
        ("POST", "/config/fieldschemes$", (0, 1)),
        ("PUT", "/fieldschemes/fields", (0, 2)),
        ("PUT", "/fieldschemes/projects$", (0,)),
        ("DELETE", "/fieldschemes/fields$", (0,)),
        ("DELETE", "/fieldschemes/[0-9]+$", (0,)),
    ],
)
async def test_a_lost_answer_doubles_no_field_scheme(
    pair: JiraPair, method: str, path: str, skips: tuple[int, ...]
) -> None:
    await filled(pair)
    planned = await undoubled(pair, method, path, skips, _names)
    assert all(fault.fired for fault in planned)


async def test_schemes_that_projects_of_the_destination_use_stay_beside_the_restored_ones(
    pair: JiraPair,
) -> None:
    await filled(pair)
    other = SmallSite(pair.destination)
    await other.configure()
    await other.add_project("OTHER", "Somebody else's")
    made = await _scheme(other, "Streng & „genau“")
    assert made
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    names = await _names(pair.destination)
    for name in ("Streng & „genau“", DEFAULT_FIELD_SCHEME):
        assert {name, f"{name} (restored)"} <= names
    found = of_schemes(before, await pair.destination.backup())
    assert {(one.path, one.declared) for one in found} == {("extra", True)}


@pytest.mark.shows_loss(KIND, "fields.*")
@pytest.mark.shows_loss(Loss.FIELD_NOT_IN_SCHEME)
async def test_what_a_scheme_says_of_a_field_or_a_type_that_is_not_there_is_lost(
    pair: JiraPair,
) -> None:
    await filled(pair)
    before = await pair.source.backup()
    faults = pair.destination.site.faults
    # "Team" is among the fields of the first unit, "Incident" the only type that has to be made.
    for path in ("/field$", "/issuetype$"):
        faults.plan(FaultKind.MISSING, path, method="POST", times=5)
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert reasons_of(tally)["FIELD_NOT_IN_SCHEME"] > 0
    found = of_schemes(before, await pair.destination.backup())
    assert {one.path.partition(".")[0] for one in found} == {"fields"}
    assert {one.path for one in found} >= {"fields.description", "fields.duedate.types"}
    assert all(one.declared for one in found)


@pytest.mark.shows_loss(KIND, MISSING)
@pytest.mark.shows_loss(Kind.PROJECT, "fieldConfigurationScheme")
@pytest.mark.shows_loss(Loss.FIELDS_OF_ANOTHER_GENERATION)
async def test_field_schemes_are_lost_where_the_destination_has_none(pair: JiraPair) -> None:
    await filled(pair, pair.source)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    assert tally.of(KIND).missing == before.count(KIND) == 3
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    lost = {one.item for one in of_schemes(before, after) if one.path == MISSING}
    assert len(lost) == 3
    assert all(each.startswith(FIELD_SCHEME) for each in lost)
    assert await pair.destination.keys("ALFA") == await pair.source.keys("ALFA")


async def _configure(small: SmallSite) -> None:
    """Field configurations: strict ones for ALFA, but not for incidents, and a changed default."""
    client = small.side.client
    configurations, schemes = f"{API}/fieldconfiguration", f"{API}/fieldconfigurationscheme"
    default = str((await client.get_json(configurations))["values"][0]["id"])
    made = {"": default}
    for name in ("Streng & „genau“", "Für <Incidents>"):
        body = {"name": name, "description": "d"}
        made[name] = str((await client.post_json(configurations, body))["id"])
    said: dict[str, list[Json]] = {
        "": [{"id": "assignee", "isRequired": True}, {"id": "components", "isHidden": True}],
        "Streng & „genau“": [
            {"id": "duedate", "isRequired": True, "description": "Bis „wann“?"},
            {"id": "labels", "isHidden": True},
            {"id": "versions", "isHidden": True},
            {"id": "description", "renderer": "text-renderer"},
        ],
        "Für <Incidents>": [
            {"id": "environment", "isHidden": True},
            {"id": "versions", "isHidden": True},
        ],
    }
    for name, items in said.items():
        changes = {"fieldConfigurationItems": items}
        await client.put_json(f"{configurations}/{{id}}/fields", changes, id=made[name])
    body = {"name": "Je „Typ“", "description": "d"}
    scheme = str((await client.post_json(schemes, body))["id"])
    mappings = [
        {"issueTypeId": "default", "fieldConfigurationId": made["Streng & „genau“"]},
        {
            "issueTypeId": small.types["Incident"],
            "fieldConfigurationId": made["Für <Incidents>"],
        },
    ]
    await client.put_json(f"{schemes}/{{id}}/mapping", {"mappings": mappings}, id=scheme)
    project = await client.get_json(f"{API}/project/{{project}}", project="ALFA")
    assign = {"fieldConfigurationSchemeId": scheme, "projectId": str(project["id"])}
    await client.put_json(f"{schemes}/project", assign)


@pytest.mark.shows_loss(Loss.FIELD_CONFIGURATIONS_BECAME_SCHEMES)
async def test_field_configurations_become_field_schemes_where_the_destination_has_those(
    pair: JiraPair,
) -> None:
    small = await filled(pair, pair.destination)
    await _configure(small)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    count = tally.of(KIND)
    assert count.expected == count.done == count.lossy == before.count(KIND) == 4
    assert undeclared(before, await pair.destination.backup()) == []
    client = pair.destination.client
    types = {str(e["name"]): str(e["id"]) for e in await client.get_json(f"{API}/issuetype")}
    incident = types.pop("Incident")
    listed = (await client.get_json(SCHEMES))["values"]
    assert {each["name"] for each in listed} == {DEFAULT_FIELD_SCHEME, "Je „Typ“"}
    fields: dict[str, Json] = {}
    for each in listed:
        page = await client.get_json(
            SCHEMES + "/{scheme}/fields", [("maxResults", "100")], scheme=str(each["id"])
        )
        fields |= {f"{each['isDefault']} {e['fieldId']}": e for e in page["values"]}
    assert fields["True assignee"]["parameters"]["isRequired"] is True
    assert "True components" not in fields
    date = fields["False duedate"]
    assert date["parameters"] == {"isRequired": True, "description": "Bis „wann“?"}
    assert date["workTypeParameters"] == [
        {"workTypeId": incident, "isRequired": False, "description": ""}
    ]
    assert fields["False labels"]["restrictedToWorkTypes"] == [incident]
    assert set(fields["False environment"]["restrictedToWorkTypes"]) == set(types.values())
    assert "False versions" not in fields
    # It is in force, on both sites alike.
    change: Json = {"fields": {"duedate": None}}
    for side in pair.sides:
        with pytest.raises(SiteRefused):
            await side.client.put_json(f"{API}/issue/{{issue}}", change, issue="ALFA-1")


async def test_a_site_that_hides_its_old_configurations_behind_field_schemes_is_whole(
    pair: JiraPair,
) -> None:
    await filled(pair, pair.source)
    pair.source.site.faults.plan(FaultKind.MISSING, "/fieldconfiguration", method="GET", times=9)
    backup, tally = await pair.source.backup_and_tally()
    assert backup.count(KIND) == 3
    assert [each for each in tally.findings if each.kind is KIND] == []


async def test_a_generated_site_of_the_newer_generation_comes_back(pair: JiraPair) -> None:
    for side in pair.sides:
        use_field_schemes(Jira(side.site))
    generate(pair.source.site, seed=5, issues=40)
    pair.share_people()
    before = await pair.source.backup()
    assert before.count(KIND) == 3
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    after = await pair.destination.backup()
    assert [one for one in undeclared(before, after) if one.kind in (KIND, Kind.PROJECT)] == []
