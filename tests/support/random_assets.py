"""Random Assets: schemas, trees of types with attributes of every sort, objects in rings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sitekeep_shared.atlassian.assets_site import (
    FIELD_TYPE,
    GROUP,
    REFERENCE,
    STATUS,
    USER,
    AssetsSite,
    workspaces_of,
)
from sitekeep_simulator.assets.state import DEFAULT_TYPES
from sitekeep_simulator.jira.fields import add_product_field, custom_fields
from sitekeep_simulator.jira.state import Jira
from support import random_texts as texts
from support.jira_fakes import API, JiraPair
from support.random_site import Json, RandomSite

FIELD_NAME = "Geräte „&“"
_KINDS = (0, REFERENCE, USER, GROUP, STATUS)
_ATTRIBUTE = "/objecttypeattribute/{kind}"
Values = dict[str, list[str]]


@dataclass
class _Type:
    """A type, with what its objects can have."""

    id: str
    schema: str
    parent: _Type | None
    inherited: bool
    abstract: bool
    label: Json
    name: Json
    own: list[Json] = field(default_factory=list[Json])
    objects: list[str] = field(default_factory=list[str])

    @property
    def attributes(self) -> list[Json]:
        """Its own ones and those that its parents hand on."""
        handed = self.parent.attributes if self.parent and self.parent.inherited else []
        return [*self.own, *handed]


@dataclass
class _Made:
    """What the Assets of a site have so far."""

    site: RandomSite
    assets: AssetsSite
    icons: list[str] = field(default_factory=list[str])
    schemas: list[str] = field(default_factory=list[str])
    statuses: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Schema id, or "" for all schemas → ids."""
    references: list[str] = field(default_factory=list[str])
    types: list[_Type] = field(default_factory=list[_Type])

    @property
    def objects(self) -> list[str]:
        """The ids of all objects."""
        return [each for kind in self.types for each in kind.objects]


async def assets(site: RandomSite) -> None:
    """Some sites have any; a workspace with nothing in it is what all have."""
    if site.chance.random() < 0.6:
        return
    (workspace,) = await workspaces_of(site.side.client)
    cloud = await site.side.client.cloud_id()
    made = _Made(site, AssetsSite.of(site.side.client, cloud, workspace))
    await _schemas(made)
    await _types(made)
    for kind in made.types:
        await _attributes(made, kind)
    for kind in made.types:
        await _objects(made, kind)
    await _refer(made)
    await _demand(made)
    await _name_objects(made)


async def _schemas(made: _Made) -> None:
    """Schemas, some with nothing in them; statuses and types of references, also unused ones."""
    chance, assets = made.site.chance, made.assets
    for number, key in enumerate(chance.sample(["HW", "P2", "ABCDEFGHIJ"], chance.randint(1, 3))):
        body = {"name": texts.name(chance, number), "objectSchemaKey": key}
        found = await assets.post_json(
            "/objectschema/create", body | {"description": texts.odd(chance)}
        )
        made.schemas.append(str(found["id"]))
    shared = texts.name(chance, 9)
    for schema in ("", *made.schemas):
        names = made.site.sample([shared, texts.name(chance, 1), texts.name(chance, 2)], 3)
        made.statuses[schema] = [await _status(made, schema, name) for name in names]
    listed = await assets.get_json("/config/referencetype")
    made.references = [str(each["id"]) for each in listed]
    for number in made.site.some(2):
        body = {"name": texts.name(chance, number), "description": texts.odd(chance)}
        found = await assets.post_json("/config/referencetype", body | {"color": "#ABCDEF"})
        made.references.append(str(found["id"]))


async def _status(made: _Made, schema: str, name: str) -> str:
    chance = made.site.chance
    body: Json = {"name": name, "category": chance.choice((0, 1, 2))}
    body |= {"objectSchemaId": schema} if schema else {}
    body["description"] = chance.choice(("", texts.odd(chance)))
    return str((await made.assets.post_json("/config/statustype", body))["id"])


async def _types(made: _Made) -> None:
    """A tree in each schema; the same names in several; any type may be abstract and hand on."""
    chance, assets = made.site.chance, made.assets
    made.icons = [str(each["id"]) for each in await assets.get_json("/icon/global")]
    names = [texts.name(chance, number) for number in range(3)]
    for schema in made.schemas:
        for name in made.site.sample(names, 3):
            above = [each for each in made.types if each.schema == schema]
            await _type(made, schema, name, made.site.maybe(above))


