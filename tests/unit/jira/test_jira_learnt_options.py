"""Select fields of a single project, whose contexts no request reads: their options."""

from __future__ import annotations

import dataclasses

import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_shared.content.adf import is_list
from sitekeep_shared.kinds import Kind
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.field_contexts import options_of
from sitekeep_simulator.jira.fields import add_option, add_scoped_field
from sitekeep_simulator.jira.objects import JiraObject, ObjectKind
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.product_discovery.projects import add_discovery_project
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import API, STOCK, JiraPair, JiraSide, Json, differences, undeclared
from support.planning import errors_of, pair, reasons_of, restored_despite_lost_answers

__all__ = ["pair"]

KIND = Kind.FIELD_CONTEXT
GOALS, THEMES = 4, 5
"""The places of the select fields among those of a project of ideas."""


async def ideas(pair: JiraPair) -> list[JiraObject]:
    """A project of ideas, one of which has values of its select fields; those fields."""
    pair.share_people()
    jira = Jira(pair.source.site)
    lead = pair.source.site.accounts.page()[0].account_id
    made = add_discovery_project(jira, "IDEA", "Ideen", lead)
    goal, theme = made.fields[GOALS], made.fields[THEMES]
    values: Json = {
        f"customfield_{goal.id}": {"value": "成長 <2>"},
        f"customfield_{theme.id}": [{"value": "Mobile"}, {"value": "Büro & Labor"}],
    }
    await _issue(pair.source, "IDEA", str(made.idea.id), values)
    return [goal, theme]


async def _issue(side: JiraSide, project: str, kind: str, values: Json) -> str:
    fields = {"project": {"key": project}, "issuetype": {"id": kind}, "summary": "Eins"}
    body = {"fields": {**fields, **values}}
    return str((await side.client.post_json(f"{API}/issue", body))["key"])


def of_contexts(before: MemoryBackup, after: MemoryBackup) -> set[tuple[str, bool]]:
    found = differences(before, after)
    return {(one.path, one.declared) for one in found if one.kind is KIND and one.path != "extra"}


async def _chosen(side: JiraSide, name: str) -> list[str]:
    listed = await side.client.get_json(f"{API}/field")
    fields = (await side.issue("IDEA-1"))["fields"]
    found = [fields[each["id"]] for each in listed if each["name"] == name]
    (value,) = [each for each in found if each is not None]
    return [str(each["value"]) for each in (value if is_list(value) else [value])]


async def test_options_and_values_come_back_into_fields_for_all_projects(pair: JiraPair) -> None:
    await ideas(pair)
    before, read = await pair.source.backup_and_tally()
    assert not [each for each in read.findings if each.kind is KIND]
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    assert of_contexts(before, after) == set()
    assert await _chosen(pair.destination, "Ziel") == ["成長 <2>"]
    assert await _chosen(pair.destination, "Themen & „mehr“") == ["Mobile", "Büro & Labor"]


async def test_one_request_more_than_types_is_asked_and_none_without_such_fields(
    pair: JiraPair,
) -> None:
    asked = "/createmeta/"
    seen = pair.source.site.faults.plan(FaultKind.DELAY, asked, times=99)
    await pair.source.backup()
    assert seen.fired == 0
    await ideas(pair)
    await pair.source.backup()
    assert seen.fired == 2


@pytest.mark.shows_loss(KIND, "options")
@pytest.mark.shows_loss(Loss.OPTION_NOT_OFFERED)
async def test_a_project_made_by_hand_takes_the_options_that_it_offers_itself(
    pair: JiraPair,
) -> None:
    await ideas(pair)
    before = await pair.source.backup()
    jira = Jira(pair.destination.site)
    lead = pair.destination.site.accounts.page()[0].account_id
    made = add_discovery_project(jira, "IDEA", "By hand", lead)
    (_, gone) = options_of(jira, made.fields[THEMES])
    jira.objects.remove(gone)
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    assert reasons_of(tally)["OPTION_NOT_OFFERED"] == 1
    after = await pair.destination.backup()
    assert of_contexts(before, after) == {("options", True)}
    value = (await pair.destination.issue("IDEA-1"))["fields"]
    assert value[f"customfield_{made.fields[GOALS].id}"]["value"] == "成長 <2>"
    themes = value[f"customfield_{made.fields[THEMES].id}"]
    assert [each["value"] for each in themes] == ["Mobile"]


async def test_fields_of_a_team_managed_project_come_with_options_below_others(
    pair: JiraPair,
) -> None:
    pair.share_people()
    jira = Jira(pair.source.site)
    lead = pair.source.site.accounts.page()[0].account_id
    template = "com.pyxis.greenhopper.jira:gh-simplified-agility-kanban"
    body = {"key": "IDEA", "name": "Team", "leadAccountId": lead, "projectTypeKey": "software"}
    project = await pair.source.client.post_json(
        f"{API}/project", {**body, "projectTemplateKey": template}
    )
    kind = f"{STOCK}cascadingselect"
    field = add_scoped_field(jira, "Ort „genau“", kind, int(project["id"]), ["Köln", "東京"])
    context = jira.objects.all(ObjectKind.CONTEXT, field.id)[0]
    first = options_of(jira, field)[0]
    add_option(jira, context, "Süd", parent=first.id)
    types = await pair.source.client.get_json(f"{API}/project/IDEA")
    task = next(each["id"] for each in types["issueTypes"] if each["name"] == "Task")
    value = {"value": "Köln", "child": {"value": "Süd"}}
    await _issue(pair.source, "IDEA", task, {f"customfield_{field.id}": value})
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    assert of_contexts(before, after) == set()
    assert await _chosen(pair.destination, "Ort „genau“") == ["Köln"]


async def test_what_nobody_can_choose_any_more_is_lost_and_named(pair: JiraPair) -> None:
    fields = await ideas(pair)
    jira = Jira(pair.source.site)
    for field, value in zip(fields, ("成長 <2>", "Mobile"), strict=True):
        option = next(each for each in options_of(jira, field) if each.name == value)
        closed = dataclasses.replace(option, body={**option.body, "disabled": True})
        jira.objects.put(closed)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    assert reasons_of(tally)["FIELD_VALUE_NOT_RESTORABLE"] == 2
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    found = {one.path: one.declared for one in differences(before, after) if one.item == "IDEA-1"}
    assert found["custom.Ziel"]
    assert found["custom.Themen & „mehr“"]
    assert await _chosen(pair.destination, "Themen & „mehr“") == ["Büro & Labor"]


async def test_fields_that_creates_do_not_show_are_named(pair: JiraPair) -> None:
    fields = await ideas(pair)
    faults = pair.source.site.faults
    faults.plan(FaultKind.MISSING, "/createmeta/[^/]+/issuetypes/", times=9)
    backup, tally = await pair.source.backup_and_tally()
    named = {each.key for each in tally.findings if each.reason == "FIELD_OPTIONS_NOT_READABLE"}
    assert named == {f"{each.name} (customfield_{each.id})" for each in fields}
    assert not [key for key in backup.payloads(KIND) if key.startswith("createmeta")]


async def test_a_lost_answer_doubles_no_option(pair: JiraPair) -> None:
    await ideas(pair)
    before = await pair.source.backup()
    planned, tally = await restored_despite_lost_answers(pair, before, "POST", "/option$", (0,))
    assert all(fault.fired for fault in planned)
    assert errors_of(tally) == []
    assert undeclared(before, await pair.destination.backup()) == []
