"""The attributes of object types."""

from __future__ import annotations

import dataclasses
from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import query_flag, read_object
from sitekeep_simulator.assets.state import (
    DEFAULT_TYPES,
    TYPE_GROUP,
    TYPE_REFERENCE,
    TYPE_STATUS,
    TYPE_USER,
    Assets,
    Handlers,
    required,
)
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.refusals import Refused

_TYPES = (0, TYPE_REFERENCE, TYPE_USER, TYPE_GROUP, TYPE_STATUS)
_KEPT = (
    *("label", "description", "type", "defaultTypeId", "typeValue", "typeValueMulti"),
    *("additionalValue", "minimumCardinality", "maximumCardinality", "suffix"),
    *("includeChildObjectTypes", "hidden", "uniqueAttribute", "summable", "regexValidation"),
    *("qlQuery", "options"),
)
_NOT_SHOWN = frozenset({"defaultTypeId", "own", "editable"})


def handlers(assets: Assets) -> Handlers:
    """What is asked of attributes."""
    attributes = Attributes(assets)
    return [
        ("GET", "/objecttype/{id}/attributes", attributes.listed),
        ("POST", "/objecttypeattribute/{type}", attributes.create),
        ("PUT", "/objecttypeattribute/{type}/{id}", attributes.edit),
    ]


class Attributes:
    """Handlers."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    async def listed(self, request: web.Request) -> web.StreamResponse:
        """GET objecttype/{id}/attributes, inherited ones unless told otherwise."""
        found = self._type(request.match_info["id"])
        own = query_flag(request, "excludeParentAttributes")
        listed = own_attributes(self._assets, found) if own else attributes_of(self._assets, found)
        return self._assets.answer([attribute_bean(self._assets, each) for each in listed])

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST objecttypeattribute/{type}: a name once per type."""
        found, body = self._type(request.match_info["type"]), await read_object(request)
        name = required(body, "name")
        names = {each.name.casefold() for each in attributes_of(self._assets, found)}
        if name.casefold() in names:
            raise Refused(400, fields={"name": "The name is in use."})
        self._check(body)
        kept = {key: body[key] for key in _KEPT if body.get(key) is not None}
        made = add_attribute(self._assets, found, name, kept)
        return self._assets.answer(attribute_bean(self._assets, made), 201)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT objecttypeattribute/{type}/{id}; the label is one attribute only."""
        found, body = self._type(request.match_info["type"]), await read_object(request)
        attribute = self._assets.one(ObjectKind.ASSET_ATTRIBUTE, request.match_info["id"])
        if attribute.project_id != found.id or not attribute.body["editable"]:
            raise Refused(400, "The attribute cannot be changed.")
        self._check({**attribute.body, **body})
        kept = {key: body[key] for key in _KEPT if body.get(key) is not None}
        name = str(body.get("name") or attribute.name)
        changed = dataclasses.replace(attribute, name=name, body={**attribute.body, **kept})
        self._assets.jira.objects.put(changed)
        if kept.get("label"):
            _only_label(self._assets, changed)
        return self._assets.answer(attribute_bean(self._assets, changed))

    def _check(self, body: Body) -> None:
        kind = body.get("type", 0)
        if kind not in _TYPES:
            raise Refused(400, fields={"type": "There is no such type."})
        if kind == 0 and body.get("defaultTypeId") not in range(len(DEFAULT_TYPES)):
            raise Refused(400, fields={"defaultTypeId": "There is no such type."})
        if kind == TYPE_REFERENCE:
            self._assets.one(ObjectKind.ASSET_TYPE, body.get("typeValue"))
            self._assets.one(ObjectKind.ASSET_REFERENCE_TYPE, body.get("additionalValue"))

    def _type(self, wanted: str) -> JiraObject:
        return self._assets.one(ObjectKind.ASSET_TYPE, wanted)


def _only_label(assets: Assets, label: JiraObject) -> None:
    for each in assets.all(ObjectKind.ASSET_ATTRIBUTE, label.project_id):
        if each.id != label.id and each.body.get("label"):
            body = {**each.body, "label": False}
            assets.jira.objects.put(dataclasses.replace(each, body=body))


def add_own_attributes(assets: Assets, found: JiraObject) -> None:
    """Key, Name, Created and Updated."""
    for name, default, label in (
        ("Key", 0, False),
        ("Name", 0, True),
        ("Created", 6, False),
        ("Updated", 6, False),
    ):
        lowest = 1 if label else 0
        body: Body = {"label": label, "type": 0, "defaultTypeId": default, "own": True}
        body |= {"editable": label, "minimumCardinality": lowest, "maximumCardinality": 1}
        assets.jira.objects.add(ObjectKind.ASSET_ATTRIBUTE, name, body, project_id=found.id)


def add_attribute(assets: Assets, found: JiraObject, name: str, body: Body) -> JiraObject:
    """Makes an attribute of a type."""
    whole: Body = {"label": False, "type": 0, "editable": True, "own": False}
    whole |= {"minimumCardinality": 0, "maximumCardinality": 1, **body}
    made = assets.jira.objects.add(ObjectKind.ASSET_ATTRIBUTE, name, whole, project_id=found.id)
    if whole["label"]:
        _only_label(assets, made)
    return made


def own_attributes(assets: Assets, found: JiraObject) -> list[JiraObject]:
    """The attributes that a type has itself."""
    return assets.all(ObjectKind.ASSET_ATTRIBUTE, found.id)


def attributes_of(assets: Assets, found: JiraObject) -> list[JiraObject]:
    """The attributes of a type, those that it inherits behind its own."""
    parent = assets.jira.objects.get(ObjectKind.ASSET_TYPE, found.body["parent"])
    if parent is None or not parent.body["inherited"]:
        return own_attributes(assets, found)
    inherited = [each for each in attributes_of(assets, parent) if not each.body["own"]]
    return own_attributes(assets, found) + inherited


def attribute_bean(assets: Assets, found: JiraObject) -> Body:
    """An attribute."""
    kept: dict[str, Any] = {k: v for k, v in found.body.items() if k not in _NOT_SHOWN}
    bean: Body = {
        **assets.identity(found),
        **kept,
        "editable": found.body["editable"],
        "system": found.body["own"] and not found.body["editable"],
        "removable": not found.body["own"],
        "indexed": True,
        "sortable": True,
        "position": found.id,
    }
    if found.body["type"] == 0:
        number = int(found.body["defaultTypeId"])
        bean["defaultType"] = {"id": number, "name": DEFAULT_TYPES[number]}
    if found.body["type"] == TYPE_REFERENCE:
        bean["referenceObjectTypeId"] = str(found.body["typeValue"])
        reference = assets.one(ObjectKind.ASSET_REFERENCE_TYPE, found.body["additionalValue"])
        bean["referenceType"] = {**assets.identity(reference), **reference.body}
    return bean
