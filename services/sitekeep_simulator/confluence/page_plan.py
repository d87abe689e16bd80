"""Which spaces and pages a made-up site has, before any of them is written."""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass

from sitekeep_simulator.confluence import words
from sitekeep_simulator.confluence.schema import BLOG_POST, PAGE

_DEEPEST = 9
_BEGIN = datetime.datetime(2019, 1, 7, 8, tzinfo=datetime.UTC)


@dataclass(frozen=True, slots=True)
class PlannedSpace:
    """One space: its key, name, type, status and owner, an index into the people."""

    key: str
    name: str
    type: str
    status: str
    owner: int


@dataclass(slots=True)
class PlannedContent:
    """One page or blog post. ``space`` and ``parent`` are indexes, ``minute`` dates it."""

    kind: str
    space: int
    title: str
    parent: int | None
    position: int | None
    minute: int
    status: str = "current"
    depth: int = 0
    children: int = 0


_NAMED = (
    PlannedSpace("ENG", "Engineering", "global", "current", 0),
    PlannedSpace("HR", "People & Culture", "global", "current", 1),
    PlannedSpace("DOCS", "Documentação – Público", "global", "current", 2),
    PlannedSpace("OLD", "Archived projects", "global", "archived", 3),
)


def plan_spaces(pages: int) -> list[PlannedSpace]:
    """The spaces without the personal one: four, and one more for every 1,500 pages."""
    more = [
        PlannedSpace(f"TEAM{number}", f"Team {number}", "global", "current", number % 5)
        for number in range(1, pages // 1_500 + 1)
    ]
    return [*_NAMED, *more]


def plan_contents(rng: random.Random, spaces: int, pages: int) -> list[PlannedContent]:
    """Home pages first, then trees of pages, then blog posts; the last leaves lose their status."""
    planned = [PlannedContent(PAGE, space, "", None, 0, space) for space in range(spaces)]
    members = [[space] for space in range(spaces)]
    roots = [1] * spaces
    for number in range(spaces, max(pages, spaces)):
        space = min(int(rng.expovariate(1.0) * spaces / 3), spaces - 1)
        page = _page(rng, planned, members[space], space, number)
        if page.parent is None:
            page.position = roots[space]
            roots[space] += 1
        members[space].append(number)
        planned.append(page)
    _archive_and_trash(rng, planned, spaces)
    return planned + _blog_posts(rng, spaces, pages)


def _page(
    rng: random.Random,
    planned: list[PlannedContent],
    members: list[int],
    space: int,
    number: int,
) -> PlannedContent:
    title = words.title(rng, number)
    if rng.random() < 0.01:
        return PlannedContent(PAGE, space, title, None, None, number * 7)
    parent = members[int(len(members) * rng.random() ** 0.7)]
    while planned[parent].depth >= _DEEPEST and planned[parent].parent is not None:
        parent = planned[parent].parent or members[0]
    above = planned[parent]
    above.children += 1
    return PlannedContent(
        PAGE, space, title, parent, above.children - 1, number * 7, depth=above.depth + 1
    )


def _archive_and_trash(rng: random.Random, planned: list[PlannedContent], spaces: int) -> None:
    leaves = [page for page in planned[spaces:] if not page.children]
    for status in ("archived", "trashed"):
        for page in rng.sample(leaves, max(1, len(leaves) // 40) if leaves else 0):
            page.status = status
    trashed = [page for page in leaves if page.status == "trashed"]
    for page in trashed[:3]:
        page.title = planned[page.space + spaces].title if len(planned) > 2 * spaces else page.title


def _blog_posts(rng: random.Random, spaces: int, pages: int) -> list[PlannedContent]:
    return [
        PlannedContent(
            BLOG_POST,
            rng.randrange(spaces),
            f"{words.title(rng, number)} (news)",
            None,
            None,
            number * 70,
            "trashed" if number % 17 == 16 else "current",
        )
        for number in range(max(2, pages // 20))
    ]


def moment(minute: int) -> str:
    """The time that many minutes after the site was founded, as Confluence writes it."""
    time = _BEGIN + datetime.timedelta(minutes=minute)
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{minute * 37 % 1000:03d}Z"
