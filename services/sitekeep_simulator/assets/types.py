"""Object types: the tree of a schema."""

from __future__ import annotations

import dataclasses

from aiohttp import web

from sitekeep_simulator.answers import read_object
from sitekeep_simulator.assets.attributes import add_own_attributes
from sitekeep_simulator.assets.state import ICONS, Assets, Handlers, icon_bean, required
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.refusals import Refused


def handlers(assets: Assets) -> Handlers:
    """What is asked of types."""
    types = Types(assets)
    return [
        ("GET", "/objectschema/{id}/objecttypes/flat", types.flat),
        ("POST", "/objecttype/create", types.create),
        ("GET", "/objecttype/{id}", types.get),
        ("PUT", "/objecttype/{id}", types.edit),
    ]


class Types:
    """Handlers."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    async def flat(self, request: web.Request) -> web.StreamResponse:
        """GET objectschema/{id}/objecttypes/flat."""
        schema = self._assets.one(ObjectKind.ASSET_SCHEMA, request.match_info["id"])
        found = self._assets.all(ObjectKind.ASSET_TYPE, schema.id)
        return self._assets.answer([type_bean(self._assets, each) for each in found])

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET objecttype/{id}."""
        return self._assets.answer(type_bean(self._assets, self._type(request)))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST objecttype/create: a name once per schema, an icon that there is."""
        body = await read_object(request)
        name, icon = required(body, "name"), str(body.get("iconId") or "")
        schema = self._assets.one(ObjectKind.ASSET_SCHEMA, body.get("objectSchemaId"))
        if self._assets.jira.objects.named(ObjectKind.ASSET_TYPE, name, schema.id) is not None:
            raise Refused(400, fields={"name": "The name is in use."})
        if not icon.isdigit() or not 0 < int(icon) <= len(ICONS):
            raise Refused(400, fields={"iconId": "There is no such icon."})
        parent = body.get("parentObjectTypeId")
        if parent is not None:
            self._assets.one(ObjectKind.ASSET_TYPE, parent)
        made = add_type(self._assets, schema, name, parent=parent, icon=int(icon), **_flags(body))
        changed = {**made.body, "description": str(body.get("description") or "")}
        self._assets.jira.objects.put(dataclasses.replace(made, body=changed))
        found = self._assets.one(ObjectKind.ASSET_TYPE, made.id)
        return self._assets.answer(type_bean(self._assets, found), 201)

    async def edit(self, request: web.Request) -> web.StreamResponse:
        """PUT objecttype/{id}: description and whether it hands on."""
        found, body = self._type(request), await read_object(request)
        kept: Body = {key: body[key] for key in ("description", "inherited") if key in body}
        self._assets.jira.objects.put(dataclasses.replace(found, body={**found.body, **kept}))
        return self._assets.answer(type_bean(self._assets, self._type(request)))

    def _type(self, request: web.Request) -> JiraObject:
        return self._assets.one(ObjectKind.ASSET_TYPE, request.match_info["id"])


def _flags(body: Body) -> dict[str, bool]:
    return {
        "inherited": bool(body.get("inherited")),
        "abstract": bool(body.get("abstractObjectType")),
    }


def add_type(
    assets: Assets,
    schema: JiraObject,
    name: str,
    *,
    parent: int | str | None = None,
    icon: int = 1,
    inherited: bool = False,
    abstract: bool = False,
) -> JiraObject:
    """Makes a type with the attributes that each has."""
    body: Body = {
        "description": "",
        "parent": None if parent is None else int(parent),
        "icon": icon,
        "inherited": inherited,
        "abstract": abstract,
        "created": assets.site.now(),
        "position": len(assets.all(ObjectKind.ASSET_TYPE, schema.id)),
    }
    made = assets.jira.objects.add(ObjectKind.ASSET_TYPE, name, body, project_id=schema.id)
    add_own_attributes(assets, made)
    return made


def type_bean(assets: Assets, found: JiraObject) -> Body:
    """A type, without its attributes."""
    parent = assets.jira.objects.get(ObjectKind.ASSET_TYPE, found.body["parent"])
    bean: Body = {
        **assets.identity(found),
        "type": 0,
        "description": found.body["description"],
        "icon": icon_bean(assets, found.body["icon"]),
        "position": found.body["position"],
        "created": found.body["created"],
        "updated": found.body["created"],
        "objectCount": 0,
        "objectSchemaId": str(found.project_id),
        "inherited": found.body["inherited"],
        "abstractObjectType": found.body["abstract"],
        "parentObjectTypeInherited": parent is not None and parent.body["inherited"],
    }
    return bean if parent is None else bean | {"parentObjectTypeId": str(parent.id)}
