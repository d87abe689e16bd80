"""Labels: lists of v2, additions and removals of v1."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import json_answer, no_content, query_list, read_json
from sitekeep_simulator.confluence import contents, labels, shapes, shapes_v1
from sitekeep_simulator.confluence.endpoints.requests import (
    V1,
    V2,
    account_id,
    as_list,
    as_object,
    text_of,
)
from sitekeep_simulator.confluence.listing import (
    Filter,
    Listing,
    list_answer,
    path_id,
    query_ids,
)
from sitekeep_simulator.confluence.schema import BLOG_POST, PAGE
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite

_ORDERS = {"id": "id", "name": "name", "created-date": "id"}
_ALL = Listing("confluence_label", _ORDERS)
_OF_CONTENT = Listing(labels.SOURCE, _ORDERS)
_MOST = 200


class LabelEndpoints:
    """Handlers of one site."""

    def __init__(self, site: SimulatedSite) -> None:
        self._site = site

    def routes(self) -> list[web.RouteDef]:
        """The routes that these handlers answer."""
        return [
            web.get(f"{V2}/labels", self.list_all),
            web.get(f"{V2}/pages/{{id}}/labels", self.list_of_page),
            web.get(f"{V2}/blogposts/{{id}}/labels", self.list_of_blog_post),
            web.post(f"{V1}/content/{{id}}/label", self.add),
            web.delete(f"{V1}/content/{{id}}/label", self.remove),
        ]

    async def list_all(self, request: web.Request) -> web.StreamResponse:
        """``getLabels``: those in use."""
        where = Filter().add(
            "EXISTS (SELECT 1 FROM confluence_content_label m WHERE m.label_id = id)"
        )
        if ids := query_ids(request, "label-id"):
            where.among("id", ids)
        return self._answer(request, _ALL, where)

    async def list_of_page(self, request: web.Request) -> web.StreamResponse:
        """``getPageLabels``."""
        return self._of_content(request, PAGE)

    async def list_of_blog_post(self, request: web.Request) -> web.StreamResponse:
        """``getBlogPostLabels``."""
        return self._of_content(request, BLOG_POST)

    async def add(self, request: web.Request) -> web.StreamResponse:
        """``addLabelsToContent``."""
        container = contents.find_any(
            self._site, path_id(request), account_id(request), ("current", "archived", "draft")
        )
        given = _given(await read_json(request))
        labels.add(self._site, container["id"], given)
        found = labels.of(self._site, container["id"])
        body = {
            "results": [shapes_v1.label(row) for row in found],
            "start": 0,
            "limit": _MOST,
            "size": len(found),
            "_links": {"base": f"{self._site.placeholder}/wiki", "context": "/wiki"},
        }
        return json_answer(self._site, body)

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """``removeLabelFromContentUsingQueryParameter``."""
        container = contents.find_any(self._site, path_id(request), account_id(request))
        labels.remove(self._site, container["id"], request.query.get("name", ""))
        return no_content()

    def _of_content(self, request: web.Request, kind: str) -> web.Response:
        container = contents.find(self._site, kind, path_id(request), account_id(request))
        return self._answer(request, _OF_CONTENT, Filter().add("content_id = ?", container["id"]))

    def _answer(self, request: web.Request, listing: Listing, where: Filter) -> web.Response:
        if prefixes := query_list(request, "prefix"):
            if not set(prefixes) <= set(labels.PREFIXES):
                raise Refused(400, "The prefix is not supported.")
            where.among("prefix", prefixes)
        return list_answer(request, self._site, listing, where, shapes.label)


def _given(body: Any) -> list[tuple[str, str]]:
    alone = isinstance(body, dict)
    given: list[Any] = [body] if alone else as_list(body, "The list of labels", _MOST)
    objects = [as_object(each, "A label") for each in given]
    return [(text_of(each, "prefix", "global"), text_of(each, "name")) for each in objects]
