"""Files: uploaded with their exact names, before any text shows them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.projects import TargetProject
from sitekeep_restore.importers.jira.reading import Json, take
from sitekeep_restore.importers.skipping import leave_out_attachments
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entry_keys import end_of, issue_entry, issue_part
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

FILES_PER_UNIT = 25
UPLOAD = "/rest/api/3/issue/{issue}/attachments"
CONTENT = "/rest/api/3/attachment/content/{attachment}"
_MEDIA_FILE = re.compile(r"/file/([0-9a-fA-F-]{36})(?:/|\?|$)")


LEFT_OUT = UnitPlan(ImportPhase.ATTACHMENTS, "left-out-attachments", "left-out-attachments")


async def count_left_out(unit: ImportUnit) -> None:
    """Declares the files where they are to be left out."""
    if unit.options.skip_attachments:
        leave_out_attachments(unit)


async def import_attachments(unit: ImportUnit) -> None:
    """Some files of a range of issues; plans the unit of those that follow."""
    project = TargetProject(**unit.plan.arguments["project"])
    entries = await _batch(unit, project)
    issues = await unit.identities.get(
        identity_kinds.ISSUE_KEY, {entry.attributes["issue"] for entry in entries}
    )
    losses = LossCounter(unit.tally)
    unit.tally.expect(Kind.ATTACHMENT, len(entries))
    present = Present(unit)
    for entry in entries:
        issue = issues.get(entry.attributes["issue"])
        if issue is None:
            unit.tally.missing(Kind.ATTACHMENT, _name(entry), "ISSUE_MISSING", "No such issue.")
        else:
            await _import(unit, entry, issue, present, losses)
    losses.report()


async def _batch(unit: ImportUnit, project: TargetProject) -> list[Entry]:
    arguments = unit.plan.arguments
    first = str(arguments.get("from") or issue_entry(project.source, int(arguments["first"])))
    last = end_of(issue_entry(project.source, int(arguments["last"])))
    entries, following = await take(
        unit.backup, Kind.ATTACHMENT, FILES_PER_UNIT, first=first, last=last
    )
    if following is not None:
        stem = unit.plan.key.partition("@")[0]
        more = {**arguments, "from": following}
        key = f"{stem}@{following}"
        unit.spawn(UnitPlan(unit.plan.phase, key, unit.plan.kind, more))
    return entries


def _name(entry: Entry) -> str:
    return f"{entry.attributes['issue']}/{entry.attributes['filename']}"


class Present:
    """Files that an earlier attempt uploaded: by name and size, each claimed once."""

    def __init__(self, unit: ImportUnit) -> None:
        self._unit = unit
        self._unclaimed: dict[str, list[Json]] = {}

    async def claim(self, entry: Entry, issue: str) -> str | None:
        """The id of an uploaded file that is this one; None where it is still to be uploaded."""
        if self._unit.first_attempt:
            return None
        known = await self._unit.identities.get(identity_kinds.ATTACHMENT, [entry.attributes["id"]])
        if known:
            return known[entry.attributes["id"]]
        if issue not in self._unclaimed:
            self._unclaimed[issue] = await self._files(entry, issue)
        return self._take(self._unclaimed[issue], entry)

    def _take(self, files: list[Json], entry: Entry) -> str | None:
        for file in files:
            if (file["filename"], file["size"]) == (entry.attributes["filename"], entry.size_bytes):
                files.remove(file)
                return str(file["id"])
        return None

    async def _files(self, entry: Entry, issue: str) -> list[Json]:
        """The issue's files that no entry of the backup is known to have become."""
        query = [("fields", "attachment")]
        template = "/rest/api/3/issue/{issue}"
        found: Json = await self._unit.site.get_json(template, query, issue=issue)
        claimed = set((await self._claimed(entry)).values())
        files: list[Json] = found["fields"].get("attachment") or []
        return [file for file in files if str(file["id"]) not in claimed]

    async def _claimed(self, entry: Entry) -> dict[str, str]:
        first = issue_part(entry.key) + "/"
        entries = self._unit.backup.entries(Kind.ATTACHMENT, first=first, last=end_of(first))
        sources = [each.attributes["id"] async for each in entries]
        return await self._unit.identities.get(identity_kinds.ATTACHMENT, sources)


async def _import(
    unit: ImportUnit, entry: Entry, issue: str, present: Present, losses: LossCounter
) -> None:
    attachment = await present.claim(entry, issue)
    if attachment is None:
        attachment = await _upload(unit, entry, issue)
    if attachment is None:
        return
    await unit.identities.put(identity_kinds.ATTACHMENT, {entry.attributes["id"]: attachment})
    await _keep_media(unit, entry, attachment)
    losses.add(Kind.ATTACHMENT, Loss.ATTACHMENT_AUTHOR_AND_TIME, _name(entry))
    unit.tally.done(Kind.ATTACHMENT, entry.size_bytes, lossy=True)


async def _upload(unit: ImportUnit, entry: Entry, issue: str) -> str | None:
    filename = entry.attributes["filename"]
    chunks = unit.backup.stream(entry)
    try:
        answer: Sequence[Json] = await unit.site.upload(UPLOAD, filename, chunks, issue=issue)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        reason = "ATTACHMENT_TOO_LARGE" if error.status == 413 else "ATTACHMENT_REFUSED"
        unit.tally.missing(Kind.ATTACHMENT, _name(entry), reason, error.message)
        return None
    return str(answer[0]["id"])


async def _keep_media(unit: ImportUnit, entry: Entry, attachment: str) -> None:
    """Texts name a file by its media id, which the redirect to its bytes tells."""
    source = entry.attributes.get("media", "")
    if not source:
        return
    location = await unit.site.location(CONTENT, attachment=attachment)
    found = _MEDIA_FILE.search(location or "")
    if found is not None:
        await unit.identities.put(identity_kinds.MEDIA, {source: found.group(1)})
