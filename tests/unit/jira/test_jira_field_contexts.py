"""What custom fields are for, with options and default values: there, and back again."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.unit import ImportOptions
from sitekeep_shared.atlassian.errors import AmbiguousWrite
from sitekeep_shared.coverage import MISSING
from sitekeep_shared.kinds import Kind
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.field_contexts import contexts_of
from sitekeep_simulator.jira.fields import SPRINT_TYPE, product_field
from sitekeep_simulator.jira.state import Jira
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import (
    API,
    STOCK,
    JiraPair,
    JiraSide,
    Json,
    SmallSite,
    differences,
    undeclared,
)
from support.planning import errors_of, pair

__all__ = ["pair"]

CONTEXT = f"{API}/field/{{field}}/context"
OPTION = CONTEXT + "/{context}/option"


async def filled(pair: JiraPair) -> SmallSite:
    """A site whose field Team has a second context, for ALFA's bugs, with a default value."""
    small = SmallSite(pair.source)
    await small.fill()
    pair.share_people()
    await _add_context(small)
    return small


async def _add_context(small: SmallSite) -> str:
    client, field = small.side.client, small.fields["Team"]
    project = await client.get_json(f"{API}/project/{{project}}", project="ALFA")
    body: Json = {
        "name": "Nur „Bugs“",
        "description": "Für <ALFA>",
        "projectIds": [str(project["id"])],
        "issueTypeIds": [small.types["Bug"]],
    }
    made = str((await client.post_json(CONTEXT, body, field=field))["id"])
    values = [{"value": "rot", "disabled": False}, {"value": "alt"}, {"value": "blau"}]
    answer = await client.post_json(OPTION, {"options": values}, field=field, context=made)
    red, old, blue = (each["id"] for each in answer["options"])
    moved = {"customFieldOptionIds": [blue], "position": "First"}
    await client.put_json(OPTION + "/move", moved, field=field, context=made)
    edit = {"fields": {field: {"id": old}}}
    await client.put_json(f"{API}/issue/{{issue}}", edit, issue="ALFA-10")
    default = {"type": "option.single", "contextId": made, "optionId": red}
    await client.put_json(CONTEXT + "/defaultValue", {"defaultValues": [default]}, field=field)
    closed = {"options": [{"id": old, "disabled": True}]}
    await client.put_json(OPTION, closed, field=field, context=made)
    return made


def of_contexts(before: MemoryBackup, after: MemoryBackup) -> set[tuple[str, str, bool]]:
    found = differences(before, after)
    kind = Kind.FIELD_CONTEXT
    return {(one.item, one.path, one.declared) for one in found if one.kind is kind}


async def _value(side: JiraSide, key: str, name: str) -> Any:
    listed = await side.client.get_json(f"{API}/field")
    field = next(str(each["id"]) for each in listed if each["name"] == name)
    return (await side.issue(key))["fields"][field]


async def test_contexts_come_back_with_all_that_they_have(pair: JiraPair) -> None:
    await filled(pair)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    after = await pair.destination.backup()
    assert of_contexts(before, after) == set()
    assert undeclared(before, after) == []
    count = tally.of(Kind.FIELD_CONTEXT)
    assert count.expected == count.done == before.count(Kind.FIELD_CONTEXT) > 5
    # An option that is disabled stays what the issue has.
    assert (await _value(pair.destination, "ALFA-10", "Team"))["value"] == "alt"


