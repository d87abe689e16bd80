"""Objects: found by AQL, made and changed attribute by attribute."""

from __future__ import annotations

import dataclasses
import re

from aiohttp import web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import caller, list_in, query_flag, query_integer, read_object
from sitekeep_simulator.assets.attributes import attribute_bean, attributes_of
from sitekeep_simulator.assets.state import Assets, Handlers
from sitekeep_simulator.assets.types import type_bean
from sitekeep_simulator.assets.values import check_value, value_bean
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.refusals import Refused

LARGEST_PAGE = 25
_QUERY = re.compile(r"(objectSchemaId|objectTypeId) = (\d+)(?: ORDER BY Key (ASC|DESC))?$")
CREATED, CHANGED = 0, 2
"""Types of entries of the history."""


def handlers(assets: Assets) -> Handlers:
    """What is asked of objects."""
    objects = Objects(assets)
    return [
        ("POST", "/object/aql", objects.find),
        ("POST", "/object/aql/totalcount", objects.count),
        ("POST", "/object/create", objects.create),
        ("GET", "/object/{id}", objects.get),
        ("PUT", "/object/{id}", objects.edit),
        ("GET", "/object/{id}/history", objects.history),
    ]


def _label_first(found: JiraObject) -> tuple[str, int]:
    return (found.name, found.id)


def _identifier(found: JiraObject) -> int:
    return found.id


class Objects:
    """Handlers."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    async def find(self, request: web.Request) -> web.StreamResponse:
        """POST object/aql."""
        found = self._matching(await read_object(request))
        start = query_integer(request, "startAt", 0)
        size = min(query_integer(request, "maxResults", LARGEST_PAGE), LARGEST_PAGE)
        whole = query_flag(request, "includeAttributes", True)
        shown = found[start : start + size]
        types = {each.project_id: self._type(each) for each in shown}
        attributes = {a.id: a for kind in types.values() for a in attributes_of(self._assets, kind)}
        is_last = start + size >= len(found)
        return self._assets.answer(
            {
                "startAt": start,
                "maxResults": size,
                "total": min(len(found), 1000),
                "values": [object_bean(self._assets, each, whole=whole) for each in shown],
                "objectTypeAttributes": [
                    attribute_bean(self._assets, each) for each in attributes.values()
                ],
                "last": is_last,
                "isLast": is_last,
            }
        )

    async def count(self, request: web.Request) -> web.StreamResponse:
        """POST object/aql/totalcount."""
        return self._assets.answer({"totalCount": len(self._matching(await read_object(request)))})

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET object/{id}."""
        return self._assets.answer(object_bean(self._assets, self._object(request)))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST object/create."""
        body = await read_object(request)
        kind = self._assets.one(ObjectKind.ASSET_TYPE, body.get("objectTypeId"))
        if kind.body["abstract"]:
            raise Refused(400, fields={"objectTypeId": "An abstract type has no objects."})
        values = self._values(kind, body, {})
        made = add_object(self._assets, kind, values, caller(request))
        return self._assets.answer(object_bean(self._assets, made), 201)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT object/{id}: the attributes that are named."""
        found, body = self._object(request), await read_object(request)
        known: dict[str, list[str]] = found.body["values"]
        values = self._values(self._type(found), body, known)
        now = self._assets.site.now()
        changes = [
            _entry(self._assets, caller(request), CHANGED, name, known.get(name, []), values[name])
            for name in values
            if values[name] != known.get(name, [])
        ]
        kept: Body = {**found.body, "values": values, "updated": now}
        kept["history"] = [*found.body["history"], *changes]
        self._assets.jira.objects.put(dataclasses.replace(found, body=kept))
        return self._assets.answer(object_bean(self._assets, self._object(request)))

    async def history(self, request: web.Request) -> web.StreamResponse:
        """GET object/{id}/history."""
        found = self._object(request)
        entries: list[Body] = found.body["history"]
        return self._assets.answer([{**each, "objectId": str(found.id)} for each in entries])

    def _matching(self, body: Body) -> list[JiraObject]:
        match = _QUERY.match(str(body.get("qlQuery") or ""))
        if match is None:
            raise Refused(400, "The AQL is not valid.")
        name, number, order = match.groups()
        types = [int(number)]
        if name == "objectSchemaId":
            types = [each.id for each in self._assets.all(ObjectKind.ASSET_TYPE, int(number))]
        found = [o for kind in types for o in self._assets.all(ObjectKind.ASSET_OBJECT, kind)]
        if order is None:
            # They come by label then, as on a real site.
            return sorted(found, key=_label_first)
        return sorted(found, key=_identifier, reverse=order == "DESC")

    def _values(
        self, kind: JiraObject, body: Body, known: dict[str, list[str]]
    ) -> dict[str, list[str]]:
        attributes = {str(a.id): a for a in attributes_of(self._assets, kind)}
        values, errors = dict(known), dict[str, str]()
        for each in list_in(body, "attributes"):
            name = str(each.get("objectTypeAttributeId"))
            given = [str(value.get("value")) for value in list_in(each, "objectAttributeValues")]
            attribute = attributes.get(name)
            wrong = "There is no such attribute."
            if attribute is not None:
                wrong = check_value(self._assets, attribute, given)
            if wrong:
                errors[f"rlabs-insight-attribute-{name}"] = wrong
            values[name] = given
        for name, attribute in attributes.items():
            lacking = len(values.get(name, ())) < attribute.body["minimumCardinality"]
            if lacking and not errors:
                errors[f"rlabs-insight-attribute-{name}"] = f"{attribute.name} is required."
        if errors:
            raise Refused(400, fields=errors)
        return values

    def _type(self, found: JiraObject) -> JiraObject:
        return self._assets.one(ObjectKind.ASSET_TYPE, found.project_id)

    def _object(self, request: web.Request) -> JiraObject:
        return self._assets.one(ObjectKind.ASSET_OBJECT, request.match_info["id"])


