"""Files: metadata and bytes, in groups that one unit can carry."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence

import msgspec

from sitekeep_backup.exporters.files import (
    SiteFile,
    identity_of,
    is_kept_from_earlier,
    is_reused,
    note_change,
)
from sitekeep_backup.exporters.jira.issue_heads import SeenIssue
from sitekeep_backup.exporters.jira.issue_ranges import IssueSource
from sitekeep_backup.exporters.jira.raw import text_of
from sitekeep_backup.exporters.jira.read_again import numbers_read_after
from sitekeep_backup.exporters.opening import opened
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteBodyMismatch, SiteForbidden, SiteNotFound
from sitekeep_shared.content.entry_keys import child_entry, number_of
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

CONTENT = "/rest/api/3/attachment/content/{attachment}"
FILES_PER_UNIT = 25
BYTES_PER_UNIT = 64 * 1024 * 1024
_MEDIA_DIGITS = 32
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


def plan_attachments(unit: ExportUnit, source: IssueSource, seen: Sequence[SeenIssue]) -> None:
    """Plans the files of some issues, or says how many are left out."""
    if not unit.options.include_attachments:
        _leave_out(unit, seen)
        return
    for issue in seen:
        issue.reading.expect(Kind.ATTACHMENT, len(issue.attachments))
    for group in _groups(source, seen):
        key = f"attachments/{group[0].key}/{unit.plan.key}"
        arguments = {
            "files": msgspec.to_builtins(group),
            "project": source.project_id,
            "planner": unit.plan.key,
        }
        unit.spawn(UnitPlan(ExportPhase.ATTACHMENTS, key, "attachments", arguments))


def _leave_out(unit: ExportUnit, seen: Sequence[SeenIssue]) -> None:
    if count := sum(len(issue.attachments) for issue in seen):
        message = f"{count} files are left out: the policy does not include attachments."
        name = f"{seen[0].key}…{seen[-1].key}"
        unit.tally.remark(Kind.ATTACHMENT, name, "ATTACHMENTS_EXCLUDED", message, count=count)


def _groups(part: IssueSource, seen: Sequence[SeenIssue]) -> Iterator[list[_Planned]]:
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
    """The bytes of one group of files; what an earlier backup has is not downloaded again.

    Files of issues that were read again since are planned anew: they are passed over.
    """
    project, planner = str(unit.plan.arguments["project"]), str(unit.plan.arguments["planner"])
    read_again = await numbers_read_after(unit, project, planner)
    for item in msgspec.convert(unit.plan.arguments["files"], list[_Planned]):
        if number_of(item.key) in read_again:
            continue
        metadata = _decode(item.metadata)
        file = _site_file(item, metadata)
        if is_reused(unit, file):
            continue
        try:
            await _download(unit, item, metadata, file)
        except SiteNotFound as error:
            _miss(unit, item, file, "ATTACHMENT_NOT_FOUND", error)
        except SiteForbidden as error:
            _miss(unit, item, file, "ATTACHMENT_FORBIDDEN", error)
        except SiteBodyMismatch as error:
            _miss(unit, item, file, "ATTACHMENT_SIZE_MISMATCH", error)


def _site_file(item: _Planned, metadata: _Metadata) -> SiteFile:
    # An attachment of Jira has no versions: another upload is another attachment.
    identity = identity_of(str(metadata.id), "", metadata.size)
    return SiteFile(item.key, identity, lambda note: _attributes(item, metadata, note))


def _miss(unit: ExportUnit, item: _Planned, file: SiteFile, reason: str, error: Exception) -> None:
    name = _name(item)
    if not is_kept_from_earlier(unit, file, name, str(error)):
        unit.tally.missing(Kind.ATTACHMENT, name, reason, str(error))


def _name(item: _Planned) -> str:
    return f"{item.issue}/{_decode(item.metadata).filename}"


async def _download(unit: ExportUnit, item: _Planned, metadata: _Metadata, file: SiteFile) -> None:
    locations: list[str] = []
    source = unit.site.stream(
        CONTENT,
        size=metadata.size,
        redirected=locations.append,
        attachment=str(metadata.id),
    )
    async with opened(source) as chunks:
        note = media_note(locations)
        stored = await unit.records.put_file(
            Kind.ATTACHMENT,
            item.key,
            _of_size(chunks, metadata),
            attributes=file.attributes(note),
            identity=file.identity,
            note=note,
        )
    unit.tally.done(Kind.ATTACHMENT, stored.size_bytes)
    if stored.earlier_sha256:
        note_change(unit, stored, _name(item))


def _attributes(item: _Planned, metadata: _Metadata, note: bytes) -> dict[str, str]:
    return {
        "issue": item.issue,
        "id": str(metadata.id),
        "filename": metadata.filename,
        "media_type": metadata.mime_type,
        "media": media_of(note),
        "metadata": item.metadata,
    }


def media_note(locations: Sequence[str]) -> bytes:
    """The media id in the redirect to the bytes; texts name the file by it, nothing else tells it.

    16 bytes where it is written as UUIDs are, else its characters.
    """
    found = _MEDIA_FILE.search(locations[0]) if locations else None
    if found is None:
        return b""
    text = found.group(1)
    digits = text.replace("-", "")
    if len(digits) == _MEDIA_DIGITS and str(uuid.UUID(digits)) == text:
        return uuid.UUID(digits).bytes
    return text.encode()


def media_of(note: bytes) -> str:
    """The reverse of media_note, empty where there is none."""
    return str(uuid.UUID(bytes=note)) if len(note) == _MEDIA_DIGITS // 2 else note.decode()


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
