"""Attachments: their metadata from the list of the whole site, their bytes in groups.

Bytes come through v1 ``GET /content/{id}/child/attachment/{attachmentId}/download``, which
redirects to the media host: the ``downloadLink`` of the metadata does not take API tokens.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

import msgspec

from sitekeep_backup.exporters.confluence.chains import Listing, first_key, walk
from sitekeep_backup.exporters.files import (
    SiteFile,
    identity_of,
    is_kept_from_earlier,
    is_reused,
    note_change,
)
from sitekeep_backup.exporters.opening import opened
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.client import Query
from sitekeep_shared.atlassian.errors import (
    SiteBodyMismatch,
    SiteError,
    SiteForbidden,
    SiteNotFound,
)
from sitekeep_shared.content.confluence_lists import LARGEST_PAGE, V1, V2, ListPage
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

ATTACHMENTS = "attachments"
ATTACHMENT_BYTES = "attachment-bytes"

FIRST = UnitPlan(ExportPhase.CONTENT, first_key("attachments"), ATTACHMENTS)

_GROUP_FILES = 25
_GROUP_BYTES = 64 << 20
_PATIENCE = 3
"""Attempts at a unit until a file of the wrong size is called missing."""

_PLURALS = {Kind.PAGE.value: "pages", Kind.BLOG_POST.value: "blogposts"}
_DOWNLOAD = f"{V1}/content/{{container}}/child/attachment/{{attachment}}/download"


class _Version(msgspec.Struct):
    number: int = 1


class _Attachment(msgspec.Struct):
    id: str
    title: str = ""
    status: str = "current"
    page: str | None = msgspec.field(name="pageId", default=None)
    blog_post: str | None = msgspec.field(name="blogPostId", default=None)
    custom_content: str | None = msgspec.field(name="customContentId", default=None)
    media_type: str = msgspec.field(name="mediaType", default="")
    size: int | None = msgspec.field(name="fileSize", default=None)
    version: _Version = msgspec.field(default_factory=_Version)

    @property
    def container(self) -> tuple[str, str]:
        """Kind and id of what it is attached to; empty where the site does not say."""
        if self.page:
            return Kind.PAGE.value, self.page
        if self.blog_post:
            return Kind.BLOG_POST.value, self.blog_post
        return ("custom_content", self.custom_content) if self.custom_content else ("", "")


async def export_attachments(unit: ExportUnit) -> None:
    """Reads some pages of metadata and plans the downloads. Raises SiteError."""
    if not unit.options.include_attachments:
        unit.tally.remark(
            Kind.ATTACHMENT,
            "attachments",
            "ATTACHMENTS_NOT_INCLUDED",
            "The policy leaves attachments out.",
        )
        return

    async def keep(page: ListPage) -> None:
        unit.tally.expect(Kind.ATTACHMENT, len(page.items))
        unit.spawn(*(_download_of(group) for group in _groups(page.items)))

    statuses = tuple(("status", status) for status in ("current", "archived", "trashed"))
    query = (*statuses, ("limit", str(LARGEST_PAGE)))
    await walk(unit, Listing(f"{V2}/attachments", query), keep)


def _groups(items: Sequence[bytes]) -> Iterator[list[bytes]]:
    group: list[bytes] = []
    size = 0
    for item in items:
        group.append(item)
        size += msgspec.json.decode(item, type=_Attachment).size or 0
        if len(group) == _GROUP_FILES or size >= _GROUP_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def _download_of(group: Sequence[bytes]) -> UnitPlan:
    first = msgspec.json.decode(group[0], type=_Attachment).id
    return UnitPlan(
        ExportPhase.ATTACHMENTS,
        f"attachment-bytes/{first:>030}",
        ATTACHMENT_BYTES,
        {"items": [item.decode() for item in group]},
    )


async def export_attachment_bytes(unit: ExportUnit) -> None:
    """Keeps the files of one group; downloads what no earlier backup has. Raises SiteError."""
    for item in unit.plan.arguments["items"]:
        attachment = msgspec.json.decode(item, type=_Attachment)
        if not attachment.container[1]:
            _missing(unit, attachment, attachment.title, "NO_CONTAINER", "Its page is not known.")
            continue
        file = _site_file(attachment, item)
        if is_reused(unit, file):
            continue
        try:
            await _download(unit, attachment, file)
        except (SiteNotFound, SiteForbidden) as error:
            await _miss(unit, attachment, file, "FILE_NOT_FOUND", error)
        except SiteBodyMismatch as error:
            if unit.attempt < _PATIENCE:
                raise
            await _miss(unit, attachment, file, "FILE_SIZE_DIFFERS", error)


def _site_file(attachment: _Attachment, item: str) -> SiteFile:
    kind, container = attachment.container
    version = str(attachment.version.number)
    attributes = {
        "container": container,
        "container_kind": kind,
        "filename": attachment.title,
        "media_type": attachment.media_type,
        "version": version,
        "metadata": item,
    }
    identity = identity_of(attachment.id, version, attachment.size)
    return SiteFile(f"{attachment.id:>030}", identity, lambda _: attributes)


async def _miss(
    unit: ExportUnit, attachment: _Attachment, file: SiteFile, reason: str, error: Exception
) -> None:
    name = await _name(unit, attachment)
    if not is_kept_from_earlier(unit, file, name, str(error)):
        _missing(unit, attachment, name, reason, str(error))


async def _download(unit: ExportUnit, attachment: _Attachment, file: SiteFile) -> None:
    async with opened(_stream(unit, attachment, attachment.container[1])) as chunks:
        stored = await unit.records.put_file(
            Kind.ATTACHMENT,
            file.key,
            chunks,
            attributes=file.attributes(b""),
            identity=file.identity,
        )
    unit.tally.done(Kind.ATTACHMENT, stored.size_bytes)
    if stored.earlier_sha256:
        note_change(unit, stored, await _name(unit, attachment))


def _stream(unit: ExportUnit, attachment: _Attachment, container: str) -> AsyncIterator[bytes]:
    query: Query = () if attachment.status == "current" else (("status", attachment.status),)
    return unit.site.stream(
        _DOWNLOAD, query, size=attachment.size, container=container, attachment=attachment.id
    )


async def _name(unit: ExportUnit, attachment: _Attachment) -> str:
    """``Page title/filename``; the page's title is asked for only here."""
    kind, container = attachment.container
    title = container
    if kind in _PLURALS:
        try:
            page = await unit.site.get_json(f"{V2}/{_PLURALS[kind]}/{{id}}", id=container)
            title = page.get("title") or container
        except SiteError:
            title = container
    return f"{title}/{attachment.title}"


def _missing(
    unit: ExportUnit, attachment: _Attachment, name: str, reason: str, message: str
) -> None:
    unit.tally.missing(Kind.ATTACHMENT, name, reason, f"{message} (attachment {attachment.id})")
