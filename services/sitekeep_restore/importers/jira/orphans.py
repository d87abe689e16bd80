"""What is whole in a damaged backup and still does not come back: what it belonged to is lost.

The importer goes from projects to issues to what belongs to them, so that it never meets these.
"""

from __future__ import annotations

from sitekeep_shared.content.entry_keys import number_of
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.vault.entry_names import name_of
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.work.tally import Tally

_OF_ISSUES = (Kind.COMMENT, Kind.WORKLOG, Kind.WATCHER, Kind.REMOTE_LINK)
"""What is looked for with its issue only. Attachments are missed by their importer, unless the
whole project is."""

_PROJECT = "Lost with its project, which cannot be read any more."
_ISSUE = "Lost with its issue, which cannot be read any more."


async def name_orphans(backup: BackupReader, tally: Tally, *, attachments: bool) -> None:
    """Names each of them; ``backup`` is without what is lost.

    Raises:
        DamagedObject: something is missing or altered that was readable before.
    """
    projects = {int(entry.key) async for entry in backup.entries(Kind.PROJECT)}
    issues: set[tuple[int, int]] = set()
    async for entry in backup.entries(Kind.ISSUE):
        if _project_of(entry) in projects:
            issues.add(_issue_of(entry))
        else:
            _name(tally, entry, _PROJECT)
    if attachments:
        async for entry in backup.entries(Kind.ATTACHMENT):
            if _project_of(entry) not in projects:
                _name(tally, entry, _PROJECT)
    for kind in _OF_ISSUES:
        async for entry in backup.entries(kind):
            if _issue_of(entry) not in issues:
                _name(tally, entry, _ISSUE)


def _project_of(entry: Entry) -> int:
    return int(entry.key.split("/")[0])


def _issue_of(entry: Entry) -> tuple[int, int]:
    return _project_of(entry), number_of(entry.key)


def _name(tally: Tally, entry: Entry, why: str) -> None:
    tally.expect(entry.kind)
    tally.missing(entry.kind, name_of(entry), "ARCHIVE_CORRUPT", why)