async def test_a_default_value_fills_no_issue_that_had_none(pair: JiraPair) -> None:
    await filled(pair)
    before = await pair.source.backup()
    await restore(IMPORTER, pair.destination.client, before)
    assert await _value(pair.source, "ALFA-11", "Team") is None
    assert await _value(pair.destination, "ALFA-11", "Team") is None
    # It does fill those that are made afterwards.
    types = await pair.destination.client.get_json(f"{API}/issuetype")
    bug = next(each["id"] for each in types if each["name"] == "Bug")
    fields: Json = {"project": {"key": "ALFA"}, "issuetype": {"id": bug}, "summary": "new"}
    made = await pair.destination.client.post_json(f"{API}/issue", {"fields": fields})
    assert (await _value(pair.destination, made["key"], "Team"))["value"] == "rot"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/field$|/context$|/option$"),
        ("PUT", "/defaultValue$|/option$|/context/[0-9]+$"),
    ],
)
async def test_a_lost_answer_doubles_neither_contexts_nor_options(
    pair: JiraPair, method: str, path: str
) -> None:
    await filled(pair)
    before = await pair.source.backup()
    faults = pair.destination.site.faults
    planned = [
        faults.plan(FaultKind.LOST, path, method=method, times=1, skip=skip) for skip in (0, 2, 4)
    ]
    tally = await restore(
        IMPORTER, pair.destination.client, before, attempts=4, retried=(AmbiguousWrite,)
    )
    assert sum(fault.fired for fault in planned) > 0
    assert errors_of(tally) == []
    assert undeclared(before, await pair.destination.backup()) == []


async def test_two_fields_of_one_name_and_type_stay_two(pair: JiraPair) -> None:
    small = await filled(pair)
    client = pair.source.client
    again = (await client.post_json(f"{API}/field", {"name": "Team", "type": STOCK + "select"}))[
        "id"
    ]
    (context,) = (await client.get_json(CONTEXT, field=again))["values"]
    options = {"options": [{"value": "Anders"}]}
    await client.post_json(OPTION, options, field=again, context=context["id"])
    before = await pair.source.backup()
    assert again != small.fields["Team"]
    await restore(IMPORTER, pair.destination.client, before)
    assert undeclared(before, await pair.destination.backup()) == []


@pytest.mark.shows_loss(Kind.FIELD_CONTEXT, MISSING)
@pytest.mark.shows_loss(Loss.FIELD_CONTEXT_WITHOUT_PROJECTS)
async def test_a_context_for_a_project_that_does_not_come_back_is_for_the_others_or_gone(
    pair: JiraPair,
) -> None:
    small = await filled(pair)
    await small.add_project("BETA", "Project Beta")
    client, field = pair.source.client, small.fields["Effort"]
    (whole,) = (await client.get_json(CONTEXT, field=field))["values"]
    await client.delete(CONTEXT + "/{context}", field=field, context=whole["id"])
    beta = await client.get_json(f"{API}/project/{{project}}", project="BETA")
    body: Json = {"name": "Nur Beta", "projectIds": [str(beta["id"])]}
    await client.post_json(CONTEXT, body, field=field)
    # What is in the trash cannot be read.
    await client.delete(f"{API}/project/{{project}}", project="BETA")
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    reasons = {each.reason for each in tally.findings if each.kind is Kind.FIELD_CONTEXT}
    assert reasons == {"FIELD_CONTEXT_WITHOUT_PROJECTS"}
    after = await pair.destination.backup()
    item = f"Effort ({STOCK}float)/Nur Beta"
    assert of_contexts(before, after) == {(item, MISSING, True)}
    # Above all it did not become one for all projects.
    listed = await pair.destination.client.get_json(f"{API}/field")
    target = next(str(each["id"]) for each in listed if each["name"] == "Effort")
    assert (await pair.destination.client.get_json(CONTEXT, field=target))["values"] == []


