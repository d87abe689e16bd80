"""Parents that could not be set at creation: by an edit, or by a move for sub-tasks."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.bulk_tasks import wait_for
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.projects import TargetProject
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

BULKFETCH = "/rest/api/3/issue/bulkfetch"
MOVE = "/rest/api/3/bulk/issues/move"
ONE = "/rest/api/3/issue/{issue}"
BLOCK = 100


async def import_parents(
    unit: ImportUnit, project: TargetProject, issues: Sequence[Json], losses: LossCounter
) -> None:
    """Gives the issues of a range their parents, as far as they do not have them yet."""
    children = [issue for issue in issues if issue["fields"].get("parent")]
    if not children:
        return
    ends = {child["id"] for child in children}
    ends |= {str(child["fields"]["parent"]["id"]) for child in children}
    targets = await unit.identities.get(identity_kinds.ISSUE, ends)
    present = await _parents(unit, [targets[c["id"]] for c in children if c["id"] in targets])
    for child in children:
        target = targets.get(child["id"])
        parent = targets.get(str(child["fields"]["parent"]["id"]))
        if target is None or present.get(target, "") == parent:
            continue
        if parent is None:
            message = f"Its parent {child['fields']['parent'].get('key', '')} is missing."
            unit.tally.remark(Kind.ISSUE, child["key"], "PARENT_MISSING", message)
        else:
            await _set_parent(unit, project, child, (target, parent), losses)


async def _parents(unit: ImportUnit, ids: Sequence[str]) -> dict[str, str]:
    """Issue → parent at the destination."""
    found: dict[str, str] = {}
    for start in range(0, len(ids), BLOCK):
        body = {"issueIdsOrKeys": list(ids[start : start + BLOCK]), "fields": ["parent"]}
        answer: Json = await unit.site.post_json(BULKFETCH, body, read=True)
        for issue in answer.get("issues", ()):
            parent: Json = issue["fields"].get("parent") or {}
            found[str(issue["id"])] = str(parent.get("id", ""))
    return found


async def _set_parent(
    unit: ImportUnit,
    project: TargetProject,
    child: Json,
    pair: tuple[str, str],
    losses: LossCounter,
) -> None:
    kind: Json = child["fields"].get("issuetype") or {}
    try:
        if kind.get("subtask"):
            await _move(unit, project, str(kind["id"]), pair)
        else:
            body = {"fields": {"parent": {"id": pair[1]}}}
            await unit.site.put_json(ONE, body, [("notifyUsers", "false")], issue=pair[0])
    except (SiteRefused, SiteForbidden, SiteNotFound):
        loss = Loss.LATE_SUBTASK if kind.get("subtask") else Loss.PARENT_REFUSED
        losses.add(Kind.ISSUE, loss, child["key"])


async def _move(
    unit: ImportUnit, project: TargetProject, source_type: str, pair: tuple[str, str]
) -> None:
    """Turns an issue into a sub-task: bulk/issues/move below its parent.

    Raises SiteRefused where the site does not do it.
    """
    child, parent = pair
    types = await unit.identities.get(identity_kinds.ISSUE_TYPE, [source_type])
    destination = f"{project.key},{types.get(source_type, '')},{parent}"
    request = {
        "inferClassificationDefaults": True,
        "inferFieldDefaults": True,
        "inferStatusDefaults": True,
        "inferSubtaskTypeDefault": True,
        "issueIdsOrKeys": [child],
    }
    body = {"sendBulkNotification": False, "targetToSourcesMapping": {destination: request}}
    await wait_for(unit, await unit.site.post_json(MOVE, body))
