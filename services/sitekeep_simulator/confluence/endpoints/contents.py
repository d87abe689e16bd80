"""Reading pages and blog posts: ``/wiki/api/v2/pages``, ``/blogposts`` and their lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import json_answer, query_flag, query_integer
from sitekeep_simulator.confluence import contents, labels, properties, shapes, spaces
from sitekeep_simulator.confluence.endpoints.requests import (
    V2,
    account_id,
    optional_list,
    visible,
)
from sitekeep_simulator.confluence.listing import (
    Filter,
    Listing,
    list_answer,
    path_id,
    query_ids,
    query_representation,
    query_statuses,
)
from sitekeep_simulator.confluence.schema import BLOG_POST, PAGE
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite
from sitekeep_simulator.store import Row

LISTING = Listing(
    shapes.CONTENT_SOURCE,
    {"id": "id", "created-date": "created_at", "modified-date": "modified_at", "title": "title"},
)
_LISTED = {
    PAGE: ("current", "archived", "deleted", "trashed"),
    BLOG_POST: ("current", "deleted", "trashed"),
}
_SHOWN = {
    PAGE: ("current", "archived", "trashed", "deleted", "historical", "draft"),
    BLOG_POST: ("current", "trashed", "deleted", "historical", "draft"),
}
_DEFAULT = {PAGE: ("current", "archived"), BLOG_POST: ("current",)}
_VERSIONS = Listing(
    "(SELECT content_id, number, number AS version, title, body, modified_at, modifier_id,"
    " message, minor_edit FROM confluence_version UNION ALL SELECT id, version, version, title,"
    " body, modified_at, modifier_id, message, minor_edit FROM confluence_content)",
    {"modified-date": "number"},
    key="number",
    default="-modified-date",
)


class ContentEndpoints:
    """Handlers of one site for pages or for blog posts."""

    def __init__(self, site: SimulatedSite, kind: str) -> None:
        self._site = site
        self._kind = kind
        self._plural = f"{kind}s"

    def routes(self) -> list[web.RouteDef]:
        """The routes that these handlers answer."""
        return [
            web.get(f"{V2}/{self._plural}", self.list_all),
            web.get(f"{V2}/{self._plural}/{{id}}", self.get),
            web.get(f"{V2}/{self._plural}/{{id}}/versions", self.versions),
            web.get(f"{V2}/spaces/{{id}}/{self._plural}", self.list_in_space),
            web.get(f"{V2}/labels/{{id}}/{self._plural}", self.list_with_label),
        ]

    async def list_all(self, request: web.Request) -> web.StreamResponse:
        """``getPages``, ``getBlogPosts``."""
        where = self._filter(request)
        if ids := query_ids(request, "id"):
            where.among("id", ids)
        if space_ids := query_ids(request, "space-id", 100):
            where.among("space_id", space_ids)
        if request.query.get("subtype") == "live":
            where.add("0")
        return self._answer(request, where)

    async def list_in_space(self, request: web.Request) -> web.StreamResponse:
        """``getPagesInSpace``, ``getBlogPostsInSpace``."""
        space = spaces.by_id(self._site, path_id(request), account_id(request))
        where = self._filter(request).add("space_id = ?", space["id"])
        depth = request.query.get("depth", "all")
        if depth not in ("all", "root"):
            raise Refused(400, f"Provided value {{{depth}}} for 'depth' is not supported.")
        if depth == "root":
            where.add("parent_id IS NULL")
        return self._answer(request, where)

    async def list_with_label(self, request: web.Request) -> web.StreamResponse:
        """``getLabelPages``, ``getLabelBlogPosts``."""
        label = labels.find(self._site, path_id(request))
        where = visible(request).add("kind = ?", self._kind).among("status", _DEFAULT[self._kind])
        where.add(
            "id IN (SELECT content_id FROM confluence_content_label WHERE label_id = ?)",
            label["id"],
        )
        if space_ids := query_ids(request, "space-id", 100):
            where.among("space_id", space_ids)
        return self._answer(request, where)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """``getPageById``, ``getBlogPostById``."""
        statuses = list(query_statuses(request, _SHOWN[self._kind], _DEFAULT[self._kind]))
        if query_flag(request, "get-draft"):
            statuses.append("draft")
        row = contents.find(self._site, self._kind, path_id(request), account_id(request), statuses)
        with_body = query_representation(request)
        shape = content_shape(self._site, row, with_body)
        if number := query_integer(request, "version", 0):
            _put_version(self._site, shape, row, number, with_body)
        return json_answer(self._site, shape | self._included(request, row))

    async def versions(self, request: web.Request) -> web.StreamResponse:
        """``getPageVersions``, ``getBlogPostVersions``."""
        row = contents.find(self._site, self._kind, path_id(request), account_id(request))
        with_body = query_representation(request)
        return list_answer(
            request,
            self._site,
            _VERSIONS,
            Filter().add("content_id = ?", row["id"]),
            lambda found: shapes.kept_version(found, self._kind, with_body),
        )

    def _filter(self, request: web.Request) -> Filter:
        where = visible(request).add("kind = ?", self._kind)
        where.among("status", query_statuses(request, _LISTED[self._kind], _DEFAULT[self._kind]))
        if title := request.query.get("title", ""):
            where.add("title = ?", title)
        return where

    def _answer(self, request: web.Request, where: Filter) -> web.Response:
        with_body = query_representation(request)
        return list_answer(
            request, self._site, LISTING, where, lambda row: shapes.content(row, with_body)
        )

    def _included(self, request: web.Request, row: Row) -> dict[str, Any]:
        included: dict[str, Any] = {}
        for name, read in (
            ("labels", self._labels),
            ("properties", self._properties),
            ("versions", self._versions),
            ("likes", _nothing),
            ("operations", _nothing),
        ):
            if query_flag(request, f"include-{name}"):
                included[name] = optional_list(list(read(row)), f"{request.path}/{name}")
        return included

    def _labels(self, row: Row) -> Sequence[dict[str, Any]]:
        return [shapes.label(each) for each in labels.of(self._site, row["id"])]

    def _properties(self, row: Row) -> Sequence[dict[str, Any]]:
        found = properties.of(self._site, properties.CONTENT, row["id"], 51)
        return [shapes.content_property(each) for each in found]

    def _versions(self, row: Row) -> Sequence[dict[str, Any]]:
        found = self._site.store.rows(
            f"SELECT * FROM {_VERSIONS.source} WHERE content_id = ? ORDER BY number DESC LIMIT 51",
            (row["id"],),
        )
        return [shapes.version(each) for each in found]


def _nothing(_: Row) -> Sequence[dict[str, Any]]:
    return []


def content_shape(site: SimulatedSite, row: Row, with_body: bool) -> dict[str, Any]:
    """A single page or blog post: ``PageSingle``, ``BlogPostSingle``."""
    key = site.store.value("SELECT key FROM confluence_space WHERE id = ?", (row["space_id"],))
    shape = shapes.content({**dict(row), "space_key": key}, with_body)
    shape["_links"]["base"] = f"{site.placeholder}/wiki"
    return shape


def _put_version(
    site: SimulatedSite, shape: dict[str, Any], row: Row, number: int, with_body: bool
) -> None:
    if number == row["version"]:
        return
    found = site.store.row(
        f"SELECT * FROM {_VERSIONS.source} WHERE content_id = ? AND number = ?",
        (row["id"], number),
    )
    if found is None:
        raise Refused(404, f"There is no version {number}.")
    shape |= {"title": found["title"], "version": shapes.version(found), "status": "historical"}
    if with_body:
        shape["body"]["storage"]["value"] = found["body"]
