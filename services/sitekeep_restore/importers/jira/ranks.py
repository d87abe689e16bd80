"""The order of the issues of each project: only what stands elsewhere is moved."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.rank_order import Move, moves
from sitekeep_restore.importers.jira.reading import Json, batch_of
from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.entry_keys import end_of, first_of_project
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PROJECTS_PER_UNIT = 50
IDENTITIES_PER_READ = 500
RANK = "/rest/agile/1.0/issue/rank"
ATTRIBUTE = "rank"
"""The attribute of an issue's entry: a text that sorts as the issues stand."""

_WHY = {
    "RANK_REFUSED": "The site did not move the issue to its place in the order.",
    "RANK_WITHOUT_ISSUE": "The issue is not at the destination.",
}

RANKS = UnitPlan(ImportPhase.PLANNING, "ranks", "ranks")
"""Planned once all sprints are there."""


async def plan_ranks(unit: ImportUnit) -> None:
    """Plans a unit for each of some projects."""
    for entry in await batch_of(unit, Kind.PROJECT, PROJECTS_PER_UNIT):
        key = f"project-ranks/{entry.key:>010}"
        unit.spawn(UnitPlan(ImportPhase.PLANNING, key, "project-ranks", {"project": entry.key}))


async def import_ranks(unit: ImportUnit) -> None:
    """Brings the issues of one project into their order."""
    project = str(unit.plan.arguments["project"])
    wanted, absent = await _wanted(unit, project)
    unit.tally.expect(Kind.RANK, len(wanted) + absent)
    refused = 0
    for move in moves(wanted):
        refused += await _move(unit, move)
    unit.tally.done(Kind.RANK, count=len(wanted) - refused)
    _report(unit, project, "RANK_REFUSED", refused)
    _report(unit, project, "RANK_WITHOUT_ISSUE", absent)


def _report(unit: ImportUnit, project: str, reason: str, count: int) -> None:
    if count:
        unit.tally.missing(Kind.RANK, f"project {project}", reason, _WHY[reason], count=count)


async def _wanted(unit: ImportUnit, project: str) -> tuple[list[int], int]:
    """The target ids of the project's issues as they stood, and how many have none.

    A site puts a new issue behind all others, so issues stand in the order of their ids.
    """
    first = first_of_project(project)
    ranked = [
        (entry.attributes[ATTRIBUTE], entry.attributes["id"])
        async for entry in unit.backup.entries(Kind.ISSUE, first=first, last=end_of(first))
        if entry.attributes.get(ATTRIBUTE)
    ]
    sources = [source for _, source in sorted(ranked)]
    targets: list[int] = []
    for start in range(0, len(sources), IDENTITIES_PER_READ):
        part = sources[start : start + IDENTITIES_PER_READ]
        found = await unit.identities.get(identity_kinds.ISSUE, part)
        targets += [int(found[source]) for source in part if source in found]
    return targets, len(sources) - len(targets)


async def _move(unit: ImportUnit, move: Move) -> int:
    """Moves issues; how many of them the site did not move."""
    edge = "rankAfterIssue" if move.after else "rankBeforeIssue"
    body = {"issues": [str(each) for each in move.issues], edge: str(move.other)}
    try:
        answer: Json | None = await unit.site.put_json(RANK, body)
    except (SiteRefused, SiteForbidden, SiteNotFound):
        return len(move.issues)
    entries: Sequence[Json] = (answer or {}).get("entries", ())
    return sum(int(each.get("status", 200)) >= 300 for each in entries)