async def _type(made: _Made, schema: str, name: str, parent: _Type | None) -> None:
    chance, assets = made.site.chance, made.assets
    flags = {"inherited": chance.random() < 0.5, "abstractObjectType": chance.random() < 0.2}
    body: Json = {"name": name, "objectSchemaId": schema, "iconId": chance.choice(made.icons)}
    body |= {"description": texts.odd(chance), **flags}
    body |= {"parentObjectTypeId": parent.id} if parent else {}
    found = str((await assets.post_json("/objecttype/create", body))["id"])
    listed = await assets.get_json("/objecttype/{kind}/attributes", kind=found)
    label = next(each for each in listed if each["label"])
    inherited, abstract = flags.values()
    made.types.append(_Type(found, schema, parent, inherited, abstract, label, label))


async def _attributes(made: _Made, kind: _Type) -> None:
    """Attributes of every sort; the label may have another name, or be another attribute."""
    chance, assets = made.site.chance, made.assets
    taken = {each["name"].casefold() for each in kind.attributes}
    for number in range(chance.choice((0, 2, 5))):
        body = _attribute(made, f"{texts.name(chance, number)} {kind.id}")
        if body["name"].casefold() not in taken:
            found = await assets.post_json(_ATTRIBUTE, body, kind=kind.id)
            kind.own.append(found)
    if chance.random() < 0.3:
        body = {"name": f"{texts.name(chance, 8)} {kind.id}", "type": 0, "defaultTypeId": 0}
        path = f"{_ATTRIBUTE}/{{attribute}}"
        names = {"kind": kind.id, "attribute": str(kind.label["id"])}
        kind.label = kind.name = await assets.put_json(path, body, **names)
    elif chance.random() < 0.2:
        body = {"name": f"{texts.name(chance, 8)} {kind.id}", "type": 0, "defaultTypeId": 0}
        kind.label = await assets.post_json(_ATTRIBUTE, body | {"label": True}, kind=kind.id)


def _attribute(made: _Made, name: str) -> Json:
    chance = made.site.chance
    sort = chance.choice(_KINDS)
    body: Json = {"name": name, "type": sort, "maximumCardinality": chance.choice((1, 2, -1))}
    if sort == 0:
        body["defaultTypeId"] = chance.randrange(len(DEFAULT_TYPES))
        body["options"] = "Größe,a b,<x>,🙂"
        body["uniqueAttribute"] = chance.random() < 0.2
    if sort == REFERENCE:
        body["typeValue"] = chance.choice(made.types).id
        body["additionalValue"] = chance.choice(made.references)
        body["includeChildObjectTypes"] = chance.random() < 0.5
    more: Json = {
        "description": texts.odd(chance),
        "suffix": "m²",
        "hidden": True,
        "summable": True,
        "regexValidation": "^.*$",
        "qlQuery": 'Name LIKE "ä"',
    }
    return body | {name: more[name] for name in made.site.sample(sorted(more), 2)}


async def _objects(made: _Made, kind: _Type) -> None:
    """Objects without references; some are changed and have a history."""
    chance = made.site.chance
    for number in range(0 if kind.abstract else chance.choice((0, 2, 4))):
        label = chance.choice((texts.name(chance, number), "Twin", "twin ", texts.odd(chance)))
        values: Values = {str(kind.label["id"]): [label]}
        values.setdefault(str(kind.name["id"]), [texts.odd(chance)])
        for attribute in kind.attributes:
            found = _values(made, attribute, number)
            values |= {str(attribute["id"]): found} if found else {}
        body = {"objectTypeId": kind.id, "attributes": _body(values)}
        found = await made.assets.post_json("/object/create", body)
        kind.objects.append(str(found["id"]))


def _body(values: Mapping[str, Sequence[str]]) -> list[Json]:
    return [
        {"objectTypeAttributeId": name, "objectAttributeValues": [{"value": v} for v in found]}
        for name, found in values.items()
    ]


def _values(made: _Made, attribute: Json, number: int) -> list[str]:
    """As many values as the attribute takes, none of them equal; none at all for references."""
    site, sort = made.site, attribute["type"]
    if site.chance.random() < 0.3 or sort == REFERENCE:
        return []
    most = 1 if attribute["maximumCardinality"] == 1 else 2
    able: dict[int, list[str]] = {
        USER: [each.account_id for each in site.askers],
        GROUP: [*site.groups, "jira-users"],
        STATUS: [each for listed in made.statuses.values() for each in listed],
    }
    if sort in able:
        return site.sample(able[sort], most)
    make = _PLAIN.get(attribute["defaultType"]["name"])
    values = list(make(made)) if make else [texts.odd(site.chance), texts.name(site.chance, 1)]
    if attribute.get("uniqueAttribute"):
        values = [f"{texts.odd(site.chance)} {number}"] if make is None else []
    return site.sample(list(dict.fromkeys(values)), most)