def add_object(
    assets: Assets, kind: JiraObject, values: dict[str, list[str]], author: Account
) -> JiraObject:
    """Makes an object; its label is what the type's label attribute has."""
    labels = [a for a in attributes_of(assets, kind) if a.body.get("label")]
    name = next((values[str(a.id)][0] for a in labels if values.get(str(a.id))), "")
    now = assets.site.now()
    body: Body = {"values": values, "created": now, "updated": now}
    body["history"] = [_entry(assets, author, CREATED, "", [], [])]
    return assets.jira.objects.add(ObjectKind.ASSET_OBJECT, name, body, project_id=kind.id)


def _entry(
    assets: Assets, author: Account, kind: int, name: str, old: list[str], new: list[str]
) -> Body:
    actor = {"key": author.account_id, "displayName": author.display_name}
    entry: Body = {"actor": actor, "type": kind, "created": assets.site.now()}
    entry["id"] = str(assets.jira.store.next_id("assets.history"))
    if not name:
        return entry
    label = assets.one(ObjectKind.ASSET_ATTRIBUTE, name).name
    return entry | {
        "affectedAttribute": label,
        "oldValue": ",".join(old),
        "newValue": ",".join(new),
    }


def object_bean(assets: Assets, found: JiraObject, *, whole: bool = True) -> Body:
    """An object, with its attributes unless told otherwise."""
    kind = assets.one(ObjectKind.ASSET_TYPE, found.project_id)
    schema = assets.one(ObjectKind.ASSET_SCHEMA, kind.project_id)
    identity = assets.identity(found)
    icon = assets.address(f"/objecttype/{kind.id}/icon.png")
    bean: Body = {
        **{name: identity[name] for name in ("workspaceId", "globalId", "id")},
        "label": found.name,
        "objectKey": f"{schema.body['key']}-{found.id}",
        "avatar": {"workspaceId": assets.workspace, "url16": f"{icon}?size=16"},
        "objectType": type_bean(assets, kind),
        "created": found.body["created"],
        "updated": found.body["updated"],
        "hasAvatar": False,
        "timestamp": 0,
        "_links": {"self": assets.address(f"/object/{found.id}")},
    }
    if whole:
        bean["attributes"] = [
            _attribute(assets, found, a, schema) for a in attributes_of(assets, kind)
        ]
    return bean


def _attribute(
    assets: Assets, found: JiraObject, attribute: JiraObject, schema: JiraObject
) -> Body:
    values: list[str] = found.body["values"].get(str(attribute.id), [])
    if attribute.body["own"] and not attribute.body["editable"]:
        key = f"{schema.body['key']}-{found.id}"
        made = {"Key": key, "Created": found.body["created"], "Updated": found.body["updated"]}
        values = [made[attribute.name]]
    return {
        "workspaceId": assets.workspace,
        "id": f"{found.id}{attribute.id}",
        "objectTypeAttributeId": str(attribute.id),
        "objectId": str(found.id),
        "objectAttributeValues": [value_bean(assets, attribute, each) for each in values],
    }
