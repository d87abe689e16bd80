"""Object schemas, statuses, reference types and icons."""

from __future__ import annotations

import re

from aiohttp import web

from sitekeep_simulator.answers import query_integer, read_object
from sitekeep_simulator.assets.state import ICONS, Assets, Handlers, icon_bean, required
from sitekeep_simulator.jira.objects import Body, JiraObject, ObjectKind
from sitekeep_simulator.refusals import Refused

_KEY = re.compile(r"[A-Z][A-Z0-9]{1,9}$")
_MOST = 25


def handlers(assets: Assets) -> Handlers:
    """What is asked of schemas and of what they need."""
    schemas = Schemas(assets)
    return [
        ("GET", "/objectschema/list", schemas.listed),
        ("POST", "/objectschema/create", schemas.create),
        ("GET", "/objectschema/{id}", schemas.get),
        ("GET", "/config/statustype", schemas.statuses),
        ("POST", "/config/statustype", schemas.create_status),
        ("GET", "/config/referencetype", schemas.reference_types),
        ("POST", "/config/referencetype", schemas.create_reference_type),
        ("GET", "/icon/global", schemas.icons),
    ]


class Schemas:
    """Handlers."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    async def listed(self, request: web.Request) -> web.StreamResponse:
        """GET objectschema/list."""
        start = query_integer(request, "startAt", 0)
        size = min(query_integer(request, "maxResults", _MOST), _MOST)
        found = self._assets.all(ObjectKind.ASSET_SCHEMA)
        page: Body = {"startAt": start, "maxResults": size, "total": len(found)}
        page["values"] = [self.bean(each) for each in found[start : start + size]]
        page["isLast"] = start + size >= len(found)
        return self._assets.answer(page)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET objectschema/{id}."""
        found = self._assets.one(ObjectKind.ASSET_SCHEMA, request.match_info["id"])
        return self._assets.answer(self.bean(found))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST objectschema/create: name and key are taken once."""
        body = await read_object(request)
        name, key = required(body, "name"), required(body, "objectSchemaKey")
        if not _KEY.match(key):
            raise Refused(400, fields={"objectSchemaKey": "Capital letters and digits only."})
        for each in self._assets.all(ObjectKind.ASSET_SCHEMA):
            if key == each.body["key"]:
                raise Refused(400, fields={"objectSchemaKey": "The key is in use."})
            if name.casefold() == each.name.casefold():
                raise Refused(400, fields={"name": "The name is in use."})
        made = add_schema(self._assets, name, key, str(body.get("description") or ""))
        return self._assets.answer(self.bean(made), 201)

    async def statuses(self, request: web.Request) -> web.StreamResponse:
        """GET config/statustype: those for all schemas, or those of one."""
        wanted = query_integer(request, "objectSchemaId", 0)
        found = self._assets.all(ObjectKind.ASSET_STATUS, wanted)
        return self._assets.answer([status_bean(self._assets, each) for each in found])

    async def create_status(self, request: web.Request) -> web.StreamResponse:
        """POST config/statustype: a name once per schema."""
        body = await read_object(request)
        name, scope = required(body, "name"), int(body.get("objectSchemaId") or 0)
        if body.get("category") not in (0, 1, 2):
            raise Refused(400, fields={"category": "Only 0, 1 and 2 are categories."})
        if scope:
            self._assets.one(ObjectKind.ASSET_SCHEMA, scope)
        if self._assets.jira.objects.named(ObjectKind.ASSET_STATUS, name, scope) is not None:
            raise Refused(400, fields={"name": "The name is in use."})
        kept = {"description": str(body.get("description") or ""), "category": body["category"]}
        made = self._assets.jira.objects.add(ObjectKind.ASSET_STATUS, name, kept, project_id=scope)
        return self._assets.answer(status_bean(self._assets, made), 201)

    async def reference_types(self, _: web.Request) -> web.StreamResponse:
        """GET config/referencetype."""
        found = self._assets.all(ObjectKind.ASSET_REFERENCE_TYPE)
        return self._assets.answer([reference_type_bean(self._assets, each) for each in found])

    async def create_reference_type(self, request: web.Request) -> web.StreamResponse:
        """POST config/referencetype."""
        body = await read_object(request)
        name = required(body, "name")
        if self._assets.jira.objects.named(ObjectKind.ASSET_REFERENCE_TYPE, name) is not None:
            raise Refused(400, fields={"name": "The name is in use."})
        kept = {key: str(body.get(key) or "") for key in ("description", "color")}
        made = self._assets.jira.objects.add(ObjectKind.ASSET_REFERENCE_TYPE, name, kept)
        return self._assets.answer(reference_type_bean(self._assets, made), 201)

    async def icons(self, _: web.Request) -> web.StreamResponse:
        """GET icon/global."""
        numbers = range(1, len(ICONS) + 1)
        return self._assets.answer([icon_bean(self._assets, number) for number in numbers])

    def bean(self, schema: JiraObject) -> Body:
        """A schema."""
        types = self._assets.all(ObjectKind.ASSET_TYPE, schema.id)
        counts = [len(self._assets.all(ObjectKind.ASSET_OBJECT, each.id)) for each in types]
        return {
            **self._assets.identity(schema),
            "objectSchemaKey": schema.body["key"],
            "description": schema.body["description"],
            "status": "Ok",
            "created": schema.body["created"],
            "updated": schema.body["created"],
            "objectCount": sum(counts),
            "objectTypeCount": len(types),
            "canManage": True,
        }


def add_schema(assets: Assets, name: str, key: str, description: str = "") -> JiraObject:
    """Makes a schema."""
    body = {"key": key, "description": description, "created": assets.site.now()}
    return assets.jira.objects.add(ObjectKind.ASSET_SCHEMA, name, body)


def status_bean(assets: Assets, status: JiraObject) -> Body:
    """A status of objects."""
    own = {"objectSchemaId": str(status.project_id)} if status.project_id else {}
    kept = {key: status.body[key] for key in ("description", "category")}
    return {**assets.identity(status), **kept, **own}


def reference_type_bean(assets: Assets, found: JiraObject) -> Body:
    """A type of references."""
    return {**assets.identity(found), **found.body}
