"""Assets of Jira Service Management: schemas, statuses, types with attributes, and objects."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sitekeep_cli.comparison.jira_values import PERSON, words
from sitekeep_cli.comparison.links import ASSET
from sitekeep_cli.comparison.model import Json, Record
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import items, part
from sitekeep_shared.atlassian.assets_site import URL
from sitekeep_shared.kinds import Kind

_SCHEMA = "asset schema"
_TYPE = "asset type"
_ATTRIBUTE = "asset attribute"
"""Realms of ids that only Assets have: what they stand for is a key or a name."""

_OF_THE_SITE = frozenset({"Key", "Created", "Updated"})
"""The attributes of an object that the site fills."""

Item = Mapping[str, Any]


def refer(reading: Reading) -> None:
    """Keeps what the ids of objects stand for; issues name some."""
    for record, item in reading.objects(Kind.ASSET_SCHEMA):
        reading.refer(_SCHEMA, record.key, str(item.get("objectSchemaKey")))
    for record, item in reading.objects(Kind.ASSET_OBJECT_TYPE):
        schema = reading.name(_SCHEMA, item.get("objectSchemaId"))
        reading.refer(_TYPE, record.key, f"{schema}/{item.get('name')}")
        for attribute in _attributes(record):
            sort = part(attribute, "defaultType").get("name") or attribute.get("type")
            name = f"{sort}/{attribute.get('name')}"
            reading.refer(_ATTRIBUTE, str(attribute.get("id")), name)
    for record, item in reading.objects(Kind.ASSET_OBJECT):
        reading.refer(ASSET, record.key, _owner(reading, item))


def read(reading: Reading) -> None:
    """Puts each below its schema."""
    for _, item in reading.objects(Kind.ASSET_SCHEMA):
        value = {"name": item.get("name"), "description": item.get("description")}
        key = str(item.get("objectSchemaKey"))
        reading.put(Kind.ASSET_SCHEMA, key, without_nothing(value))
    for _, item in reading.objects(Kind.ASSET_STATUS):
        schema = item.get("objectSchemaId")
        owner = f"{reading.name(_SCHEMA, schema)}/" if schema else ""
        value = {"description": item.get("description"), "category": item.get("category")}
        reading.put(Kind.ASSET_STATUS, f"{owner}{item.get('name')}", without_nothing(value))
    for record in reading.records(Kind.ASSET_OBJECT_TYPE):
        reading.put(Kind.ASSET_OBJECT_TYPE, reading.name(_TYPE, record.key), _type(reading, record))
    for record, item in reading.objects(Kind.ASSET_OBJECT):
        position = f"{record.key:>020}"
        reading.put(Kind.ASSET_OBJECT, _owner(reading, item), _object(reading, item), position)


def _owner(reading: Reading, item: Item) -> str:
    kind = reading.name(_TYPE, part(item, "objectType").get("id"))
    return f"{kind}/{item.get('label')}"


def _attributes(record: Record) -> list[Item]:
    found: list[Item] = json.loads(record.attributes.get("attributes") or "[]")
    return found


def _type(reading: Reading, record: Record) -> Json:
    item: Item = json.loads(record.payload)
    parent = item.get("parentObjectTypeId")
    return without_nothing(
        {
            "description": item.get("description"),
            "parent": reading.name(_TYPE, parent) if parent else None,
            "icon": part(item, "icon").get("name"),
            "inherited": item.get("inherited") or None,
            "abstract": item.get("abstractObjectType") or None,
            "attributes": {
                str(each.get("name")): _attribute(reading, each) for each in _attributes(record)
            },
        }
    )


def _attribute(reading: Reading, item: Item) -> Json:
    target = item.get("referenceObjectTypeId")
    kept = (
        *("type", "label", "description", "minimumCardinality", "maximumCardinality", "suffix"),
        *("includeChildObjectTypes", "hidden", "uniqueAttribute", "summable"),
        *("regexValidation", "qlQuery", "options", "typeValueMulti"),
    )
    return without_nothing(
        {
            **{name: item.get(name) for name in kept},
            "default": part(item, "defaultType").get("name"),
            "refersTo": reading.name(_TYPE, target) if target else None,
            "reference": part(item, "referenceType").get("name"),
        }
    )


def _object(reading: Reading, item: Item) -> Json:
    values: dict[str, Json] = {}
    for attribute in items(item, "attributes"):
        known = reading.name(_ATTRIBUTE, attribute.get("objectTypeAttributeId"))
        sort, _, name = known.partition("/")
        if name not in _OF_THE_SITE:
            text = reading.links.text if sort == URL else reading.links.said
            listed = items(attribute, "objectAttributeValues")
            values[name] = sorted(_value(reading, each, text) for each in listed)
    return without_nothing(
        {
            "key": item.get("objectKey"),
            "created": item.get("created"),
            "updated": item.get("updated"),
            "values": without_nothing(values),
        }
    )


def _value(reading: Reading, value: Item, text: Callable[[str], str]) -> str:
    if value.get("referencedObject"):
        return reading.name(ASSET, part(value, "referencedObject").get("id"))
    if value.get("user"):
        return f"{PERSON}{part(value, 'user').get('key')}"
    if value.get("status"):
        return str(part(value, "status").get("name"))
    return words(text(str(value.get("value", value.get("displayValue", "")))))
