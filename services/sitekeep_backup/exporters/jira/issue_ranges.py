"""Which key numbers are asked for: blocks of 100 to a request, ten blocks to a unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.work.unit import UnitPlan

BLOCK = 100
"""Issues per issue/bulkfetch, its largest number (Jira REST v3)."""

RANGE = 1000
"""Key numbers per unit: as many as one changelog/bulkfetch takes (Jira REST v3)."""

INDEX_LAG = 50
"""How many of the newest issues the search index may not know yet, at least looked for."""


@dataclass(frozen=True)
class IssueSource:
    """A project whose issues are read."""

    project_id: str
    project_key: str
    sprint_field: str = field(default="", kw_only=True)
    """The id of the field that holds an issue's sprints; empty: there is none."""
    rank_field: str = field(default="", kw_only=True)
    """The id of the field that holds an issue's place in the order of all; empty: none."""


@dataclass(frozen=True)
class IssueRange(IssueSource):
    """The key numbers of one unit, both ends included."""

    first: int
    last: int
    known: int
    """The highest number that the search index knew."""
    final: bool
    """Whether no later range is planned yet."""

    def blocks(self) -> Iterator[Sequence[int]]:
        """The numbers of each request."""
        for start in range(self.first, self.last + 1, BLOCK):
            yield range(start, min(start + BLOCK, self.last + 1))

    def plan(self) -> UnitPlan:
        """The unit that reads this range."""
        key = f"{ranges_of(self.project_id)}{self.first:010d}"
        return UnitPlan(ExportPhase.CONTENT, key, "issues", dict(self.__dict__))

    def following(self, numbers: Iterable[int]) -> IssueRange | None:
        """The range after a final one, where its numbers were not all known to the index."""
        if not self.final or all(number <= self.known for number in numbers):
            return None
        first = self.last + 1
        last = self.last + RANGE
        return replace(self, first=first, last=last, known=self.last, final=True)


def ranges_of(project_id: str) -> str:
    """What the keys of the units that read a project's ranges begin with."""
    return f"issues/{project_id:>010}/"


def range_of(unit: ExportUnit) -> IssueRange:
    """The range that a unit was planned for."""
    return IssueRange(**unit.plan.arguments)


def plan_ranges(
    project_id: str, project_key: str, known: int, *, sprint_field: str = "", rank_field: str = ""
) -> list[UnitPlan]:
    """The units of a project: up to the known highest number and a little beyond."""
    end = -(-(known + INDEX_LAG) // BLOCK) * BLOCK
    plans: list[UnitPlan] = []
    for first in range(1, end + 1, RANGE):
        last = min(first + RANGE - 1, end)
        part = IssueRange(
            project_id,
            project_key,
            first,
            last,
            known,
            last == end,
            sprint_field=sprint_field,
            rank_field=rank_field,
        )
        plans.append(part.plan())
    return plans