def _addresses(made: _Made) -> list[str]:
    """Some of them the site's own: these lead to its issues and have to lead to the same."""
    own = [f"{made.site.side.base_url}/browse/{each}" for each in made.site.issues]
    return [*made.site.sample(own, 1), "https://x.example/?ü=1&b=%20#c"]


_PLAIN: Mapping[str, Callable[[_Made], Sequence[str]]] = {
    "Integer": lambda _: ("-0", "007", "99999999999"),
    "Boolean": lambda _: ("true", "false"),
    "Double": lambda _: ("-1.50", "0.1", "100000000000000000000"),
    "Date": lambda _: ("2024-02-29", "1999-12-31"),
    "Time": lambda _: ("23:59", "00:00"),
    "DateTime": lambda _: ("2024-02-29T23:59:59.999Z", "1999-12-31T00:00:00.000Z"),
    "Url": _addresses,
    "Email": lambda _: ("ünï@example.com", "a+b@example.com"),
    "Textarea": lambda made: (
        f"{texts.odd(made.site.chance)}\n\n{''.join(_addresses(made)[:1])}",
        "x" * 4_000,
    ),
    "Select": lambda _: ("Größe", "a b", "<x>", "🙂"),
    "IP Address": lambda _: ("::1", "127.0.0.1"),
}


async def _refer(made: _Made) -> None:
    """References: rings, to oneself, to several, to the children of a type."""
    for kind in made.types:
        references = [each for each in kind.attributes if each["type"] == REFERENCE]
        for found in kind.objects:
            values: Values = {}
            for attribute in references:
                able = _referable(made, attribute)
                most = 1 if attribute["maximumCardinality"] == 1 else 2
                values[str(attribute["id"])] = made.site.sample(able, most)
            if any(values.values()) or made.site.chance.random() < 0.1:
                body = {"objectTypeId": kind.id, "attributes": _body(values)}
                await made.assets.put_json("/object/{object}", body, object=found)


def _referable(made: _Made, attribute: Json) -> list[str]:
    target = str(attribute["referenceObjectTypeId"])

    def is_one(kind: _Type) -> bool:
        if kind.id == target:
            return True
        children = attribute.get("includeChildObjectTypes")
        return bool(children and kind.parent and is_one(kind.parent))

    return [each for kind in made.types if is_one(kind) for each in kind.objects]


async def _demand(made: _Made) -> None:
    """Attributes that have to have a value: those without one are from before."""
    for kind in made.types:
        for attribute in made.site.sample(kind.own, 1):
            body = {name: attribute[name] for name in ("name", "type")}
            body["minimumCardinality"] = 1
            body |= {"defaultTypeId": attribute["defaultType"]["id"]} if body["type"] == 0 else {}
            path = f"{_ATTRIBUTE}/{{attribute}}"
            names = {"kind": kind.id, "attribute": str(attribute["id"])}
            await made.assets.put_json(path, body, **names)


async def _name_objects(made: _Made) -> None:
    """Issues that name objects, in a field that no request makes."""
    site = made.site
    if not made.objects or site.chance.random() < 0.3:
        return
    made_field = add_product_field(Jira(site.side.site), FIELD_NAME, FIELD_TYPE)
    workspace = made.assets.workspace
    for issue in site.sample(site.issues, 3):
        named: list[Any] = [
            {"workspaceId": workspace, "id": f"{workspace}:{each}", "objectId": each}
            for each in site.sample(made.objects, 3)
        ]
        body = {"fields": {f"customfield_{made_field.id}": named}}
        await site.side.client.put_json(f"{API}/issue/{{issue}}", body, issue=issue)


def prepare_field(pair: JiraPair) -> None:
    """Makes the field of the source at the destination, as an administrator does before."""
    fields = custom_fields(Jira(pair.source.site))
    if any(each.body["type"] == FIELD_TYPE for each in fields):
        add_product_field(Jira(pair.destination.site), FIELD_NAME, FIELD_TYPE)
