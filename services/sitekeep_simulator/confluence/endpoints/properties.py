"""Properties of pages, blog posts, comments and spaces (v2)."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from sitekeep_simulator.answers import json_answer, no_content, read_object
from sitekeep_simulator.confluence import comments, contents, properties, shapes, spaces
from sitekeep_simulator.confluence.endpoints.requests import V2, account_id, object_of
from sitekeep_simulator.confluence.listing import Filter, Listing, list_answer, path_id
from sitekeep_simulator.confluence.schema import BLOG_POST, FOOTER, INLINE, PAGE
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite
from sitekeep_simulator.store import Row

_SOURCE = "(SELECT *, 0 AS minor_edit FROM confluence_property)"
_LISTING = Listing(_SOURCE, {"id": "id", "key": "key"})
_FindOwner = Callable[[SimulatedSite, int, str], Row]


def _page(site: SimulatedSite, owner_id: int, own: str) -> Row:
    return contents.find(site, PAGE, owner_id, own, ("current", "archived", "trashed", "draft"))


def _blog_post(site: SimulatedSite, owner_id: int, own: str) -> Row:
    return contents.find(site, BLOG_POST, owner_id, own, ("current", "trashed", "draft"))


def _comment(site: SimulatedSite, owner_id: int, own: str) -> Row:
    kind = site.store.value("SELECT kind FROM confluence_comment WHERE id = ?", (owner_id,))
    if kind not in (FOOTER, INLINE):
        raise Refused(404, f"Could not find comment with id: {owner_id}")
    return comments.find(site, kind, owner_id, own)


class PropertyEndpoints:
    """Handlers of one site for the properties of one kind of owner."""

    def __init__(
        self, site: SimulatedSite, plural: str, parameter: str, owner_kind: str, find: _FindOwner
    ) -> None:
        self._site = site
        self._path = f"{V2}/{plural}/{{{parameter}}}/properties"
        self._parameter = parameter
        self._owner_kind = owner_kind
        self._find = find

    def routes(self) -> list[web.RouteDef]:
        """The routes that these handlers answer."""
        one = f"{self._path}/{{propertyId}}"
        return [
            web.get(self._path, self.list_all),
            web.post(self._path, self.create),
            web.get(one, self.get),
            web.put(one, self.update),
            web.delete(one, self.delete),
        ]

    async def list_all(self, request: web.Request) -> web.StreamResponse:
        """``getPageContentProperties`` and its kin."""
        owner = self._owner(request)
        where = Filter().add("owner_kind = ? AND owner_id = ?", self._owner_kind, owner["id"])
        if key := request.query.get("key", ""):
            where.add("key = ?", key)
        return list_answer(request, self._site, _LISTING, where, self._shape)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """``createPageProperty`` and its kin."""
        owner, body = self._owner(request), await read_object(request)
        row = properties.add(
            self._site,
            account_id(request),
            self._owner_kind,
            owner["id"],
            body.get("key"),
            body.get("value"),
        )
        created = 201 if self._owner_kind == properties.SPACE else 200
        return json_answer(self._site, self._shape(row), created)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """``getPageContentPropertiesById`` and its kin."""
        return json_answer(self._site, self._shape(self._property(request)))

    async def update(self, request: web.Request) -> web.StreamResponse:
        """``updatePagePropertyById`` and its kin."""
        old, body = self._property(request), await read_object(request)
        properties.change(
            self._site,
            account_id(request),
            old,
            body.get("key"),
            body.get("value"),
            object_of(body, "version"),
        )
        return json_answer(self._site, self._shape(self._property(request)))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """``deletePagePropertyById`` and its kin."""
        properties.delete(self._site, self._property(request)["id"])
        return no_content()

    def _owner(self, request: web.Request) -> Row:
        return self._find(self._site, path_id(request, self._parameter), account_id(request))

    def _property(self, request: web.Request) -> Row:
        owner = self._owner(request)
        return properties.find(
            self._site, self._owner_kind, owner["id"], path_id(request, "propertyId")
        )

    def _shape(self, row: Row) -> dict[str, object]:
        if self._owner_kind == properties.SPACE:
            return shapes.space_property(row)
        return shapes.content_property(row)


def property_endpoints(site: SimulatedSite) -> list[PropertyEndpoints]:
    """The handlers for every kind of owner."""
    return [
        PropertyEndpoints(site, "pages", "pageId", properties.CONTENT, _page),
        PropertyEndpoints(site, "blogposts", "blogPostId", properties.CONTENT, _blog_post),
        PropertyEndpoints(site, "comments", "commentId", properties.COMMENT, _comment),
        PropertyEndpoints(site, "spaces", "spaceId", properties.SPACE, spaces.by_id),
    ]
