"""Writing pages and blog posts: ``POST``, ``PUT`` and ``DELETE`` of v2."""

from __future__ import annotations

import datetime
import re
from typing import Any

from aiohttp import web

from sitekeep_simulator.answers import json_answer, no_content, query_flag, read_object
from sitekeep_simulator.confluence import contents, page_tree, spaces
from sitekeep_simulator.confluence.contents import ContentChange, ContentDraft
from sitekeep_simulator.confluence.endpoints.contents import content_shape
from sitekeep_simulator.confluence.endpoints.requests import (
    V2,
    account_id,
    object_of,
    storage_body,
    text_of,
)
from sitekeep_simulator.confluence.listing import content_id, path_id
from sitekeep_simulator.confluence.schema import PAGE
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite
from sitekeep_simulator.store import Row

_LARGEST_BODY = 5 * 1024 * 1024
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_ANY_STATUS = ("current", "archived", "trashed", "draft")


class ContentWrites:
    """Handlers of one site for pages or for blog posts."""

    def __init__(self, site: SimulatedSite, kind: str) -> None:
        self._site = site
        self._kind = kind

    def routes(self) -> list[web.RouteDef]:
        """The routes that these handlers answer."""
        return [
            web.post(f"{V2}/{self._kind}s", self.create),
            web.put(f"{V2}/{self._kind}s/{{id}}", self.update),
            web.delete(f"{V2}/{self._kind}s/{{id}}", self.delete),
        ]

    async def create(self, request: web.Request) -> web.StreamResponse:
        """``createPage``, ``createBlogPost``."""
        body = await _small_object(request)
        own = account_id(request)
        space = spaces.by_id(self._site, content_id(body.get("spaceId"), "spaceId"), own)
        draft = ContentDraft(
            self._kind,
            space["id"],
            text_of(body, "title"),
            storage_body(body.get("body")),
            self._parent(request, body, space),
            _status(body),
            query_flag(request, "private"),
            _created_at(body) if self._kind != PAGE else "",
        )
        return self._answer(contents.insert(self._site, own, draft), own)

    async def update(self, request: web.Request) -> web.StreamResponse:
        """``updatePage``, ``updateBlogPost``."""
        body = await _small_object(request)
        own = account_id(request)
        old = contents.find(self._site, self._kind, path_id(request), own, _ANY_STATUS)
        _check_update(old, body)
        parent_id = self._moved_to(body, old, own)
        new = ContentChange(
            text_of(body, "title"),
            storage_body(body.get("body")),
            text_of(object_of(body, "version"), "message"),
            _status(body),
            self._owner(body),
            parent_id,
            _created_at(body) if self._kind != PAGE else "",
        )
        contents.change(self._site, own, old, new)
        return self._answer(old["id"], own)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """``deletePage``, ``deleteBlogPost``: into the trash, or out of it for good."""
        purge, draft = query_flag(request, "purge"), query_flag(request, "draft")
        statuses = ("draft",) if draft else ("trashed",) if purge else ("current", "archived")
        own = account_id(request)
        found = contents.find(self._site, self._kind, path_id(request), own, statuses)
        with self._site.store.transaction():
            if purge or draft:
                contents.purge(self._site, found["id"])
            else:
                contents.set_status(self._site, found, "trashed")
        return no_content()

    def _parent(self, request: web.Request, body: dict[str, Any], space: Row) -> int | None:
        if self._kind != PAGE:
            return None
        at_root = query_flag(request, "root-level")
        if not body.get("parentId"):
            home: int | None = space["homepage_id"]
            return None if at_root else home
        if at_root:
            raise Refused(400, "A page at the root level has no parentId.")
        parent = self._parent_page(body["parentId"], space["id"], account_id(request))
        return int(parent["id"])

    def _parent_page(self, text: Any, space_id: int, own: str) -> Row:
        parent = contents.find(self._site, PAGE, content_id(text, "parentId"), own, ("current",))
        if parent["space_id"] != space_id:
            raise Refused(400, "The parent page is in another space.")
        return parent

    def _moved_to(self, body: dict[str, Any], old: Row, own: str) -> int | None:
        if self._kind != PAGE or not body.get("parentId"):
            return None
        parent = self._parent_page(body["parentId"], old["space_id"], own)
        page_tree.check_no_loop(self._site, old["id"], parent["id"])
        return int(parent["id"])

    def _owner(self, body: dict[str, Any]) -> str:
        owner_id = text_of(body, "ownerId") if self._kind == PAGE else ""
        if owner_id and self._site.accounts.get(owner_id) is None:
            raise Refused(400, f"There is no user with the account id {owner_id}")
        return owner_id

    def _answer(self, new_id: int, own: str) -> web.Response:
        row = contents.find(self._site, self._kind, new_id, own, _ANY_STATUS)
        return json_answer(self._site, content_shape(self._site, row, True))


async def _small_object(request: web.Request) -> dict[str, Any]:
    if len(await request.read()) > _LARGEST_BODY:
        raise Refused(413, "The request is too large: at most 5 MB.")
    return await read_object(request)


def _status(body: dict[str, Any]) -> str:
    status = text_of(body, "status", "current")
    if status not in ("current", "draft"):
        raise Refused(400, f"Provided value {{{status}}} for 'status' is not supported.")
    return status


def _created_at(body: dict[str, Any]) -> str:
    text = text_of(body, "createdAt")
    if not text:
        return ""
    if _TIME.fullmatch(text) is None:
        raise Refused(400, "createdAt must have the form yyyy-MM-ddTHH:mm:ss.SSSZ.")
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(400, f"createdAt is no date: {text}") from error
    return text


def _check_update(old: Row, body: dict[str, Any]) -> None:
    if old["status"] == "archived":
        raise Refused(400, "Archived content cannot be changed.")
    missing = [name for name in ("id", "status", "title", "body", "version") if name not in body]
    if missing:
        raise Refused(400, f"Missing required fields: {', '.join(missing)}")
    if str(body["id"]) != str(old["id"]):
        raise Refused(400, "The id in the body is not the id in the path.")
    if body.get("spaceId") not in (None, str(old["space_id"])):
        raise Refused(400, "An update cannot change the space.")
    if body["status"] == "draft" and old["status"] != "draft":
        raise Refused(400, "Published content cannot become a draft.")
    number = object_of(body, "version").get("number")
    wanted = 1 if old["status"] == "draft" else old["version"] + 1
    if number != wanted:
        raise Refused(
            409,
            "Version must be incremented when updating a page. "
            f"Current version: [{old['version']}]. Provided version: [{number}]",
        )
