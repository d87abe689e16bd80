"""What is whole in a damaged backup and still does not come back: what it belonged to is lost.

The importer goes from projects to issues to what belongs to them, so that it never meets these.
"""

from __future__ import annotations

from collections.abc import Collection

from sitekeep_shared.content.entity_properties import Owner
from sitekeep_shared.content.entry_keys import number_of
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.vault.entry_names import name_of
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.work.tally import Tally

_OF_ISSUES = (Kind.COMMENT, Kind.WORKLOG, Kind.WATCHER, Kind.REMOTE_LINK, Kind.VOTE)
"""What is looked for with its issue only."""
_OF_PROJECTS = (Kind.EPIC,)
"""What its importer misses where the issue is lost, unless the whole project is, as attachments."""

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
        if _project_of(entry.key) in projects:
            issues.add(_issue_of(entry.key))
        else:
            _name(tally, entry, _PROJECT)
    for kind in (*_OF_PROJECTS, *([Kind.ATTACHMENT] if attachments else [])):
        async for entry in backup.entries(kind):
            if _project_of(entry.key) not in projects:
                _name(tally, entry, _PROJECT)
    for kind in _OF_ISSUES:
        async for entry in backup.entries(kind):
            if _issue_of(entry.key) not in issues:
                _name(tally, entry, _ISSUE)
    await _name_properties(backup, tally, projects, issues)


async def _name_properties(
    backup: BackupReader,
    tally: Tally,
    projects: Collection[int],
    issues: Collection[tuple[int, int]],
) -> None:
    """Properties of issues are looked for with the project, those of comments with the issue."""
    async for entry in backup.entries(Kind.ENTITY_PROPERTY):
        owner, _, key = entry.key.partition("/")
        if owner == Owner.ISSUE and _project_of(key) not in projects:
            _name(tally, entry, _PROJECT)
        elif owner in (Owner.COMMENT, Owner.WORKLOG) and _issue_of(key) not in issues:
            _name(tally, entry, _ISSUE)


def _project_of(key: str) -> int:
    return int(key.split("/")[0])


def _issue_of(key: str) -> tuple[int, int]:
    return _project_of(key), number_of(key)


def _name(tally: Tally, entry: Entry, why: str) -> None:
    tally.expect(entry.kind)
    tally.missing(entry.kind, name_of(entry), "ARCHIVE_CORRUPT", why)
