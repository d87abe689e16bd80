"""Workflow schemes; which one a project has stands with it."""

from __future__ import annotations

from collections.abc import Iterable

from sitekeep_backup.exporters.jira.listing import read_page, spawn_next, store_items
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound
from sitekeep_shared.content.workflow_schemes import DEFAULT
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 50
"""The usual page of workflowscheme (Jira REST v3 names no largest one)."""

SCHEMES = "/rest/api/3/workflowscheme"
DRAFT = SCHEMES + "/{scheme}/draft"

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "workflow-schemes", "workflow-schemes")


async def export_workflow_schemes(unit: ExportUnit) -> None:
    """One page of workflowscheme; the default scheme has no id and stands in no list."""
    page = await read_page(unit, SCHEMES, [("maxResults", str(PAGE_SIZE))])
    await store_items(unit, Kind.WORKFLOW_SCHEME, page.values)
    spawn_next(unit, page)


def plan_drafts(phase: int, schemes: Iterable[str]) -> list[UnitPlan]:
    """The units that look for drafts: only schemes that projects have can have one."""
    return [
        UnitPlan(phase, f"workflow-draft/{scheme:>010}", "workflow-draft", {"scheme": scheme})
        for scheme in sorted(set(schemes) - {"", DEFAULT})
    ]


async def export_workflow_draft(unit: ExportUnit) -> None:
    """Names the draft of a scheme: changes that nobody has published yet are not kept."""
    scheme = str(unit.plan.arguments["scheme"])
    try:
        draft = await unit.site.get_json(DRAFT, scheme=scheme)
    except (SiteNotFound, SiteForbidden):
        return
    message = "Its draft, changes that are not published yet, is not backed up."
    unit.tally.remark(Kind.WORKFLOW_SCHEME, str(draft.get("name")), "DRAFT_NOT_KEPT", message)
