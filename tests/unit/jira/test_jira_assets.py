"""Assets: schemas, statuses, types, objects and the issues that name them, both ways."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from sitekeep_restore.importers.assets.tree import parents_first
from sitekeep_restore.importers.jira import IMPORTER
from sitekeep_restore.importers.jira.emptiness import find_content
from sitekeep_restore.importers.jira.losses import Loss
from sitekeep_restore.importers.unit import ImportOptions
from sitekeep_shared.atlassian.errors import AmbiguousWrite
from sitekeep_shared.coverage import MISSING
from sitekeep_shared.kinds import Kind
from sitekeep_simulator.assets.attributes import add_attribute
from sitekeep_simulator.assets.objects import add_object
from sitekeep_simulator.assets.schemas import add_schema
from sitekeep_simulator.assets.state import Assets
from sitekeep_simulator.assets.types import add_type
from sitekeep_simulator.faults import FaultKind
from sitekeep_simulator.jira.fields import ASSETS_TYPE, add_product_field
from sitekeep_simulator.jira.generator import generate
from sitekeep_simulator.jira.objects import JiraObject, ObjectKind
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.site import SimulatedSite
from support.confluence_fakes import MemoryBackup, restore
from support.jira_fakes import JiraPair, JiraSide, Json, jira_pair, undeclared
from support.planning import declared, errors_of, pair, reasons_of

__all__ = ["pair"]

KINDS = (Kind.ASSET_SCHEMA, Kind.ASSET_STATUS, Kind.ASSET_OBJECT_TYPE, Kind.ASSET_OBJECT)
BEHIND = "/ex/jira/{cloudId}/jsm/assets/workspace/{workspaceId}/v1"


def assets_of(side: JiraSide) -> Assets:
    return Assets(Jira(side.site))


def all_of(side: JiraSide, kind: ObjectKind) -> list[JiraObject]:
    return assets_of(side).all(kind)


async def generated(pair: JiraPair) -> MemoryBackup:
    generate(pair.source.site, seed=2, issues=10)
    pair.share_people()
    return await pair.source.backup()


async def test_a_site_without_assets_is_asked_once(pair: JiraPair) -> None:
    assets_of(pair.source).take_away()
    pair.source.site.request_log.clear()
    backup, tally = await pair.source.backup_and_tally()
    asked = [each["template"] for each in pair.source.site.request_log.to_json()["requests"]]
    assert "/rest/servicedeskapi/assets/workspace" in asked
    assert not [each for each in asked if each.startswith(("/ex/", "/_edge"))]
    assert all(backup.count(kind) == 0 for kind in KINDS)
    assert not [each for each in tally.findings if each.kind in KINDS]


async def test_everything_is_stored_with_few_requests(pair: JiraPair) -> None:
    generate(pair.source.site, seed=2, issues=10)
    pair.source.site.request_log.clear()
    backup, tally = await pair.source.backup_and_tally()
    assert [backup.count(kind) for kind in KINDS] == [3, 3, 4, 9]
    assert all(tally.of(kind).done == tally.of(kind).expected for kind in KINDS)
    log = pair.source.site.request_log
    asked = [each for each in log.to_json()["requests"] if each["template"].startswith(BEHIND)]
    # A list of schemas; statuses for all and of each; types, objects and their count of each.
    assert sum(each["count"] for each in asked) == 1 + (1 + 3) + (3 + 4) + 3 + 3


async def test_objects_come_page_by_page(pair: JiraPair) -> None:
    generate(pair.source.site, seed=2, issues=10)
    kind, assets = all_of(pair.source, ObjectKind.ASSET_TYPE)[0], assets_of(pair.source)
    name = next(a for a in all_of(pair.source, ObjectKind.ASSET_ATTRIBUTE) if a.body["label"])
    author = pair.source.site.accounts.page()[0]
    for number in range(60):
        add_object(assets, kind, {str(name.id): [f"Same {number % 2}"]}, author)
    backup, tally = await pair.source.backup_and_tally()
    assert backup.count(Kind.ASSET_OBJECT) == tally.of(Kind.ASSET_OBJECT).done == 69


@pytest.mark.parametrize("path", ["/_edge/tenant_info$", "/objectschema/list$"])
async def test_assets_that_cannot_be_read_are_missing(pair: JiraPair, path: str) -> None:
    generate(pair.source.site, seed=2, issues=10)
    pair.source.site.faults.plan(FaultKind.MISSING, path, times=10)
    _, tally = await pair.source.backup_and_tally()
    assert reasons_of(tally)["ASSETS_NOT_READABLE"] == 1
    assert tally.of(Kind.ASSET_SCHEMA).missing == 1


async def test_the_history_of_changed_objects_is_kept(pair: JiraPair) -> None:
    generate(pair.source.site, seed=2, issues=10)
    found = all_of(pair.source, ObjectKind.ASSET_OBJECT)[0]
    changed = {**found.body, "updated": "2024-06-01T10:00:00.000Z"}
    Jira(pair.source.site).objects.put(dataclasses.replace(found, body=changed))
    pair.source.site.request_log.clear()
    backup = await pair.source.backup()
    entries = [entry async for entry in backup.entries(Kind.ASSET_OBJECT)]
    kept = [entry.key for entry in entries if entry.attributes["history"]]
    assert kept == [str(found.id)]
    assert pair.source.site.request_log.count("GET", f"{BEHIND}/object/{{id}}/history") == 1


@pytest.mark.shows_loss(Kind.ASSET_OBJECT, "key", "created", "updated")
@pytest.mark.shows_loss(Kind.FIELD, MISSING)
@pytest.mark.shows_loss(Kind.ISSUE, "custom.*")
@pytest.mark.shows_loss(Loss.ASSET_OBJECT_KEY)
async def test_generated_assets_come_back(pair: JiraPair) -> None:
    before = await generated(pair)
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert errors_of(tally) == []
    after = await pair.destination.backup()
    assert undeclared(before, after) == []
    for kind in KINDS:
        assert tally.of(kind).done == tally.of(kind).expected == before.count(kind) >= 3
        assert after.count(kind) == before.count(kind)
    objects = declared(Kind.ASSET_OBJECT, before, after)
    assert {path for _, path in objects} == {"key", "created", "updated"}
    assert declared(Kind.ASSET_OBJECT_TYPE, before, after) == set()
    assert reasons_of(tally)["ASSET_VALUE_REFUSED"] == 0


async def test_issues_name_the_objects_of_the_destination(pair: JiraPair) -> None:
    before = await generated(pair)
    field = add_product_field(Jira(pair.destination.site), "Geräte", ASSETS_TYPE)
    tally = await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    assert (errors_of(tally), undeclared(before, after)) == ([], [])
    assert reasons_of(tally)["ASSET_NOT_KEPT"] == 0
    known = {each.id for each in all_of(pair.destination, ObjectKind.ASSET_OBJECT)}
    named = [
        int(each["objectId"])
        for payload in after.payloads(Kind.ISSUE).values()
        for each in msgspec.json.decode(payload)["fields"][f"customfield_{field.id}"] or ()
    ]
    assert len(named) == 8
    assert set(named) <= known


@pytest.mark.shows_loss(Loss.ASSET_NOT_KEPT)
async def test_a_value_that_the_site_does_not_keep_is_named(pair: JiraPair) -> None:
    before = await generated(pair)
    add_product_field(Jira(pair.destination.site), "Geräte", ASSETS_TYPE)
    workspace = all_of(pair.destination, ObjectKind.ASSET_WORKSPACE)[0]
    # As if another workspace answered for the issues: what names it is dropped without a word.
    Jira(pair.destination.site).objects.put(dataclasses.replace(workspace, name="another"))
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert reasons_of(tally)["ASSET_NOT_KEPT"] == 8


@pytest.mark.parametrize(
    "path",
    [
        "/objectschema/create$",
        "/config/statustype$",
        "/objecttype/create$",
        r"/objecttypeattribute/\d+$",
        "/object/create$",
    ],
)
async def test_a_write_whose_answer_is_lost_is_not_done_twice(pair: JiraPair, path: str) -> None:
    before = await generated(pair)
    faults = pair.destination.site.faults
    fault = faults.plan(FaultKind.LOST, path, method="POST", times=3)
    tally = await restore(
        IMPORTER, pair.destination.client, before, attempts=5, retried=(AmbiguousWrite,)
    )
    assert fault.fired == 3
    after = await pair.destination.backup()
    assert (errors_of(tally), undeclared(before, after)) == ([], [])
    assert [after.count(kind) for kind in KINDS] == [before.count(kind) for kind in KINDS]


async def test_a_type_of_references_that_is_made_meanwhile_is_used() -> None:
    name, body = "Is „near“", {"description": "ä", "color": "#ABCDEF"}
    made: list[JiraObject] = []
    there: list[SimulatedSite] = []

    @web.middleware
    async def make_it_before(request: web.Request, handler: Handler) -> web.StreamResponse:
        # As the unit of another type does, which runs beside the one that asks.
        if request.method == "POST" and request.path.endswith("/config/referencetype"):
            kept = Jira(there[0]).objects.add(ObjectKind.ASSET_REFERENCE_TYPE, name, body)
            made.append(kept)
        return await handler(request)

    async with jira_pair([make_it_before]) as sites:
        there.append(sites.destination.site)
        assets = assets_of(sites.source)
        kind = add_type(assets, add_schema(assets, "Hosts", "HOSTS"), "Host")
        reference = assets.jira.objects.add(ObjectKind.ASSET_REFERENCE_TYPE, name, body)
        more = {"type": 1, "typeValue": str(kind.id), "additionalValue": str(reference.id)}
        add_attribute(assets, kind, "Near", more)
        before = await sites.source.backup()
        tally = await restore(IMPORTER, sites.destination.client, before)
        after = await sites.destination.backup()
    assert len(made) == 1
    assert tally.findings == []
    assert undeclared(before, after) == []


async def test_equal_objects_are_told_apart_by_nothing_and_are_as_many(pair: JiraPair) -> None:
    assets, author = assets_of(pair.source), pair.source.site.accounts.page()[0]
    schema = add_schema(assets, "Same", "SAME")
    kind = add_type(assets, schema, "Thing")
    label = next(a for a in assets.all(ObjectKind.ASSET_ATTRIBUTE, kind.id) if a.body["label"])
    for _ in range(4):
        add_object(assets, kind, {str(label.id): ["Equal"]}, author)
    before = await pair.source.backup()
    pair.destination.site.faults.plan(FaultKind.LOST, "/object/create$", method="POST", times=3)
    client = pair.destination.client
    await restore(IMPORTER, client, before, attempts=5, retried=(AmbiguousWrite,))
    assert len(all_of(pair.destination, ObjectKind.ASSET_OBJECT)) == 4


async def test_a_destination_without_assets_is_named(pair: JiraPair) -> None:
    before = await generated(pair)
    assets_of(pair.destination).take_away()
    tally = await restore(IMPORTER, pair.destination.client, before)
    assert reasons_of(tally)["NO_ASSETS_AT_DESTINATION"] == sum(before.count(k) for k in KINDS)
    assert all(tally.of(kind).missing == before.count(kind) for kind in KINDS)
    assert tally.of(Kind.ISSUE).missing == 0


async def test_a_schema_whose_key_is_taken_is_left_alone(pair: JiraPair) -> None:
    before = await generated(pair)
    add_schema(assets_of(pair.destination), "Somebody else's", "HW")
    tally = await restore(IMPORTER, pair.destination.client, before)
    reasons = reasons_of(tally)
    assert (reasons["ASSET_SCHEMA_KEY_TAKEN"], reasons["ASSET_SCHEMA_MISSING"]) == (1, 6)
    assert tally.of(Kind.ASSET_OBJECT).missing == 6
    names = {each.name for each in all_of(pair.destination, ObjectKind.ASSET_TYPE)}
    assert names == {"Büro"}


@pytest.mark.shows_loss(Kind.ASSET_STATUS, "category", "description")
@pytest.mark.shows_loss(Loss.ASSET_STATUS_KEPT)
async def test_a_status_for_all_schemas_that_is_there_stays_what_it_is(pair: JiraPair) -> None:
    for side, category in ((pair.source, 1), (pair.destination, 0)):
        body = {"description": f"Of {category}", "category": category}
        Jira(side.site).objects.add(ObjectKind.ASSET_STATUS, "Shared", body)
    add_schema(assets_of(pair.source), "Some", "SOME")
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    assert reasons_of(tally)["ASSET_STATUS_KEPT"] == 1
    assert declared(Kind.ASSET_STATUS, before, after) == {
        ("Shared", "category"),
        ("Shared", "description"),
    }


@pytest.mark.shows_loss(Kind.ASSET_OBJECT_TYPE, "icon")
@pytest.mark.shows_loss(Loss.ASSET_ICON_REPLACED)
async def test_an_icon_of_somebody_is_replaced(pair: JiraPair) -> None:
    before = await _altered_types(await generated(pair), _with_own_icon)
    tally = await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    assert reasons_of(tally)["ASSET_ICON_REPLACED"] == 4
    assert {path for _, path in declared(Kind.ASSET_OBJECT_TYPE, before, after)} == {"icon"}


def _with_own_icon(item: Json) -> None:
    item["icon"]["name"] = "?"


async def _altered_types(backup: MemoryBackup, change: Callable[[Json], None]) -> MemoryBackup:
    result = MemoryBackup(backup.site_uri)
    for kind in Kind:
        records: list[Any] = []
        async for entry in backup.entries(kind):
            payload = await backup.read(entry)
            if kind is Kind.ASSET_OBJECT_TYPE:
                item: Json = msgspec.json.decode(payload)
                change(item)
                payload = msgspec.json.encode(item)
                entry = dataclasses.replace(entry, size_bytes=len(payload))
            records.append((entry, payload))
        result.add(kind.value, records)
    return result


@pytest.mark.shows_loss(Loss.ASSET_VALUE_NOT_RESTORABLE, Loss.ASSET_VALUE_REFUSED)
async def test_people_who_are_not_there_are_left_out(pair: JiraPair) -> None:
    generate(pair.source.site, seed=2, issues=10)
    before = await pair.source.backup()
    for account in pair.source.site.accounts.page():
        pair.source.site.accounts.set_active(account.account_id, False)
    options = ImportOptions(skip_users_and_groups=True)
    tally = await restore(IMPORTER, pair.destination.client, before, options=options)
    assert reasons_of(tally)["ASSET_VALUE_NOT_RESTORABLE"] == 6
    assert tally.of(Kind.ASSET_OBJECT).done == 9
    # The group of the servers is not there either: the site refuses its name.
    assert reasons_of(tally)["ASSET_VALUE_REFUSED"] == 3


async def test_what_an_attribute_demands_holds_in_the_end(pair: JiraPair) -> None:
    before = await generated(pair)
    await restore(IMPORTER, pair.destination.client, before)
    found = [
        a for a in all_of(pair.destination, ObjectKind.ASSET_ATTRIBUTE) if a.name == "Standort"
    ]
    assert [a.body["minimumCardinality"] for a in found] == [1]


async def test_a_label_of_another_name_takes_the_place_of_the_name(pair: JiraPair) -> None:
    assets, author = assets_of(pair.source), pair.source.site.accounts.page()[0]
    kind = add_type(assets, add_schema(assets, "Hosts", "HOSTS"), "Host")
    name = next(a for a in assets.all(ObjectKind.ASSET_ATTRIBUTE, kind.id) if a.body["label"])
    Jira(pair.source.site).objects.put(dataclasses.replace(name, name="Hostname"))
    serial = add_attribute(assets, kind, "Serial", {"type": 0, "defaultTypeId": 0})
    add_object(assets, kind, {str(name.id): ["web-1"], str(serial.id): ["ß"]}, author)
    before = await pair.source.backup()
    tally = await restore(IMPORTER, pair.destination.client, before)
    after = await pair.destination.backup()
    assert (errors_of(tally), undeclared(before, after)) == ([], [])
    assert [each.name for each in all_of(pair.destination, ObjectKind.ASSET_OBJECT)] == ["web-1"]


async def test_object_schemas_make_a_site_not_empty(pair: JiraPair) -> None:
    assert await find_content(pair.destination.client) == []
    add_schema(assets_of(pair.destination), "Hardware", "HW")
    (found,) = await find_content(pair.destination.client)
    assert (found.type, found.subject) == ("ACTIVE_CONTENT", "object schemas")
    assert "Hardware" in found.description


def test_parents_come_first_and_circles_end() -> None:
    types: list[Json] = [
        {"id": "3", "parentObjectTypeId": "2"},
        {"id": "2", "parentObjectTypeId": 1},
        {"id": "1"},
        {"id": "8", "parentObjectTypeId": "9"},
        {"id": "9", "parentObjectTypeId": "8"},
        {"id": "5", "parentObjectTypeId": "gone"},
    ]
    order = [str(each["id"]) for each in parents_first(types)]
    assert sorted(order) == ["1", "2", "3", "5", "8", "9"]
    assert order.index("1") < order.index("2") < order.index("3")
