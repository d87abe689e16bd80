"""Which issues were in which sprint, found in what the backup says beside each issue."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

ISSUES = "/rest/agile/1.0/sprint/{sprint}/issue"
ISSUES_PER_REQUEST = 50
"""The most that sprint/{id}/issue takes (Jira Software REST 1.0)."""

SPRINTS = "sprints"
"""The attribute of an issue's entry: the ids of its sprints, separated by commas."""


@dataclass
class Members:
    """The source ids of the issues of a sprint, in the order of their keys."""

    issues: array[int] = field(default_factory=lambda: array("q"))
    project: str = ""
    """The source id of the project of one of them."""


async def members_of(unit: ImportUnit, sprints: Iterable[str]) -> dict[str, Members]:
    """The members of some sprints: one pass over the entries, not over the issues."""
    found = {sprint: Members() for sprint in sprints}
    async for entry in unit.backup.entries(Kind.ISSUE):
        for sprint in filter(None, entry.attributes.get(SPRINTS, "").split(",")):
            if sprint in found:
                found[sprint].issues.append(int(entry.attributes["id"]))
                found[sprint].project = entry.key.partition("/")[0].lstrip("0")
    return found


async def take_in(unit: ImportUnit, sprint: str, members: Members) -> int:
    """Puts the restored ones of the members into a sprint; how many of them it did not take."""
    refused = 0
    for start in range(0, len(members.issues), ISSUES_PER_REQUEST):
        part = [str(each) for each in members.issues[start : start + ISSUES_PER_REQUEST]]
        targets = await unit.identities.get(identity_kinds.ISSUE, part)
        issues = [targets[each] for each in part if each in targets]
        refused += await _add(unit, sprint, issues) if issues else 0
    return refused


async def _add(unit: ImportUnit, sprint: str, issues: Sequence[str]) -> int:
    """One issue that cannot be in a sprint fails a whole request: the halves are tried alone."""
    try:
        await unit.site.post(ISSUES, {"issues": list(issues)}, sprint=sprint)
    except (SiteRefused, SiteForbidden, SiteNotFound):
        if len(issues) == 1:
            return 1
        middle = len(issues) // 2
        first = await _add(unit, sprint, issues[:middle])
        return first + await _add(unit, sprint, issues[middle:])
    return 0
