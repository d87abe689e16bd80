"""The units that follow from created issues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sitekeep_restore.importers.jira.projects import TargetProject
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.work.unit import UnitPlan

DETAILS_PER_UNIT = 50
"""Key numbers per unit of details."""


def plan_range(
    unit: ImportUnit, project: TargetProject, first: int, last: int, fillers: Sequence[str]
) -> None:
    """Files, details and links of a range of issues, and the end of its fillers."""
    if not unit.options.skip_attachments:
        unit.spawn(_plan(ImportPhase.ATTACHMENTS, "attachments", project, first, last))
    for start in range(first, last + 1, DETAILS_PER_UNIT):
        end = min(start + DETAILS_PER_UNIT - 1, last)
        unit.spawn(_plan(ImportPhase.DETAILS, "details", project, start, end))
    unit.spawn(_plan(ImportPhase.DETAILS, "issue-properties", project, first, last))
    unit.spawn(_plan(ImportPhase.RELATIONS, "epics", project, first, last))
    unit.spawn(_plan(ImportPhase.RELATIONS, "relations", project, first, last))
    if fillers:
        more = {"fillers": list(fillers)}
        unit.spawn(_plan(ImportPhase.CLEAN_UP, "fillers", project, first, last, more))


def _plan(
    phase: ImportPhase,
    kind: str,
    project: TargetProject,
    first: int,
    last: int,
    more: dict[str, Any] | None = None,
) -> UnitPlan:
    arguments = {"project": asdict(project), "first": first, "last": last, **(more or {})}
    return UnitPlan(phase, f"{kind}/{project.source:>010}/{first:010d}", kind, arguments)


def plan_following(
    unit: ImportUnit, project: TargetProject, first: int, following: int, late: Sequence[str]
) -> None:
    """The next range of the same project.

    ``following`` is the number that the site gives next, ``late`` are the entry keys of the
    issues that are created behind the last one.
    """
    arguments: dict[str, Any] = {"project": asdict(project), "first": first, "next": following}
    arguments["late"] = list(late)
    key = f"issues/{project.source:>010}/{first:010d}"
    unit.spawn(UnitPlan(ImportPhase.CONTENT, key, "issues", arguments))
