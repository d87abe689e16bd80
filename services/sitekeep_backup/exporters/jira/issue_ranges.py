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

EMPTY_RANGES = 10
"""After how many empty ranges in a row the issues of an archived project are given up."""

RANGES = "issues/"
"""What the keys of all units begin with that read ranges."""

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
    every_link: bool = field(default=False, kw_only=True)
    """Whether every issue is asked for its remote links."""
    request_field: str = field(default="", kw_only=True)
    """The id of the field that makes an issue a request; empty: there is none."""


@dataclass(frozen=True)
class IssueRange(IssueSource):
    """The key numbers of one unit, both ends included."""

    first: int
    last: int
    known: int
    """The highest number that the search index knew."""
    final: bool
    """Whether no later range is planned yet."""
    left: int = field(default=0, kw_only=True)
    """How many issues the site counts from here on; 0: the search knows the highest number."""
    empty: int = field(default=0, kw_only=True)
    """How many ranges before this one, while some were left, held none."""

    def blocks(self) -> Iterator[Sequence[int]]:
        """The numbers of each request."""
        for start in range(self.first, self.last + 1, BLOCK):
            yield range(start, min(start + BLOCK, self.last + 1))

    def plan(self) -> UnitPlan:
        """The unit that reads this range."""
        key = f"{ranges_of(self.project_id)}{self.first:010d}"
        return UnitPlan(ExportPhase.CONTENT, key, "issues", dict(self.__dict__))

    def following(self, numbers: Iterable[int]) -> IssueRange | None:
        """The range after a final one, where its numbers were not all known to the index.

        Of an archived project: as long as issues are left.
        """
        found = list(numbers)
        if self.left:
            return self._following_left(len(found))
        if not self.final or all(number <= self.known for number in found):
            return None
        first = self.last + 1
        last = self.last + RANGE
        return replace(self, first=first, last=last, known=self.last, final=True)

    def _following_left(self, found: int) -> IssueRange | None:
        left, empty = self.left - found, 0 if found else self.empty + 1
        if left <= 0 or empty == EMPTY_RANGES:
            return None
        first, last = self.last + 1, self.last + RANGE
        return replace(self, first=first, last=last, left=left, empty=empty)


def ranges_of(project_id: str) -> str:
    """What the keys of the units that read a project's ranges begin with."""
    return f"{RANGES}{project_id:>010}/"


def project_of(unit_key: str) -> str:
    """The id of the project a range of which a unit reads."""
    return unit_key.removeprefix(RANGES).partition("/")[0].lstrip("0")


def range_of(unit: ExportUnit) -> IssueRange:
    """The range that a unit was planned for."""
    return IssueRange(**unit.plan.arguments)


def plan_ranges(source: IssueSource, known: int) -> list[UnitPlan]:
    """The units of a project: up to the known highest number and a little beyond."""
    end = -(-(known + INDEX_LAG) // BLOCK) * BLOCK
    plans: list[UnitPlan] = []
    for first in range(1, end + 1, RANGE):
        last = min(first + RANGE - 1, end)
        part = IssueRange(**vars(source), first=first, last=last, known=known, final=last == end)
        plans.append(part.plan())
    return plans


def plan_archived_ranges(source: IssueSource, count: int) -> list[UnitPlan]:
    """The first unit of an archived project, which no search finds: the next ones follow from it.

    ``count``: how many issues the site says it has.
    """
    if not count:
        return []
    part = IssueRange(**vars(source), first=1, last=RANGE, known=0, final=True, left=count)
    return [part.plan()]