@pytest.mark.shows_loss(Kind.FIELD_CONTEXT, "projects")
@pytest.mark.shows_loss(Loss.FIELD_CONTEXT_NARROWED, Loss.FIELD_CONTEXT_SHARED)
async def test_a_field_that_projects_of_the_destination_use_keeps_its_contexts(
    pair: JiraPair,
) -> None:
    small = await filled(pair)
    other = SmallSite(pair.destination)
    await other.configure()
    await other.add_project("OTHER", "Somebody else's")
    default = {"type": "float", "number": 7}
    (own,) = (await other.side.client.get_json(CONTEXT, field=other.fields["Effort"]))["values"]
    defaults = {"defaultValues": [{**default, "contextId": own["id"]}]}
    await other.side.client.put_json(
        CONTEXT + "/defaultValue", defaults, field=other.fields["Effort"]
    )
    (theirs,) = (await other.side.client.get_json(CONTEXT, field=other.fields["Team"]))["values"]
    one = CONTEXT + "/{context}"
    await other.side.client.put_json(
        one, {"name": "Ihre"}, context=theirs["id"], field=other.fields["Team"]
    )
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    found = (await other.side.client.get_json(CONTEXT, field=other.fields["Effort"]))["values"]
    assert own in found
    after = await pair.destination.backup()
    narrowed = {item.partition(" (")[0] for item, _, _ in of_contexts(before, after)}
    # Those of "Notes" and "Buddy" are the same on both sites.
    assert narrowed == {"Team", "Platforms", "Effort"} < set(small.fields)
    paths = {path for _, path, _ in of_contexts(before, after)}
    assert paths == {"projects", "extra", MISSING}
    assert all(declared for _, _, declared in of_contexts(before, after))
    # ALFA has a context of "Team" for its bugs; its other issues use the destination's.
    assert (await _value(pair.destination, "ALFA-9", "Team"))["value"] == "Team B"
    for key in ("ALFA-1", "ALFA-2"):
        assert await _value(pair.destination, key, "Effort") is None


@pytest.mark.shows_loss(Loss.FIELD_DEFAULT_NOT_RESTORABLE)
async def test_a_default_person_who_is_not_at_the_destination_is_named(pair: JiraPair) -> None:
    small = SmallSite(pair.source)
    await small.fill()
    field, gone = small.fields["Buddy"], small.people[3].account_id
    (context,) = (await pair.source.client.get_json(CONTEXT, field=field))["values"]
    default: Json = {"type": "single.user.select", "accountId": gone}
    filtered = {"enabled": True, "groups": ["builders"], "roleIds": [int(small.role)]}
    default |= {"contextId": context["id"], "userFilter": filtered}
    await pair.source.client.put_json(
        CONTEXT + "/defaultValue", {"defaultValues": [default]}, field=field
    )
    before = await pair.source.backup()
    pair.destination.site.accounts.add_many(small.people[:3])
    await pair.destination.client.post(f"{API}/group", {"name": "builders"})
    nobody = ImportOptions(skip_users_and_groups=True)
    tally = await restore(IMPORTER, pair.destination.client, before, options=nobody)
    assert "FIELD_DEFAULT_NOT_RESTORABLE" in {each.reason for each in tally.findings}
    after = await pair.destination.backup()
    item = f"Buddy ({STOCK}userpicker)/Default Configuration Scheme for Buddy"
    among = {
        (item, f"default.among {each} for user/{gone}", True)
        for each in ("group/builders", "role/Entwickler")
    }
    assert of_contexts(before, after) == {(item, f"default.user/{gone}", True), *among}


async def test_a_field_in_the_trash_is_named(pair: JiraPair) -> None:
    small = await filled(pair)
    await pair.source.client.post(f"{API}/field/{{id}}/trash", None, id=small.fields["Notes"])
    _, tally = await pair.source.backup_and_tally()
    named = [(each.key, each.reason) for each in tally.findings if each.kind is Kind.FIELD]
    assert named == [(small.fields["Notes"], "FIELD_IN_TRASH")]


async def test_contexts_that_are_closed_to_the_account_are_named(pair: JiraPair) -> None:
    await filled(pair)
    pair.source.site.faults.plan(FaultKind.MISSING, "/context$", times=1)
    backup, tally = await pair.source.backup_and_tally()
    reasons = [each.reason for each in tally.findings if each.kind is Kind.FIELD_CONTEXT]
    assert reasons == ["FIELD_CONTEXTS_NOT_READABLE"]
    assert backup.count(Kind.FIELD_CONTEXT) > 3


