"""Attachments: lists of v2, uploads and downloads of v1."""

from __future__ import annotations

import mimetypes
from typing import Any

from aiohttp import BodyPartReader, web

from sitekeep_simulator.answers import (
    json_answer,
    no_content,
    query_flag,
    query_integer,
)
from sitekeep_simulator.confluence import attachments, contents, shapes, shapes_v1
from sitekeep_simulator.confluence.attachments import Upload
from sitekeep_simulator.confluence.endpoints.requests import V1, V2, account_id, visible
from sitekeep_simulator.confluence.listing import (
    Filter,
    Listing,
    content_id,
    list_answer,
    path_id,
    query_statuses,
)
from sitekeep_simulator.confluence.schema import BLOG_POST, PAGE
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.site import SimulatedSite

_LISTING = Listing(
    attachments.SOURCE,
    {"id": "id", "created-date": "created_at", "modified-date": "modified_at"},
)
_DEFAULT_LIMIT = 50
_STATUSES = ("current", "archived", "trashed")
_NO_CHECK = frozenset({"nocheck", "no-check"})
_LARGEST_FIELD = 1 << 16


class AttachmentEndpoints:
    """Handlers of one site."""

    def __init__(self, site: SimulatedSite) -> None:
        self._site = site

    def routes(self) -> list[web.RouteDef]:
        """The routes that these handlers answer."""
        path = f"{V1}/content/{{id}}/child/attachment"
        return [
            web.get(f"{V2}/attachments", self.list_all),
            web.get(f"{V2}/attachments/{{id}}", self.get),
            web.delete(f"{V2}/attachments/{{id}}", self.delete),
            web.get(f"{V2}/pages/{{id}}/attachments", self.list_of_page),
            web.get(f"{V2}/blogposts/{{id}}/attachments", self.list_of_blog_post),
            web.put(path, self.create_or_update),
            web.post(path, self.create),
            web.post(f"{path}/{{attachmentId}}/data", self.update_data),
            web.get(f"{path}/{{attachmentId}}/download", self.download),
            web.get("/wiki/download/{tail:.*}", self.servlet),
        ]

    async def list_all(self, request: web.Request) -> web.StreamResponse:
        """``getAttachments``."""
        return self._answer(request, visible(request))

    async def list_of_page(self, request: web.Request) -> web.StreamResponse:
        """``getPageAttachments``."""
        return self._of_container(request, PAGE)

    async def list_of_blog_post(self, request: web.Request) -> web.StreamResponse:
        """``getBlogpostAttachments``."""
        return self._of_container(request, BLOG_POST)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """``getAttachmentById``."""
        row = attachments.find(self._site, request.match_info["id"], account_id(request))
        shape = shapes.attachment(row)
        shape["_links"]["base"] = f"{self._site.placeholder}/wiki"
        return json_answer(self._site, shape)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """``deleteAttachment``."""
        row = attachments.find(self._site, request.match_info["id"], account_id(request))
        attachments.delete(self._site, row, query_flag(request, "purge"))
        return no_content()

    async def download(self, request: web.Request) -> web.StreamResponse:
        """``downloadAttatchment``: to the media host, with a token in the query."""
        statuses = query_statuses(request, _STATUSES, ("current",))
        attachment_id = request.match_info["attachmentId"]
        row = attachments.find(self._site, attachment_id, account_id(request), statuses)
        if row["container_id"] != path_id(request):
            raise Refused(404, "The content has no such attachment.")
        number = query_integer(request, "version", row["version"])
        location = self._site.media_location(attachments.media_of(self._site, row, number))
        return web.Response(status=302, headers={"Location": location})

    async def servlet(self, _: web.Request) -> web.StreamResponse:
        """The address in ``downloadLink``: it knows browser sessions, not API tokens."""
        raise Refused(401, "Client must be authenticated to access this resource.")

    async def create_or_update(self, request: web.Request) -> web.StreamResponse:
        """``createOrUpdateAttachments``."""
        return await self._store(request, replace=True)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """``createAttachment``."""
        return await self._store(request, replace=False)

    async def update_data(self, request: web.Request) -> web.StreamResponse:
        """``updateAttachmentData``: a new version."""
        own = account_id(request)
        row = attachments.find(self._site, request.match_info["attachmentId"], own, ("current",))
        if row["container_id"] != path_id(request):
            raise Refused(404, "The content has no such attachment.")
        uploads = await _uploads(request)
        attachments.replace(self._site, own, row["id"], uploads[0])
        return json_answer(self._site, self._shape(row["id"], own))

    async def _store(self, request: web.Request, replace: bool) -> web.Response:
        own = account_id(request)
        container = contents.find_any(
            self._site, content_id(request.match_info["id"]), own, ("current", "draft")
        )
        stored: list[dict[str, Any]] = []
        for upload in await _uploads(request):
            old = attachments.named(self._site, container["id"], upload.filename)
            if old is not None and replace:
                attachments.replace(self._site, own, old["id"], upload)
                number = int(old["id"])
            else:
                number = attachments.add(self._site, own, container, upload)
            stored.append(self._shape(number, own))
        links = {"base": f"{self._site.placeholder}/wiki", "context": "/wiki"}
        body = {"results": stored, "start": 0, "limit": 50, "size": len(stored), "_links": links}
        return json_answer(self._site, body)

    def _shape(self, number: int, own: str) -> dict[str, Any]:
        return shapes_v1.attachment(self._site, attachments.find(self._site, str(number), own))

    def _of_container(self, request: web.Request, kind: str) -> web.Response:
        container = contents.find(self._site, kind, path_id(request), account_id(request))
        return self._answer(request, visible(request).add("container_id = ?", container["id"]))

    def _answer(self, request: web.Request, where: Filter) -> web.Response:
        where.among("status", query_statuses(request, _STATUSES, ("current", "archived")))
        if media_type := request.query.get("mediaType", ""):
            where.add("media_type = ?", media_type)
        if filename := request.query.get("filename", ""):
            where.add("title = ?", filename)
        return list_answer(request, self._site, _LISTING, where, shapes.attachment, _DEFAULT_LIMIT)


async def _uploads(request: web.Request) -> list[Upload]:
    if request.headers.get("X-Atlassian-Token", "").lower() not in _NO_CHECK:
        raise Refused(403, "XSRF check failed")
    if not request.content_type.startswith("multipart/"):
        raise Refused(415, "Attachments come as multipart/form-data.")
    files: list[tuple[str, str, bytes]] = []
    comments: list[str] = []
    minor_edit = False
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read(decode=True))
        if part.name == "file":
            files.append((part.filename or "", part.headers.get("Content-Type", ""), content))
        elif part.name == "comment":
            comments.append(content[:_LARGEST_FIELD].decode(errors="replace"))
        elif part.name == "minorEdit":
            minor_edit = content.strip(b'"') == b"true"
    return _paired(files, comments, minor_edit)


def _paired(
    files: list[tuple[str, str, bytes]], comments: list[str], minor_edit: bool
) -> list[Upload]:
    if not files or any(not name for name, _, _ in files):
        raise Refused(400, "At least one file with a name is needed, in the field file.")
    if comments and len(comments) != len(files):
        raise Refused(400, "Give a comment for every file or for none.")
    comments = comments or [""] * len(files)
    return [
        Upload(name, media_type or _guessed(name), content, comment, minor_edit)
        for (name, media_type, content), comment in zip(files, comments, strict=True)
    ]


def _guessed(filename: str) -> str:
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"
