"""Attachments: metadata, the way to their bytes, uploads."""

from __future__ import annotations

import asyncio
import mimetypes

from aiohttp import BodyPartReader, web

from sitekeep_simulator.accounts import Account
from sitekeep_simulator.answers import caller, json_answer, no_content, query_flag
from sitekeep_simulator.jira.changes import item, record
from sitekeep_simulator.jira.issue_table import Issues
from sitekeep_simulator.jira.objects import Body
from sitekeep_simulator.jira.state import API
from sitekeep_simulator.media import media_answer
from sitekeep_simulator.refusals import Refused
from sitekeep_simulator.store import Row

_XSRF = ("no-check", "nocheck")


def routes(issues: Issues) -> list[web.RouteDef]:
    """The routes of attachments."""
    attachments = Attachments(issues)
    return [
        web.get(f"{API}/attachment/meta", attachments.meta),
        web.get(f"{API}/attachment/content/{{id}}", attachments.content),
        web.get(f"{API}/attachment/{{id}}", attachments.get),
        web.delete(f"{API}/attachment/{{id}}", attachments.delete),
        web.post(f"{API}/issue/{{issueIdOrKey}}/attachments", attachments.upload),
    ]


class Attachments:
    """Handlers."""

    def __init__(self, issues: Issues) -> None:
        self._issues = issues
        self._site = issues.jira.site
        self._store = issues.jira.store

    async def meta(self, _: web.Request) -> web.StreamResponse:
        """GET attachment/meta."""
        limit = self._issues.jira.upload_limit
        return json_answer(self._site, {"enabled": True, "uploadLimit": limit})

    async def get(self, request: web.Request) -> web.StreamResponse:
        """GET attachment/{id}; the id is a number here and a text inside an issue."""
        row = self._row(request)
        return json_answer(self._site, self._issues.renderer.attachment(row) | {"id": row["id"]})

    async def content(self, request: web.Request) -> web.StreamResponse:
        """GET attachment/content/{id}: 303 to the media host, or the bytes with redirect=false."""
        row = self._row(request)
        media = self._site.files.media(row["media_id"])
        if media is None or media.missing:
            raise Refused(404, "The attachment file is missing.")
        if not query_flag(request, "redirect", True):
            return await media_answer(request, self._site, row["media_id"])
        location = self._site.media_location(row["media_id"])
        return web.Response(status=303, headers={"Location": location})

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE attachment/{id}."""
        row = self._row(request)
        with self._store.transaction():
            self._store.execute("DELETE FROM jira_attachment WHERE id = ?", (row["id"],))
            self._issues.touch(row["issue_id"])
        return no_content()

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """POST issue/{id}/attachments: parts named ``file``, and the header against XSRF."""
        if request.headers.get("X-Atlassian-Token", "") not in _XSRF:
            raise Refused(403, "XSRF check failed")
        issue = self._issues.require(request.match_info["issueIdOrKey"])
        if not request.content_type.startswith("multipart/"):
            raise Refused(415, "The body must be multipart/form-data.")
        parts = await self._parts(request)
        if not parts:
            raise Refused(400, "No file part with the name 'file' was found.")
        with self._store.transaction():
            rows = [self._add(issue["id"], caller(request), *part) for part in parts]
            self._issues.touch(issue["id"])
        return json_answer(self._site, [self._issues.renderer.attachment(row) for row in rows])

    async def _parts(self, request: web.Request) -> list[tuple[str, str, str]]:
        found: list[tuple[str, str, str]] = []
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                continue
            content = bytes(await part.read(decode=False))
            if part.name != "file" or not part.filename:
                continue
            if len(content) > self._issues.jira.upload_limit:
                raise Refused(413, "The file exceeds its maximum permitted size.")
            sha256 = await asyncio.to_thread(self._site.files.put, content)
            found.append((part.filename, sha256, _media_type(part)))
        return found

    def _add(self, issue_id: int, author: Account, name: str, sha256: str, kind: str) -> Row:
        media = self._site.files.name_media(sha256, name, kind)
        attachment_id = add_attachment(
            self._issues, issue_id, author.account_id, media.media_id, self._issues.jira.now()
        )
        changed = item("Attachment", (None, None), (str(attachment_id), name))
        record(
            self._issues.jira,
            issue_id,
            author.account_id,
            [changed | {"fieldId": "attachment"}],
        )
        return self._store.rows("SELECT * FROM jira_attachment WHERE id = ?", (attachment_id,))[0]

    def _row(self, request: web.Request) -> Row:
        row = self._store.row(
            "SELECT * FROM jira_attachment WHERE id = ?", (request.match_info["id"],)
        )
        if row is None or self._issues.find(str(row["issue_id"])) is None:
            raise Refused(404, "The attachment with that id does not exist.")
        return row


def add_attachment(issues: Issues, issue_id: int, author: str, media_id: str, created: str) -> int:
    """Attaches a file of the media host to an issue and returns the attachment's id."""
    store = issues.jira.store
    media = issues.jira.site.files.media(media_id)
    if media is None:
        raise KeyError(media_id)
    size = store.value("SELECT size FROM file_content WHERE sha256 = ?", (media.sha256,))
    attachment_id = store.next_id("jira.attachment")
    values: Body = {
        "id": attachment_id,
        "issue": issue_id,
        "media": media_id,
        "name": media.filename,
        "author": author,
        "created": created,
        "size": size,
        "type": media.media_type,
    }
    store.execute(
        "INSERT INTO jira_attachment VALUES (?, ?, ?, ?, ?, ?, ?, ?)", tuple(values.values())
    )
    return attachment_id


def _media_type(part: BodyPartReader) -> str:
    given = part.headers.get("Content-Type", "").partition(";")[0].strip()
    guessed = mimetypes.guess_type(part.filename or "")[0]
    return given or guessed or "application/octet-stream"
