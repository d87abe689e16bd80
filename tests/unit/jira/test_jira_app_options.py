"""Select fields of apps: their options and what issues have chosen, where the app is there."""

from __future__ import annotations

import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_shared.kinds import Kind
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.app_fields import (
    KIND,
    NOT_SELECTABLE,
    add_app_field,
    add_app_option,
)
from sitekeep_simulator.jira.objects import JiraObject
from sitekeep_simulator.jira.state import Jira
from support.confluence_fakes import restore
from support.jira_fakes import API, JiraPair, JiraSide, Json, SmallSite, differences, undeclared
from support.planning import errors_of, pair, reasons_of, restored_despite_lost_answers

__all__ = ["pair"]

KEYS = ("com.example.teams__team", "com.example.teams__skills")
CONTEXT = Kind.FIELD_CONTEXT


def bring(side: JiraSide) -> list[JiraObject]:
    """The app comes to a site with a field of one choice and a field of several."""
    jira = Jira(side.site)
    return [
        add_app_field(jira, "Team „gut“", KEYS[0]),
        add_app_field(jira, "Können & <mehr>", KEYS[1], many=True),
    ]


async def filled(pair: JiraPair) -> list[JiraObject]:
    """A site whose issues have options of an app, one of which nobody can choose any more."""
    small = SmallSite(pair.source)
    await small.fill()
    await small.add_project("BETA", "Project Beta")
    pair.share_people()
    jira, fields = Jira(pair.source.site), bring(pair.source)
    client = pair.source.client
    (alfa, beta) = [
        int((await client.get_json(f"{API}/project/{{key}}", key=key))["id"])
        for key in ("ALFA", "BETA")
    ]
    scope = {"projects2": [{"id": alfa}, {"id": beta, "attributes": [NOT_SELECTABLE]}]}
    red = {"properties": {"größe": "„XL“", "list": [1, None]}, "config": {"scope": scope}}
    for value in ("rot", "grün"):
        add_app_option(jira, fields[0], value, red if value == "rot" else None)
    for value in ("二", "一", "rot"):
        add_app_option(jira, fields[1], value)
    await _choose(pair.source, fields, {"id": "1"}, [{"id": "2"}, {"id": "3"}])
    old = jira.objects.all(KIND, fields[0].id)[1]
    closed = {"scope": {"global": {"attributes": [NOT_SELECTABLE]}}}
    body: Json = {"id": 2, "value": old.name, "config": closed}
    await _choose(pair.source, fields, {"id": "2"}, [{"id": "1"}], "ALFA-9")
    await client.put_json(f"{API}/field/{{key}}/option/{{id}}", body, key=KEYS[0], id="2")
    return fields


async def _choose(
    side: JiraSide, fields: list[JiraObject], one: Json, many: list[Json], issue: str = "ALFA-1"
) -> None:
    values = {f"customfield_{fields[0].id}": one, f"customfield_{fields[1].id}": many}
    await side.client.put_json(f"{API}/issue/{{issue}}", {"fields": values}, issue=issue)


async def test_options_come_back_with_what_issues_chose(pair: JiraPair) -> None:
    await filled(pair)
    fields = bring(pair.destination)
    before, read = await pair.source.backup_and_tally()
    assert not [each for each in read.findings if each.kind is CONTEXT]
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    assert not [one for one in differences(before, after) if one.path.startswith("ofApp")]
    found = (await pair.destination.issue("ALFA-9"))["fields"]
    assert found[f"customfield_{fields[0].id}"]["value"] == "grün"
    found = (await pair.destination.issue("ALFA-1"))["fields"]
    chosen = [each["value"] for each in found[f"customfield_{fields[1].id}"]]
    assert chosen == ["一", "rot"]


@pytest.mark.shows_loss(CONTEXT, "ofApp")
@pytest.mark.shows_loss(Loss.APP_OPTION_KEPT)
async def test_an_option_that_the_app_has_made_itself_stays_and_is_taken(pair: JiraPair) -> None:
    await filled(pair)
    jira, fields = Jira(pair.destination.site), bring(pair.destination)
    add_app_option(jira, fields[0], "blau")
    add_app_option(jira, fields[0], "rot", {"properties": {"own": True}})
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    assert reasons_of(tally)["APP_OPTION_KEPT"] == 1
    found = (await pair.destination.issue("ALFA-1"))["fields"]
    assert found[f"customfield_{fields[0].id}"]["value"] == "rot"
    options = [each.name for each in jira.objects.all(KIND, fields[0].id)]
    assert options == ["blau", "rot", "grün"]
    after = await pair.destination.backup()
    paths = {one.path for one in differences(before, after) if one.kind is CONTEXT}
    assert any(path.startswith("ofApp.") for path in paths)


async def test_without_the_app_its_options_are_lost_with_the_field(pair: JiraPair) -> None:
    await filled(pair)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    assert undeclared(before, await pair.destination.backup()) == []


async def test_a_lost_answer_doubles_no_option_of_an_app(pair: JiraPair) -> None:
    await filled(pair)
    jira, fields = Jira(pair.destination.site), bring(pair.destination)
    before = await pair.source.backup()
    path = "/field/com.example.teams__[a-z]+/option$"
    planned, tally = await restored_despite_lost_answers(pair, before, "POST", path, (0,))
    assert all(fault.fired for fault in planned)
    assert errors_of(tally) == []
    names = [[each.name for each in jira.objects.all(KIND, field.id)] for field in fields]
    assert names == [["rot", "grün"], ["二", "一", "rot"]]


async def test_options_that_the_account_may_not_read_are_named(pair: JiraPair) -> None:
    await filled(pair)
    path = "/field/com.example.teams__team/option$"
    pair.source.site.faults.plan(FaultKind.FORBIDDEN, path, times=1)
    _, tally = await pair.source.backup_and_tally()
    assert [each.reason for each in tally.findings] == ["FIELD_OPTIONS_NOT_READABLE"]
