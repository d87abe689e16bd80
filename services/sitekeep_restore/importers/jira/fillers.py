"""The fillers of number gaps are deleted at the end."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira import origin
from sitekeep_restore.importers.jira.bulk_tasks import wait_for
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

DELETE = "/rest/api/3/bulk/issues/delete"
BULKFETCH = "/rest/api/3/issue/bulkfetch"
ONE = "/rest/api/3/issue/{issue}"
PER_REQUEST = 1000
BLOCK = 100


async def delete_fillers(unit: ImportUnit) -> None:
    """Deletes the fillers of one range, in bulk where the site lets us."""
    fillers: list[str] = unit.plan.arguments["fillers"]
    if not unit.first_attempt:
        fillers = await _left(unit, fillers)
    for start in range(0, len(fillers), PER_REQUEST):
        part = fillers[start : start + PER_REQUEST]
        body = {"selectedIssueIdsOrKeys": part, "sendBulkNotification": False}
        try:
            await wait_for(unit, await unit.site.post_json(DELETE, body))
        except (SiteRefused, SiteForbidden, SiteNotFound):
            await _delete_each(unit, await _left(unit, part))


async def _left(unit: ImportUnit, ids: Sequence[str]) -> list[str]:
    """Those of the ids that still are fillers on the site."""
    found: list[str] = []
    for start in range(0, len(ids), BLOCK):
        body = {"issueIdsOrKeys": list(ids[start : start + BLOCK]), "fields": ["labels"]}
        answer: Json = await unit.site.post_json(BULKFETCH, body, read=True)
        issues: list[Json] = answer.get("issues", [])
        found += [str(each["id"]) for each in issues if _is_filler(each)]
    return found


def _is_filler(issue: Json) -> bool:
    return origin.FILLER_LABEL in (issue["fields"].get("labels") or ())


async def _delete_each(unit: ImportUnit, ids: Sequence[str]) -> None:
    for issue in ids:
        try:
            await unit.site.delete(ONE, issue=issue)
        except SiteNotFound:
            continue
        except (SiteRefused, SiteForbidden) as error:
            unit.tally.remark(Kind.ISSUE, issue, "FILLER_NOT_DELETED", error.message)