async def _set_default(small: SmallSite, field: str, value: Json) -> str:
    """Gives the only context of a field a default value; the name of that context."""
    client = small.side.client
    (context,) = (await client.get_json(CONTEXT, field=field))["values"]
    body = {"defaultValues": [{**value, "contextId": context["id"]}]}
    await client.put_json(CONTEXT + "/defaultValue", body, field=field)
    return str(context["name"])


async def _new_field(small: SmallSite, kind: str) -> str:
    body = {"name": f"A {kind}", "type": STOCK + kind}
    return str((await small.side.client.post_json(f"{API}/field", body))["id"])


@pytest.mark.shows_loss(Kind.FIELD_CONTEXT, "default.project/*", "default.group/*")
@pytest.mark.shows_loss(Kind.FIELD_CONTEXT, "default.version/*")
async def test_a_default_project_version_or_group_that_is_not_there_is_lost(
    pair: JiraPair,
) -> None:
    small = SmallSite(pair.source)
    await small.fill()
    await small.add_project("BETA", "Project Beta")
    client = pair.source.client
    beta = await client.get_json(f"{API}/project/{{project}}", project="BETA")
    group = pair.source.site.accounts.group(name="builders")
    assert group is not None
    project_default = {"type": "project", "projectId": str(beta["id"])}
    await _set_default(small, await _new_field(small, "project"), project_default)
    group_default = {"type": "grouppicker.single", "groupId": group.group_id}
    await _set_default(small, await _new_field(small, "grouppicker"), group_default)
    version = beta["versions"][0]
    version_default = {"type": "version.single", "versionId": str(version["id"])}
    await _set_default(small, await _new_field(small, "version"), version_default)
    # What is in the trash cannot be read.
    await client.delete(f"{API}/project/{{project}}", project="BETA")
    before = await pair.source.backup()
    nobody = ImportOptions(skip_users_and_groups=True)
    await restore(IMPORTER, pair.destination.client, before, options=nobody)
    after = await pair.destination.backup()
    found = {(path, declared) for _, path, declared in of_contexts(before, after)}
    assert found == {
        (f"default.project/unknown project {beta['id']}", True),
        (f"default.version/unknown version {version['id']}", True),
        ("default.group/builders", True),
    }


@pytest.mark.shows_loss(Kind.FIELD_CONTEXT, "issueTypes")
async def test_a_context_is_for_those_of_its_issue_types_that_are_there(pair: JiraPair) -> None:
    small = await filled(pair)
    field = await _new_field(small, "textfield")
    (whole,) = (await pair.source.client.get_json(CONTEXT, field=field))["values"]
    await pair.source.client.delete(CONTEXT + "/{context}", field=field, context=whole["id"])
    types = [small.types["Bug"], small.types["Incident"]]
    await pair.source.client.post_json(CONTEXT, {"name": "Two", "issueTypeIds": types}, field=field)
    before = await pair.source.backup()
    pair.destination.site.faults.plan(FaultKind.MISSING, "/issuetype$", method="POST", times=1)
    await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    item = f"A textfield ({STOCK}textfield)/Two"
    assert of_contexts(before, after) == {(item, "issueTypes.Incident", True)}


@pytest.mark.shows_loss(Kind.FIELD_CONTEXT, MISSING)
@pytest.mark.shows_loss(Loss.FIELD_CONTEXT_OF_AN_APP)
async def test_a_context_of_a_field_that_the_product_keeps_is_named(pair: JiraPair) -> None:
    await filled(pair)
    jira = Jira(pair.source.site)
    sprint = product_field(jira, SPRINT_TYPE)
    (context,) = contexts_of(jira, sprint)
    jira.objects.put(dataclasses.replace(context, name="Mine"))
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    after = await pair.destination.backup()
    found = of_contexts(before, after)
    assert {path for _, path, _ in found} == {MISSING, "extra"}
    assert all(declared for _, _, declared in found)
