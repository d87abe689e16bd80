"""Long lists as chains of units: each reads some pages and plans the next with its cursor."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.client import Query
from sitekeep_shared.content.confluence_lists import ListPage, read_page
from sitekeep_shared.work.unit import UnitPlan

PAGES_PER_UNIT = 4
"""Pages of a list that one unit reads: about 1,000 items."""

_NUMBER = re.compile(r"\d+$")

Keep = Callable[[ListPage], Awaitable[None]]


@dataclass(frozen=True)
class Listing:
    """A list of the site."""

    template: str
    query: Query
    path: Mapping[str, str] = field(default_factory=dict[str, str])


def first_key(*names: str) -> str:
    """The key of the first unit of a chain."""
    return "/".join([*names, "000000"])


def next_key(key: str) -> str:
    """The key of the unit after that one."""
    return _NUMBER.sub(lambda number: f"{int(number[0]) + 1:06d}", key)


async def walk(
    unit: ExportUnit, listing: Listing, keep: Keep, *, pages: int = PAGES_PER_UNIT
) -> bool:
    """Reads some pages and plans the rest. Returns whether this was the end of the list.

    What the unit's arguments hold when this returns goes on to the next unit.
    """
    query: Query = _stored_query(unit.plan.arguments.get("query")) or listing.query
    for _ in range(pages):
        page = await read_page(unit.site, listing.template, query, **listing.path)
        await keep(page)
        if page.following is None:
            return True
        query = page.following
    unit.spawn(_rest(unit.plan, query))
    return False


def _rest(plan: UnitPlan, query: Query) -> UnitPlan:
    arguments: dict[str, Any] = {**plan.arguments, "query": [list(pair) for pair in query]}
    return UnitPlan(plan.phase, next_key(plan.key), plan.kind, arguments)


def _stored_query(stored: Sequence[Sequence[str]] | None) -> Query:
    return [(name, value) for name, value in stored or ()]
