"""Files: metadata and bytes, in groups that one unit can carry."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence

import msgspec

from sitekeep_backup.exporters.jira.issue_heads import SeenIssue
from sitekeep_backup.exporters.jira.issue_ranges import IssueRange
from sitekeep_backup.exporters.jira.raw import text_of
from sitekeep_backup.exporters.opening import opened
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteBodyMismatch, SiteForbidden, SiteNotFound
from sitekeep_shared.content.entry_keys import child_entry
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

CONTENT = "/rest/api/3/attachment/content/{attachment}"
FILES_PER_UNIT = 25
BYTES_PER_UNIT = 64 * 1024 * 1024
_MEDIA_FILE = re.compile(r"/file/([0-9a-fA-F-]{36})(?:/|\?|$)")


class _Metadata(msgspec.Struct, rename="camel"):
    """One of ``fields.attachment`` (Jira REST v3, AttachmentMetadata)."""

    id: str | int
    filename: str = ""
    size: int | None = None
    mime_type: str = ""


class _Planned(msgspec.Struct):
    """A file to be read, as the arguments of a unit carry it."""

    key: str
    issue: str
    metadata: str


def plan_attachments(unit: ExportUnit, part: IssueRange, seen: Sequence[SeenIssue]) -> None:
    """Plans the files of a range, or says how many are left out."""
    count = sum(len(issue.attachments) for issue in seen)
    if count and not unit.options.include_attachments:
        message = f"{count} files are left out: the policy does not include attachments."
        name = f"{part.project_key}-{part.first}…{part.project_key}-{part.last}"
        unit.tally.remark(Kind.ATTACHMENT, name, "ATTACHMENTS_EXCLUDED", message, count=count)
        return
    unit.tally.expect(Kind.ATTACHMENT, count)
    for group in _groups(part, seen):
        key = f"attachments/{group[0].key}"
        files = msgspec.to_builtins(group)
        unit.spawn(UnitPlan(ExportPhase.ATTACHMENTS, key, "attachments", {"files": files}))


def _groups(part: IssueRange, seen: Sequence[SeenIssue]) -> Iterator[list[_Planned]]:
    group: list[_Planned] = []
    size = 0
    for issue, raw in _files(seen):
        metadata = _decode(raw)
        full = len(group) == FILES_PER_UNIT or size + (metadata.size or 0) > BYTES_PER_UNIT
        if group and full:
            yield group
            group, size = [], 0
        key = child_entry(part.project_id, issue.number, str(metadata.id))
        group.append(_Planned(key, issue.key, text_of(raw)))
        size += metadata.size or 0
    if group:
        yield group


def _decode(raw: msgspec.Raw | str) -> _Metadata:
    return msgspec.json.decode(raw, type=_Metadata)


def _files(seen: Sequence[SeenIssue]) -> Iterator[tuple[SeenIssue, msgspec.Raw]]:
    """Every file of a range in the order of the entry keys."""
    for issue in seen:
        for raw in sorted(issue.attachments, key=lambda raw: f"{_decode(raw).id!s:>020}"):
            yield issue, raw


async def export_attachments(unit: ExportUnit) -> None:
    """The bytes of one group of files."""
    for item in msgspec.convert(unit.plan.arguments["files"], list[_Planned]):
        metadata = _decode(item.metadata)
        try:
            await _store(unit, item, metadata)
        except SiteNotFound as error:
            _miss(unit, item, metadata, "ATTACHMENT_NOT_FOUND", error)
        except SiteForbidden as error:
            _miss(unit, item, metadata, "ATTACHMENT_FORBIDDEN", error)
        except SiteBodyMismatch as error:
            _miss(unit, item, metadata, "ATTACHMENT_SIZE_MISMATCH", error)


def _miss(
    unit: ExportUnit, item: _Planned, metadata: _Metadata, reason: str, error: Exception
) -> None:
    name = f"{item.issue}/{metadata.filename}"
    unit.tally.missing(Kind.ATTACHMENT, name, reason, str(error))


async def _store(unit: ExportUnit, item: _Planned, metadata: _Metadata) -> None:
    attachment = str(metadata.id)
    locations: list[str] = []
    source = unit.site.stream(
        CONTENT, size=metadata.size, redirected=locations.append, attachment=attachment
    )
    async with opened(source) as chunks:
        stored = await unit.records.put_file(
            Kind.ATTACHMENT,
            item.key,
            _of_size(chunks, metadata),
            attributes=_attributes(item, metadata, locations),
        )
    unit.tally.done(Kind.ATTACHMENT, stored.size_bytes)


def _attributes(item: _Planned, metadata: _Metadata, locations: Sequence[str]) -> dict[str, str]:
    media = _MEDIA_FILE.search(locations[0]) if locations else None
    return {
        "issue": item.issue,
        "id": str(metadata.id),
        "filename": metadata.filename,
        "media_type": metadata.mime_type,
        "media": media.group(1) if media else "",
        "metadata": item.metadata,
    }


async def _of_size(chunks: AsyncIterator[bytes], metadata: _Metadata) -> AsyncIterator[bytes]:
    """The same chunks; the end is refused when it comes too early or too late.

    Raises:
        SiteBodyMismatch: there are not as many bytes as the metadata says.
    """
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        yield chunk
    if metadata.size is not None and size != metadata.size:
        message = f"{metadata.filename} has {size} bytes instead of {metadata.size}."
        raise SiteBodyMismatch(message)
