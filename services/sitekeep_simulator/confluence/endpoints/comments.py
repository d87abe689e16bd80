"""Footer and inline comments of v2: lists (of roots only), replies, single ones, writes."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import json_answer, no_content, query_flag, query_list, read_object
from sitekeep_simulator.confluence import comments, contents, properties, shapes
from sitekeep_simulator.confluence.comments import Selection
from sitekeep_simulator.confluence.endpoints.requests import (
    V2,
    account_id,
    object_of,
    optional_list,
    storage_body,
    text_of,
    visible,
)
from sitekeep_simulator.confluence.listing import (
    Filter,
    Listing,
    content_id,
    list_answer,
    path_id,
    query_representation,
)
from sitekeep_simulator.confluence.schema import BLOG_POST, INLINE, PAGE
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite
from sitekeep_simulator.store import Row

_LISTING = Listing(
    shapes.COMMENT_SOURCE,
    {"id": "id", "created-date": "created_at", "modified-date": "modified_at"},
)
_RESOLUTIONS = ("resolved", "open", "dangling", "reopened")


class CommentEndpoints:
    """Handlers of one site for footer or for inline comments."""

    def __init__(self, site: SimulatedSite, kind: str) -> None:
        self._site = site
        self._kind = kind

    def routes(self) -> list[web.RouteDef]:
        """The routes that these handlers answer."""
        path = f"{V2}/{self._kind}-comments"
        return [
            web.get(path, self.list_all),
            web.post(path, self.create),
            web.get(f"{path}/{{commentId}}", self.get),
            web.put(f"{path}/{{commentId}}", self.update),
            web.delete(f"{path}/{{commentId}}", self.delete),
            web.get(f"{path}/{{id}}/children", self.children),
            web.get(f"{V2}/pages/{{id}}/{self._kind}-comments", self.list_of_page),
            web.get(f"{V2}/blogposts/{{id}}/{self._kind}-comments", self.list_of_blog_post),
        ]

    async def list_all(self, request: web.Request) -> web.StreamResponse:
        """``getFooterComments``, ``getInlineComments``: roots on content that is not trashed."""
        where = self._roots(request).among("container_status", ("current", "archived"))
        return self._answer(request, where)

    async def list_of_page(self, request: web.Request) -> web.StreamResponse:
        """``getPageFooterComments``, ``getPageInlineComments``."""
        return self._of_container(request, PAGE)

    async def list_of_blog_post(self, request: web.Request) -> web.StreamResponse:
        """``getBlogPostFooterComments``, ``getBlogPostInlineComments``."""
        return self._of_container(request, BLOG_POST)

    async def children(self, request: web.Request) -> web.StreamResponse:
        """``getFooterCommentChildren``, ``getInlineCommentChildren``: the direct replies."""
        parent = comments.find(self._site, self._kind, path_id(request), account_id(request))
        return self._answer(request, visible(request).add("parent_id = ?", parent["id"]))

    async def get(self, request: web.Request) -> web.StreamResponse:
        """``getFooterCommentById``, ``getInlineCommentById``."""
        shape = self._single(request, path_id(request, "commentId"), query_representation(request))
        if query_flag(request, "include-properties"):
            found = properties.of(self._site, properties.COMMENT, int(shape["id"]), 51)
            shape["properties"] = shape.get("properties", {}) | optional_list(
                [shapes.content_property(each) for each in found], f"{request.path}/properties"
            )
        return json_answer(self._site, shape)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """``createFooterComment``, ``createInlineComment``."""
        body = await read_object(request)
        named = [name for name in ("pageId", "blogPostId", "parentCommentId") if body.get(name)]
        if len(named) != 1:
            raise Refused(400, "Give one of pageId, blogPostId and parentCommentId.")
        new_id = self._create(request, named[0], body)
        answer = json_answer(self._site, self._single(request, new_id, True), 201)
        answer.headers["Location"] = f"{V2}/{self._kind}-comments/{new_id}"
        return answer

    async def update(self, request: web.Request) -> web.StreamResponse:
        """``updateFooterComment``, ``updateInlineComment``."""
        own = account_id(request)
        old = comments.find(self._site, self._kind, path_id(request, "commentId"), own)
        body = await read_object(request)
        version = object_of(body, "version")
        if version.get("number") != old["version"] + 1:
            raise Refused(409, f"Version must be incremented. Current version: {old['version']}")
        text = storage_body(body["body"]) if body.get("body") is not None else None
        with self._site.store.transaction():
            if self._kind == INLINE and isinstance(body.get("resolved"), bool):
                comments.resolve(self._site, own, old, body["resolved"])
            comments.update(self._site, own, old, text, text_of(version, "message"))
        return json_answer(self._site, self._single(request, old["id"], True))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """``deleteFooterComment``, ``deleteInlineComment``: for good."""
        comment_id = path_id(request, "commentId")
        found = comments.find(self._site, self._kind, comment_id, account_id(request))
        comments.delete(self._site, found)
        return no_content()

    def _create(self, request: web.Request, name: str, body: dict[str, Any]) -> int:
        own, text = account_id(request), storage_body(body.get("body"))
        target = content_id(body[name], name)
        if not text:
            raise Refused(400, "A comment has a body.")
        if name == "parentCommentId":
            parent = comments.find(self._site, self._kind, target, own)
            return comments.reply(self._site, own, parent, text)
        kind = PAGE if name == "pageId" else BLOG_POST
        contents.find(self._site, kind, target, own, ("current", "archived"))
        return comments.comment_on(self._site, own, self._kind, target, text, _selection(body))

    def _of_container(self, request: web.Request, kind: str) -> web.Response:
        container = contents.find(self._site, kind, path_id(request), account_id(request))
        where = self._roots(request).add("container_id = ?", container["id"])
        if self._kind == INLINE and (wanted := query_list(request, "resolution-status")):
            if not set(wanted) <= set(_RESOLUTIONS):
                raise Refused(400, "The resolution-status is not supported.")
            where.among("resolution", wanted)
        return self._answer(request, where)

    def _roots(self, request: web.Request) -> Filter:
        return visible(request).add("kind = ? AND parent_id IS NULL", self._kind)

    def _answer(self, request: web.Request, where: Filter) -> web.Response:
        with_body = query_representation(request)
        return list_answer(
            request, self._site, _LISTING, where, lambda row: shapes.comment(row, with_body)
        )

    def _single(self, request: web.Request, comment_id: int, with_body: bool) -> dict[str, Any]:
        comments.find(self._site, self._kind, comment_id, account_id(request))
        row: Row | None = self._site.store.row(
            f"SELECT * FROM {shapes.COMMENT_SOURCE} WHERE id = ?", (comment_id,)
        )
        if row is None:
            raise Refused(404, f"Could not find comment with id: {comment_id}")
        shape = shapes.comment(row, with_body)
        shape["_links"]["base"] = f"{self._site.placeholder}/wiki"
        return shape


def _selection(body: dict[str, Any]) -> Selection | None:
    given = object_of(body, "inlineCommentProperties")
    if not given:
        return None
    count, index = given.get("textSelectionMatchCount"), given.get("textSelectionMatchIndex")
    if not isinstance(count, int) or not isinstance(index, int):
        raise Refused(400, "textSelectionMatchCount and textSelectionMatchIndex are integers.")
    return Selection(text_of(given, "textSelection"), count, index)
