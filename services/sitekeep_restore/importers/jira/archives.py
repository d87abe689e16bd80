"""Issues and projects that were in the archive go there once nothing else is written to them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.reading import Json, batch_of, read_json
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entry_keys import ARCHIVED
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan

ISSUES = "/rest/api/3/issue/archive"
ONE = "/rest/api/3/project/{project}"
PROJECT = f"{ONE}/archive"
PER_UNIT = 1000
"""As many issues as one issue/archive takes (Jira REST v3)."""

PROJECTS_PER_UNIT = 50

FIRST = (
    UnitPlan(ImportPhase.ARCHIVING, "archived-issues", "archived-issues"),
    UnitPlan(ImportPhase.CLOSING, "archived-projects", "archived-projects"),
)


class _Problem(msgspec.Struct, rename="camel"):
    """Issues that share what keeps them from the archive."""

    issue_ids_or_keys: list[str] = []
    message: str = ""


class _Answer(msgspec.Struct):
    """Jira REST v3, IssueArchivalSyncResponse."""

    errors: dict[str, _Problem | None] = {}


async def archive_issues(unit: ImportUnit) -> None:
    """PUT issue/archive for those of some issues that were archived; sub-tasks go with them.

    An issue that is archived already stays so: the request may be sent again.
    """
    entries = await batch_of(unit, Kind.ISSUE, PER_UNIT)
    archived = {each.attributes["id"]: each for each in entries if ARCHIVED in each.attributes}
    targets = await unit.identities.get(identity_kinds.ISSUE, list(archived))
    if not targets:
        return
    keys = {target: archived[source].attributes["key"] for source, target in targets.items()}
    body = {"issueIdsOrKeys": sorted(targets.values())}
    try:
        answer = await unit.site.put_json(ISSUES, body)
    except (SiteForbidden, SiteNotFound, SiteRefused) as error:
        # Only the larger editions of Jira archive single issues.
        _report(unit, sorted(keys.values()), error.message)
        return
    for problem in msgspec.convert(answer or {}, _Answer).errors.values():
        if problem is not None and problem.issue_ids_or_keys:
            named = [keys.get(str(each), str(each)) for each in problem.issue_ids_or_keys]
            _report(unit, named, problem.message)


def _report(unit: ImportUnit, keys: Sequence[str], message: str) -> None:
    text = f"{len(keys)} archived issues are live, the first is {keys[0]}: {message}"
    unit.tally.remark(Kind.ISSUE, keys[0], "ISSUES_NOT_ARCHIVED", text, count=len(keys))


async def archive_projects(unit: ImportUnit) -> None:
    """POST project/{id}/archive for those of some projects that were archived."""
    entries = await batch_of(unit, Kind.PROJECT, PROJECTS_PER_UNIT)
    targets = await unit.identities.get(identity_kinds.PROJECT, [each.key for each in entries])
    for entry in entries:
        if entry.key in targets:
            await _archive(unit, entry, targets[entry.key])


async def _archive(unit: ImportUnit, entry: Entry, target: str) -> None:
    project: Json = await read_json(unit.backup, entry)
    if not project.get("archived"):
        return
    try:
        await unit.site.post(PROJECT, None, project=target)
    except (SiteForbidden, SiteNotFound, SiteRefused) as error:
        found: Json = await unit.site.get_json(ONE, project=target)
        if found.get("archived"):
            # An attempt whose answer was lost has done it.
            return
        key, message = str(project["key"]), f"The archived project is live: {error.message}"
        unit.tally.remark(Kind.PROJECT, key, "PROJECT_NOT_ARCHIVED", message)
