"""Assets of a simulated site: what it keeps and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from sitekeep_shared.atlassian.assets_site import AssetsSite, workspaces_of
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteNotFound, SiteRefused
from sitekeep_simulator.assets.state import Assets
from sitekeep_simulator.jira.state import Jira
from sitekeep_simulator.site import SimulatedSite
from support.planning import client, site

__all__ = ["client", "site"]

SCHEMA: Mapping[str, Any] = {"name": "Hardware", "objectSchemaKey": "HW", "description": "d"}
Json = dict[str, Any]


async def assets_at(client: SiteClient) -> AssetsSite:
    (workspace,) = await workspaces_of(client)
    return AssetsSite.of(client, await client.cloud_id(), workspace)


async def made_type(assets: AssetsSite, **more: Any) -> Json:
    schemas = (await assets.get_json("/objectschema/list"))["values"]
    schema = schemas[0] if schemas else await assets.post_json("/objectschema/create", SCHEMA)
    body = {"name": "Laptop", "iconId": "1", "objectSchemaId": schema["id"], **more}
    made: Json = await assets.post_json("/objecttype/create", body)
    return made


async def attribute(assets: AssetsSite, kind: Json, name: str, **more: Any) -> str:
    body = {"name": name, "type": 0, "defaultTypeId": 0, **more}
    made = await assets.post_json("/objecttypeattribute/{kind}", body, kind=kind["id"])
    return str(made["id"])


async def names_of(assets: AssetsSite, kind: Json, *, own: bool = False) -> dict[str, str]:
    query = [("excludeParentAttributes", "true")] if own else []
    found = await assets.get_json("/objecttype/{kind}/attributes", query, kind=kind["id"])
    return {each["name"]: str(each["id"]) for each in found}


def values(**found: str) -> list[Json]:
    return [
        {"objectTypeAttributeId": name[1:], "objectAttributeValues": [{"value": value}]}
        for name, value in found.items()
    ]


async def made_object(assets: AssetsSite, kind: Json, **found: str) -> Json:
    body = {"objectTypeId": kind["id"], "attributes": values(**found)}
    made: Json = await assets.post_json("/object/create", body)
    return made


async def test_another_workspace_or_site_is_not_there(client: SiteClient) -> None:
    own = await assets_at(client)
    with pytest.raises(SiteNotFound):
        await AssetsSite(own.client, "another").get("/objectschema/list")
    other = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(SiteNotFound):
        await AssetsSite.of(client, other, own.workspace).get("/objectschema/list")


@pytest.mark.parametrize(
    "change", [{"name": " "}, {"objectSchemaKey": "hw"}, {"objectSchemaKey": ""}]
)
async def test_a_schema_that_cannot_be_is_refused(
    client: SiteClient, change: Mapping[str, Any]
) -> None:
    assets = await assets_at(client)
    with pytest.raises(SiteRefused):
        await assets.post_json("/objectschema/create", {**SCHEMA, **change})


async def test_names_and_keys_are_taken_once(client: SiteClient) -> None:
    assets = await assets_at(client)
    kind = await made_type(assets)
    for body in (SCHEMA, {**SCHEMA, "name": "Other"}, {**SCHEMA, "objectSchemaKey": "OTHER"}):
        with pytest.raises(SiteRefused):
            await assets.post_json("/objectschema/create", body)
    with pytest.raises(SiteRefused):
        await made_type(assets)
    with pytest.raises(SiteRefused):
        await attribute(assets, kind, "name")
    status = {"name": "In use", "category": 1}
    await assets.post_json("/config/statustype", status)
    with pytest.raises(SiteRefused):
        await assets.post_json("/config/statustype", status)


@pytest.mark.parametrize("change", [{"iconId": "99"}, {"iconId": ""}, {"name": ""}])
async def test_a_type_that_cannot_be_is_refused(
    client: SiteClient, change: Mapping[str, Any]
) -> None:
    with pytest.raises(SiteRefused):
        await made_type(await assets_at(client), **change)


async def test_children_have_what_their_parent_hands_on(client: SiteClient) -> None:
    assets = await assets_at(client)
    parent = await made_type(assets, name="Device", inherited=True)
    child = await made_type(assets, parentObjectTypeId=parent["id"])
    await attribute(assets, parent, "Owner")
    assert set(await names_of(assets, child, own=True)) == {"Key", "Name", "Created", "Updated"}
    assert set(await names_of(assets, child)) >= {"Owner"}


@pytest.mark.parametrize(
    ("more", "good", "bad"),
    [
        ({"defaultTypeId": 1}, "7", "x"),
        ({"defaultTypeId": 2}, "true", "yes"),
        ({"defaultTypeId": 10, "options": "a,b"}, "a", "c"),
        ({"defaultTypeId": 9}, "two\nlines", ""),
        ({"uniqueAttribute": True}, "once", ""),
    ],
)
async def test_values_have_to_fit(
    client: SiteClient, more: Mapping[str, Any], good: str, bad: str
) -> None:
    assets = await assets_at(client)
    kind = await made_type(assets)
    extra = await attribute(assets, kind, "Extra", **more)
    label = (await names_of(assets, kind))["Name"]
    made = await made_object(assets, kind, **{f"a{label}": "One", f"a{extra}": good})
    assert (made["label"], made["objectKey"]) == ("One", f"HW-{made['id']}")
    with pytest.raises(SiteRefused) as refusal:
        await made_object(assets, kind, **{f"a{label}": "Two", f"a{extra}": bad})
    assert list(refusal.value.errors) == [f"rlabs-insight-attribute-{extra}"]


async def test_what_the_site_fills_or_demands_is_said(client: SiteClient) -> None:
    assets = await assets_at(client)
    kind = await made_type(assets)
    names = await names_of(assets, kind)
    with pytest.raises(SiteRefused):
        await made_object(assets, kind)
    with pytest.raises(SiteRefused):
        await made_object(assets, kind, **{f"a{names['Key']}": "HW-1"})


async def test_references_lead_to_objects_of_the_type(client: SiteClient) -> None:
    assets = await assets_at(client)
    kind, other = await made_type(assets), await made_type(assets, name="Office")
    reference = (await assets.get_json("/config/referencetype"))[0]["id"]
    uses = {"type": 1, "typeValue": other["id"], "additionalValue": reference}
    extra = await attribute(assets, kind, "Uses", **uses)
    office = await made_object(
        assets, other, **{f"a{(await names_of(assets, other))['Name']}": "Here"}
    )
    label = (await names_of(assets, kind))["Name"]
    laptop = await made_object(assets, kind, **{f"a{label}": "L", f"a{extra}": office["id"]})
    shown = [each["objectAttributeValues"] for each in laptop["attributes"]][-1][0]
    assert shown["referencedObject"]["id"] == office["id"]
    body = {"objectTypeId": kind["id"], "attributes": values(**{f"a{extra}": laptop["id"]})}
    with pytest.raises(SiteRefused):
        await assets.put_json("/object/{object}", body, object=laptop["id"])


async def test_aql_gives_pages_of_a_schema_or_a_type(client: SiteClient) -> None:
    assets = await assets_at(client)
    kind = await made_type(assets)
    label = (await names_of(assets, kind))["Name"]
    for number in range(30):
        await made_object(assets, kind, **{f"a{label}": f"{number}"})
    body = {"qlQuery": f"objectTypeId = {kind['id']} ORDER BY Key ASC"}
    query = [("startAt", "25"), ("maxResults", "100")]
    page = msgspec.json.decode(await assets.find("/object/aql", body, query))
    assert (len(page["values"]), page["isLast"]) == (5, True)
    count = msgspec.json.decode(await assets.find("/object/aql/totalcount", body))
    assert count == {"totalCount": 30}
    with pytest.raises(SiteRefused):
        await assets.find("/object/aql", {"qlQuery": "Name ~ x"})


async def test_a_site_has_no_workspace_when_it_has_no_assets(
    client: SiteClient, site: SimulatedSite
) -> None:
    assets = await assets_at(client)
    Assets(Jira(site)).take_away()
    assert await workspaces_of(client) == []
    with pytest.raises(SiteNotFound):
        await assets.get("/objectschema/list")
