"""Screens and their schemes: there, and back again, and in nobody's way meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.jira.open_screens import CREATE, NAME
from sitekeep_shared.atlassian.errors import SiteRefused
from sitekeep_shared.coverage import MISSING
from sitekeep_shared.kinds import Kind
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.screens import add_screen
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.product_discovery.projects import add_discovery_project
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

SCREENS = f"{API}/screens"
TYPED = f"{API}/issuetypescreenscheme"
KINDS = (Kind.SCREEN, Kind.SCREEN_SCHEME, Kind.ISSUE_TYPE_SCREEN_SCHEME)


async def filled(pair: JiraPair) -> SmallSite:
    """A site whose project has screens of its own, on which hardly anything can be set."""
    small = SmallSite(pair.source)
    await small.fill()
    pair.share_people()
    await add_screens(small)
    return small


async def add_screens(small: SmallSite) -> None:
    brief = await _screen(small, "Kurz & „gut“", {"Nur": ["summary", "issuetype"]})
    fields = ["labels", small.fields["Team"], "summary", small.fields["Notes"]]
    whole = await _screen(small, "Lang <ja>", {"Zwei": fields[:2], "Eins": fields[2:], "Leer": []})
    client = small.side.client
    body: Json = {"name": "Beide", "screens": {"default": whole, "create": brief, "edit": brief}}
    both = str((await client.post_json(f"{API}/screenscheme", body))["id"])
    body = {"name": "Nur kurz", "description": "d", "screens": {"default": brief}}
    one = str((await client.post_json(f"{API}/screenscheme", body))["id"])
    mappings = [
        {"issueTypeId": "default", "screenSchemeId": both},
        {"issueTypeId": small.types["Bug"], "screenSchemeId": one},
    ]
    body = {"name": "Je „Typ“", "description": "d", "issueTypeMappings": mappings}
    typed = (await client.post_json(TYPED, body))["id"]
    project = await client.get_json(f"{API}/project/{{project}}", project="ALFA")
    assign = {"issueTypeScreenSchemeId": typed, "projectId": str(project["id"])}
    await client.put_json(f"{TYPED}/project", assign)


async def _screen(small: SmallSite, name: str, tabs: dict[str, list[str]]) -> int:
    client = small.side.client
    made = await client.post_json(SCREENS, {"name": name, "description": f"{name}."})
    screen = str(made["id"])
    one = f"{SCREENS}/{{screen}}/tabs"
    (first,) = await client.get_json(one, screen=screen)
    for tab, fields in tabs.items():
        added = await client.post_json(one, {"name": tab}, screen=screen)
        listed = f"{one}/{{tab}}/fields"
        for field in fields:
            body = {"fieldId": field}
            await client.post_json(listed, body, screen=screen, tab=str(added["id"]))
    await client.delete(f"{one}/{{tab}}", screen=screen, tab=str(first["id"]))
    return int(screen)


def of_screens(before: MemoryBackup, after: MemoryBackup) -> list[Any]:
    return [one for one in differences(before, after) if one.kind in KINDS]


async def _names(side: JiraSide) -> set[str]:
    listed: list[Json] = []
    for path in (SCREENS, f"{API}/screenscheme", TYPED):
        listed += (await side.client.get_json(path))["values"]
    return {str(each["name"]) for each in listed}


async def test_screens_and_schemes_come_back_and_ours_are_gone(pair: JiraPair) -> None:
    await filled(pair)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    after = await pair.destination.backup()
    assert of_screens(before, after) == []
    assert undeclared(before, after) == []
    for kind in KINDS:
        assert tally.of(kind).done == tally.of(kind).expected == before.count(kind) >= 2
    assert await _names(pair.destination) == await _names(pair.source)


async def test_screens_stand_in_no_value_s_way_until_all_is_written(pair: JiraPair) -> None:
    await filled(pair)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert "FIELD_REFUSED" not in {each.reason for each in tally.findings}
    edit: Json = {"fields": {"labels": ["new"]}}
    for side in (pair.source, pair.destination):
        # Nothing of what ALFA-9 has is on the edit screen of its project.
        with pytest.raises(SiteRefused, match="appropriate screen"):
            await side.client.put_json(f"{API}/issue/{{issue}}", edit, issue="ALFA-9")
    assert undeclared(before, await pair.destination.backup()) == []


async def test_no_default_value_of_the_destination_fills_a_restored_issue(pair: JiraPair) -> None:
    await filled(pair)
    client = pair.destination.client
    body = {"name": "Ours", "type": "com.atlassian.jira.plugin.system.customfieldtypes:textfield"}
    field = (await client.post_json(f"{API}/field", body))["id"]
    await client.post(f"{SCREENS}/addToDefault/{{field}}", None, field=field)
    contexts = f"{API}/field/{{field}}/context"
    (context,) = (await client.get_json(contexts, field=field))["values"]
    default = {"type": "textfield", "text": "n/a", "contextId": context["id"]}
    await client.put_json(f"{contexts}/defaultValue", {"defaultValues": [default]}, field=field)
    before = await pair.source.backup()
    await restore(IMPORTER, client, before)
    assert (await pair.destination.issue("ALFA-1"))["fields"][field] is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/screens$|/tabs$|/fields$"),
        ("POST", "/screenscheme$|/issuetypescreenscheme$"),
        ("PUT", "/screens/[0-9]+|/mapping|/issuetypescreenscheme/project$"),
        ("DELETE", "/screens/[0-9]+|/screenscheme/[0-9]+|/issuetypescreenscheme/[0-9]+$"),
    ],
)
async def test_a_lost_answer_doubles_no_screen_and_no_scheme(
    pair: JiraPair, method: str, path: str
) -> None:
    await filled(pair)
    planned = await undoubled(pair, method, path, (0, 2), _names)
    assert sum(fault.fired for fault in planned) > 0


async def test_a_site_without_the_bulk_list_of_tabs_is_read_screen_by_screen(
    pair: JiraPair,
) -> None:
    await filled(pair)
    whole = await pair.source.backup()
    fault = pair.source.site.faults.plan(FaultKind.MISSING, "/screens/tabs$", times=1)
    alone = await pair.source.backup()
    assert fault.fired
    screens = [
        [(entry.key, entry.attributes) async for entry in backup.entries(Kind.SCREEN)]
        for backup in (whole, alone)
    ]
    assert screens[0] == screens[1]


@pytest.mark.shows_loss(Kind.SCREEN_SCHEME)
@pytest.mark.shows_loss(Kind.ISSUE_TYPE_SCREEN_SCHEME)
async def test_screens_that_projects_of_the_destination_use_stay_beside_the_restored_ones(
    pair: JiraPair,
) -> None:
    await filled(pair)
    other = SmallSite(pair.destination)
    await other.configure()
    await other.add_project("OTHER", "Somebody else's")
    own = await _screen(other, "Lang <ja>", {"Fremd": ["summary"]})
    body: Json = {"name": "Beide", "screens": {"default": own}}
    scheme = (await other.side.client.post_json(f"{API}/screenscheme", body))["id"]
    mapping = {"issueTypeId": "default", "screenSchemeId": str(scheme)}
    body = {"name": "Je „Typ“", "issueTypeMappings": [mapping]}
    await other.side.client.post_json(TYPED, body)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    names = await _names(pair.destination)
    assert names > {"Lang <ja>", "Lang <ja> (restored)", "Beide (restored)", "Je „Typ“ (restored)"}
    after = await pair.destination.backup()
    found = of_screens(before, after)
    assert {(one.path, one.declared) for one in found} == {("extra", True)}
    assert not {NAME, CREATE} & names


@pytest.mark.shows_loss(Kind.SCREEN, "tabs.*.fields")
@pytest.mark.shows_loss(Loss.SCREEN_FIELD_NOT_RESTORED)
async def test_a_field_that_is_not_at_the_destination_is_on_no_screen(pair: JiraPair) -> None:
    await filled(pair)
    before = await pair.source.backup()
    pair.destination.site.faults.plan(FaultKind.MISSING, "/field$", method="POST", times=1)
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert "SCREEN_FIELD_NOT_RESTORED" in {each.reason for each in tally.findings}
    found = of_screens(before, await pair.destination.backup())
    assert found != []
    assert {one.declared for one in found} == {True}


@pytest.mark.shows_loss(Loss.SCREEN_NOT_IN_SCHEME)
async def test_a_scheme_whose_screen_was_refused_uses_its_default(pair: JiraPair) -> None:
    await filled(pair)
    before = await pair.source.backup()
    pair.destination.site.faults.plan(FaultKind.MISSING, "/screens$", method="POST", times=1)
    tally = await restore(IMPORTER, pair.destination.client, before)
    reasons = {each.reason for each in tally.findings}
    assert reasons >= {"SCREEN_REFUSED", "SCREEN_NOT_IN_SCHEME"}


@pytest.mark.shows_loss(Kind.PROJECT, "screenScheme")
@pytest.mark.shows_loss(Loss.SCREENS_BY_DEFAULT)
async def test_a_project_without_screens_gets_the_default_ones(pair: JiraPair) -> None:
    await filled(pair)
    stored = await pair.source.backup()
    before = MemoryBackup(stored.site_uri)
    for kind in Kind:
        if kind is not Kind.ISSUE_TYPE_SCREEN_SCHEME:
            records = [(e, await stored.read(e)) async for e in stored.entries(kind)]
            before.add(kind.value, records)
    await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    found = [one for one in differences(before, after) if one.kind is Kind.PROJECT]
    assert [(one.path, one.declared) for one in found] == [("screenScheme", True)]
    assert undeclared(before, after) == []


async def test_a_site_that_takes_no_screens_of_ours_says_so(pair: JiraPair) -> None:
    await filled(pair)
    before = await pair.source.backup()
    faults = pair.destination.site.faults
    faults.plan(FaultKind.MISSING, "/availableFields$", times=1)
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert "SCREENS_NOT_OPEN" in {each.reason for each in tally.findings}


@pytest.mark.shows_loss(Kind.SCREEN, MISSING)
@pytest.mark.shows_loss(Loss.SCREEN_OF_TEAM_MANAGED_PROJECT)
async def test_a_screen_of_a_single_project_is_backed_up_and_named_by_a_restore(
    pair: JiraPair,
) -> None:
    pair.share_people()
    jira = Jira(pair.source.site)
    lead = pair.source.site.accounts.page()[0].account_id
    for key in ("ONE", "TWO"):
        made = add_discovery_project(jira, key, f"Ideas of {key}", lead)
        add_screen(jira, "Gleich", {"Nur": ["summary"]}, project_id=made.project.id)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    assert tally.of(Kind.SCREEN).missing == 4
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    lost = {one.item for one in of_screens(before, after) if one.path == MISSING}
    named = {f"{key}/{key}: Ideen „alle“" for key in ("ONE", "TWO")}
    assert lost == {"ONE/Gleich", "TWO/Gleich", *named}
    names = {each["name"] for each in (await pair.destination.client.get_json(SCREENS))["values"]}
    assert "Gleich" not in names
