"""``/wiki/api/v2/spaces``: lists, single spaces, creation."""

from __future__ import annotations

from aiohttp import web

from sitekeep_simulator.answers import json_answer, query_flag, query_list, read_object
from sitekeep_simulator.confluence import properties, shapes, spaces
from sitekeep_simulator.confluence.endpoints.requests import (
    V2,
    account_id,
    object_of,
    optional_list,
    text_of,
)
from sitekeep_simulator.confluence.listing import (
    Filter,
    Listing,
    list_answer,
    path_id,
    query_ids,
    query_statuses,
)
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite

_LISTING = Listing("confluence_space", {"id": "id", "key": "key", "name": "name"})
_TYPES = (
    "global",
    "collaboration",
    "knowledge_base",
    "personal",
    "system",
    "onboarding",
    "xflow_sample_space",
)


class SpaceEndpoints:
    """Handlers of one site."""

    def __init__(self, site: SimulatedSite) -> None:
        self._site = site

    def routes(self) -> list[web.RouteDef]:
        """The routes that these handlers answer."""
        return [
            web.get(f"{V2}/spaces", self.list_all),
            web.post(f"{V2}/spaces", self.create),
            web.get(f"{V2}/spaces/{{id}}", self.get),
            web.get(f"{V2}/space-role-mode", self.role_mode),
        ]

    async def list_all(self, request: web.Request) -> web.StreamResponse:
        """``getSpaces``."""
        form, icon = _description(request), query_flag(request, "include-icon")
        return list_answer(
            request,
            self._site,
            _LISTING,
            _filter(request),
            lambda row: shapes.space(row, description=form, icon=icon),
        )

    async def get(self, request: web.Request) -> web.StreamResponse:
        """``getSpaceById``."""
        row = spaces.by_id(self._site, path_id(request), account_id(request))
        shape = shapes.space(
            row, description=_description(request), icon=query_flag(request, "include-icon")
        )
        del shape["currentActiveAlias"]
        if query_flag(request, "include-properties"):
            found = properties.of(self._site, properties.SPACE, row["id"], 51)
            shape["properties"] = optional_list(
                [shapes.space_property(each) for each in found], f"{request.path}/properties"
            )
        shape["_links"]["base"] = f"{self._site.placeholder}/wiki"
        return json_answer(self._site, shape)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """``createSpace``."""
        body = await read_object(request)
        row = spaces.create_space(
            self._site,
            account_id(request),
            key=text_of(body, "key") or text_of(body, "alias"),
            name=text_of(body, "name"),
            description=text_of(object_of(body, "description"), "value"),
            private=body.get("createPrivateSpace") is True,
        )
        shape = shapes.space(row, description="plain")
        shape["_links"]["base"] = f"{self._site.placeholder}/wiki"
        return json_answer(self._site, shape, 201)

    async def role_mode(self, _: web.Request) -> web.StreamResponse:
        """``getSpaceRoleMode``: spaces can be made through v1 and v2 alike."""
        return json_answer(self._site, {"mode": "ROLES"})


def _description(request: web.Request) -> str:
    form = request.query.get("description-format", "")
    if form not in ("", "plain", "view"):
        raise Refused(400, f"Provided value {{{form}}} for 'description-format' is not supported.")
    return form


def _filter(request: web.Request) -> Filter:
    where = Filter().add("private_to IN ('', ?)", account_id(request))
    statuses = query_statuses(request, ("current", "archived"), ("current", "archived"))
    where.among("status", statuses)
    if ids := query_ids(request, "ids"):
        where.among("id", ids)
    if keys := query_list(request, "keys"):
        where.among("key", keys)
    if kind := request.query.get("type", ""):
        if kind not in _TYPES:
            raise Refused(400, f"Provided value {{{kind}}} for 'type' is not supported.")
        where.add("type = ?", kind)
    return where
