"""The fewest moves that bring issues into an order: pure planning."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST = 50
"""Issues per issue/rank, its largest number (Jira Software REST 1.0)."""


@dataclass(frozen=True)
class Move:
    """Issues that are put, in their order, right before or right after another one."""

    issues: Sequence[int]
    other: int
    after: bool


def staying(wanted: Sequence[int]) -> set[int]:
    """As many issues as possible that can stay where they are.

    Issues stand in the order of their ids now; those that also rise in the wanted order,
    a longest rising subsequence, need no move.
    """
    ends: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for place, issue in enumerate(wanted):
        length = bisect_left(ends, issue)
        before.append(places[length - 1] if length else -1)
        ends[length : length + 1] = [issue]
        places[length : length + 1] = [place]
    found: set[int] = set()
    place = places[-1] if places else -1
    while place >= 0:
        found.add(wanted[place])
        place = before[place]
    return found


def moves(wanted: Sequence[int], most: int = MOST) -> Iterator[Move]:
    """What to move, one request each, in the order in which it has to be done.

    Doing it twice ends in the same order, also when the first time was cut short: what
    stays is never moved, and everything else is put beside something that is in place.
    """
    kept = staying(wanted)
    first = next((issue for issue in wanted if issue in kept), None)
    previous: int | None = None
    run: list[int] = []
    for issue in (*wanted, None):
        if run and (issue is None or issue in kept or len(run) == most):
            edge = previous if previous is not None else first
            if edge is not None:
                yield Move(tuple(run), edge, previous is not None)
            previous, run = run[-1], []
        if issue is None or issue in kept:
            previous = issue
        else:
            run.append(issue)
