"""Attachments, before the bodies that show them; trashed ones are put in the trash again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Literal

import msgspec

from sitekeep_restore.importers.confluence.lookup import find_entry
from sitekeep_restore.importers.confluence.ranges import entries_of, identifier, plan_ranges
from sitekeep_restore.importers.confluence.stubs import PLURALS
from sitekeep_restore.importers.skipping import leave_out_attachments
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.client import Query
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.confluence_lists import V1, V2, read_all
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

PLAN = "plan-attachments"
ATTACHMENTS = "attachments"
TRASHED = "trashed-attachments"

FIRST = UnitPlan(ImportPhase.ATTACHMENTS, "plan-attachments", PLAN)

_FILES_PER_UNIT = 25
_TEMPLATE = f"{V1}/content/{{container}}/child/attachment"


class _Metadata(msgspec.Struct):
    status: str = "current"
    comment: str = ""


class _Present(msgspec.Struct):
    id: str
    size: int | None = msgspec.field(name="fileSize", default=None)


async def plan_attachments(unit: ImportUnit) -> None:
    """Plans the attachments, unless they are to be left out."""
    if unit.options.skip_attachments:
        leave_out_attachments(unit)
        return
    await plan_ranges(unit, Kind.ATTACHMENT, ATTACHMENTS, _FILES_PER_UNIT)


async def import_attachments(unit: ImportUnit) -> None:
    """Uploads some files; plans those that are in the trash for later. Raises SiteError."""
    entries = [entry async for entry in entries_of(unit)]
    containers = await _containers(unit, entries)
    known = await unit.identities.get(Kind.ATTACHMENT.value, map(identifier, entries))
    trashed: list[str] = []
    unit.tally.expect(Kind.ATTACHMENT, len(entries))
    for entry in entries:
        container = containers.get(entry.attributes["container"])
        if container is None:
            _without_container(unit, entry)
        elif await _in_trash(unit, entry):
            trashed.append(entry.key)
        elif identifier(entry) in known:
            unit.tally.done(Kind.ATTACHMENT, entry.size_bytes)
        else:
            await _restore(unit, entry, container)
    if trashed:
        key = f"{TRASHED}/{unit.plan.key}"
        unit.spawn(UnitPlan(ImportPhase.RELATIONS, key, TRASHED, {"keys": trashed}))


async def _containers(unit: ImportUnit, entries: Sequence[Entry]) -> dict[str, str]:
    targets: dict[str, str] = {}
    for kind in PLURALS:
        sources = {
            entry.attributes["container"]
            for entry in entries
            if entry.attributes["container_kind"] == kind.value
        }
        targets |= await unit.identities.get(kind.value, sources) if sources else {}
    return targets


def _without_container(unit: ImportUnit, entry: Entry) -> None:
    message = "What the file was attached to was not restored."
    _missing(unit, entry, "CONTAINER_NOT_RESTORED", message)


def _missing(unit: ImportUnit, entry: Entry, reason: str, message: str) -> None:
    name = f"{entry.attributes['container']}/{entry.attributes['filename']}"
    unit.tally.missing(Kind.ATTACHMENT, name, reason, message)


def _metadata(entry: Entry) -> _Metadata:
    return msgspec.json.decode(entry.attributes["metadata"], type=_Metadata)


async def _in_trash(unit: ImportUnit, entry: Entry) -> bool:
    """Whether a file is in the trash by itself: those of a trashed page go there with it."""
    if _metadata(entry).status != "trashed":
        return False
    container = entry.attributes["container"]
    kind = Kind(entry.attributes["container_kind"])
    owner = await find_entry(unit.backup, kind, container)
    return owner is None or owner.attributes.get("status") != "trashed"


async def _restore(unit: ImportUnit, entry: Entry, container: str) -> None:
    filename = entry.attributes["filename"]
    target = None if unit.first_attempt else await _find(unit, entry, container, filename)
    try:
        target = target or await _upload(unit, entry, container, filename, "PUT")
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        _missing(unit, entry, "FILE_REFUSED", error.message)
        return
    await unit.identities.put(Kind.ATTACHMENT.value, {identifier(entry): target})
    unit.tally.done(Kind.ATTACHMENT, entry.size_bytes)


async def _upload(
    unit: ImportUnit, entry: Entry, container: str, filename: str, method: Literal["POST", "PUT"]
) -> str:
    """v1 ``PUT`` (makes or updates) or ``POST`` (only makes) ``/content/{id}/child/attachment``."""
    fields = {"minorEdit": "true"}
    if comment := _metadata(entry).comment:
        fields["comment"] = comment
    answer: dict[str, Any] = await unit.site.upload(
        _TEMPLATE,
        filename,
        lambda: unit.backup.stream(entry),
        fields=fields,
        method=method,
        container=container,
    )
    return str(answer["results"][0]["id"])


async def _find(
    unit: ImportUnit, entry: Entry, container: str, filename: str, query: Query = ()
) -> str | None:
    """The file that an earlier attempt uploaded: of that name and that size."""
    kind = Kind(entry.attributes["container_kind"])
    template = f"{V2}/{PLURALS[kind]}/{{container}}/attachments"
    asked = (("filename", filename), *query)
    async for item in read_all(unit.site, template, asked, container=container):
        present = msgspec.json.decode(item, type=_Present)
        if present.size == entry.size_bytes:
            return present.id
    return None


async def import_trashed_attachments(unit: ImportUnit) -> None:
    """Uploads files and puts them in the trash. Raises SiteError."""
    for key in unit.plan.arguments["keys"]:
        entry = await unit.backup.entry(Kind.ATTACHMENT, key)
        assert entry is not None, "planned from the entry"
        container = (await _containers(unit, [entry]))[entry.attributes["container"]]
        try:
            await _restore_trashed(unit, entry, container)
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            _missing(unit, entry, "FILE_REFUSED", error.message)


async def _restore_trashed(unit: ImportUnit, entry: Entry, container: str) -> None:
    filename = entry.attributes["filename"]
    query = (("status", "trashed"),)
    if not unit.first_attempt and await _find(unit, entry, container, filename, query):
        unit.tally.done(Kind.ATTACHMENT, entry.size_bytes)
        return
    known = await unit.identities.get(Kind.ATTACHMENT.value, [identifier(entry)])
    target = known.get(identifier(entry))
    renamed = target is None and await _find_any(unit, entry, container, filename)
    if target is None:
        name = _free_name(entry, filename) if renamed else filename
        target = await _upload(unit, entry, container, name, "POST")
        await unit.identities.put(Kind.ATTACHMENT.value, {identifier(entry): target})
    await unit.site.delete(f"{V2}/attachments/{{id}}", id=target)
    if renamed:
        message = "A newer file has its name: in the trash under another one."
        unit.tally.remark(Kind.ATTACHMENT, filename, "FILE_NAME_TAKEN", message)
    unit.tally.done(Kind.ATTACHMENT, entry.size_bytes, lossy=renamed)


async def _find_any(unit: ImportUnit, entry: Entry, container: str, filename: str) -> bool:
    kind = Kind(entry.attributes["container_kind"])
    template = f"{V2}/{PLURALS[kind]}/{{container}}/attachments"
    query = (("filename", filename), ("status", "current"))
    async for _ in read_all(unit.site, template, query, container=container):
        return True
    return False


def _free_name(entry: Entry, filename: str) -> str:
    path = PurePosixPath(filename)
    return f"{path.stem} ({identifier(entry)}){path.suffix}"
