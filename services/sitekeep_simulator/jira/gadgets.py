"""Gadgets on dashboards, and the properties in which they keep their settings."""

from __future__ import annotations

import dataclasses
from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import (
    PROPERTY_KEY,
    caller,
    json_answer,
    object_in,
    read_json,
    read_object,
)
from sitekeep_simulator.jira.dashboards import Dashboards
from sitekeep_simulator.jira.objects import Body, JiraObject
from sitekeep_simulator.jira.state import API, Jira
from sitekeep_simulator.refusals import Refused

_COLOURS = ("blue", "red", "yellow", "green", "cyan", "purple", "gray", "white")
_MOST_GADGETS = 20


def routes(jira: Jira) -> list[web.RouteDef]:
    """The routes of gadgets."""
    gadgets = GadgetRoutes(jira)
    one = f"{API}/dashboard/{{dashboardId}}"
    properties = f"{one}/items/{{itemId}}/properties"
    return [
        web.get(f"{one}/gadget", gadgets.all),
        web.post(f"{one}/gadget", gadgets.add),
        web.get(properties, gadgets.keys),
        web.get(f"{properties}/{PROPERTY_KEY}", gadgets.get_property),
        web.put(f"{properties}/{PROPERTY_KEY}", gadgets.set_property),
    ]


class GadgetRoutes:
    """Handlers."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira
        self._dashboards = Dashboards(jira)

    async def all(self, request: web.Request) -> web.StreamResponse:
        """GET dashboard/{id}/gadget."""
        found = self._seen(request)
        beans = [_bean(each) for each in found.body["gadgets"]]
        return json_answer(self._jira.site, {"gadgets": beans})

    async def add(self, request: web.Request) -> web.StreamResponse:
        """POST dashboard/{id}/gadget: those below it in its column move down."""
        body = await read_object(request)
        found = self._owned(request)
        gadgets: list[Body] = found.body["gadgets"]
        if len(gadgets) >= _MOST_GADGETS:
            raise Refused(400, "The dashboard has as many gadgets as it can have.")
        added = self._gadget(body)
        moved = [_made_room(each, added) for each in gadgets]
        self._store(found, sorted([*moved, added], key=_place))
        return json_answer(self._jira.site, _bean(added))

    def _gadget(self, body: Body) -> Body:
        given = [name for name in ("moduleKey", "uri") if body.get(name)]
        if len(given) != 1:
            raise Refused(400, fields={"uri": "Exactly one of moduleKey and uri is needed."})
        if body.get("color", "blue") not in _COLOURS:
            raise Refused(400, fields={"color": "The color is not one of the known ones."})
        place = object_in(body, "position")
        return {
            "id": self._jira.store.next_id("jira.gadget"),
            given[0]: str(body[given[0]]),
            "title": str(body.get("title") or given[0]),
            "color": body.get("color", "blue"),
            "position": {"column": int(place.get("column", 0)), "row": int(place.get("row", 0))},
            "properties": {},
        }

    async def keys(self, request: web.Request) -> web.StreamResponse:
        """GET dashboard/{id}/items/{item}/properties."""
        gadget = self._gadget_of(request, self._seen(request))
        url = f"/dashboard/{request.match_info['dashboardId']}/items/{gadget['id']}/properties/"
        listed = [{"key": key, "self": self._jira.url(url + key)} for key in gadget["properties"]]
        return json_answer(self._jira.site, {"keys": listed})

    async def get_property(self, request: web.Request) -> web.StreamResponse:
        """GET dashboard/{id}/items/{item}/properties/{key}."""
        gadget = self._gadget_of(request, self._seen(request))
        key = request.match_info["propertyKey"]
        if key not in gadget["properties"]:
            raise Refused(404, "The property does not exist.")
        return json_answer(self._jira.site, {"key": key, "value": gadget["properties"][key]})

    async def set_property(self, request: web.Request) -> web.StreamResponse:
        """PUT dashboard/{id}/items/{item}/properties/{key}."""
        value: Any = await read_json(request)
        found = self._owned(request)
        gadget = self._gadget_of(request, found)
        key = request.match_info["propertyKey"]
        properties = gadget["properties"] | {key: value}
        changed = gadget | {"properties": properties}
        others = [each for each in found.body["gadgets"] if each["id"] != gadget["id"]]
        self._store(found, sorted([*others, changed], key=_place))
        return json_answer(self._jira.site, {}, 200 if key in gadget["properties"] else 201)

    def _store(self, found: JiraObject, gadgets: list[Body]) -> None:
        changed = dataclasses.replace(found, body=found.body | {"gadgets": gadgets})
        self._jira.objects.put(changed)

    def _seen(self, request: web.Request) -> JiraObject:
        return self._dashboards.seen(request.match_info["dashboardId"], caller(request))

    def _owned(self, request: web.Request) -> JiraObject:
        return self._dashboards.owned(request.match_info["dashboardId"], caller(request))

    @staticmethod
    def _gadget_of(request: web.Request, found: JiraObject) -> Body:
        wanted = request.match_info["itemId"]
        for gadget in found.body["gadgets"]:
            if str(gadget["id"]) == wanted:
                return dict(gadget)
        raise Refused(404, "The dashboard item does not exist.")


def _bean(gadget: Body) -> Body:
    return {name: value for name, value in gadget.items() if name != "properties"}


def _place(gadget: Body) -> tuple[int, int]:
    return gadget["position"]["column"], gadget["position"]["row"]


def _made_room(gadget: Body, added: Body) -> Body:
    (column, row), (new_column, new_row) = _place(gadget), _place(added)
    if column != new_column or row < new_row:
        return gadget
    return gadget | {"position": {"column": column, "row": row + 1}}
