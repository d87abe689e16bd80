"""Splits the entries of a kind into units by ranges of keys that do not overlap."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sitekeep_restore.importers.unit import ImportPhase, ImportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.entry import Entry
from sitekeep_shared.work.unit import UnitPlan


async def plan_ranges(
    unit: ImportUnit, kind: Kind, run: str, size: int, *, phase: ImportPhase | None = None
) -> None:
    """Plans units of ``run`` that together see every entry of a kind once."""
    keys = sorted([entry.key async for entry in unit.backup.entries(kind)])
    for number, start in enumerate(range(0, len(keys), size)):
        last = keys[min(start + size, len(keys)) - 1]
        arguments = {"kind": kind.value, "first": keys[start], "last": last}
        key = f"{run}/{kind.value}/{number:06d}"
        unit.spawn(UnitPlan(phase or unit.plan.phase, key, run, arguments))


def entries_of(unit: ImportUnit) -> AsyncIterator[Entry]:
    """The entries of the unit's range."""
    arguments = unit.plan.arguments
    return unit.backup.entries(
        Kind(arguments["kind"]), first=arguments["first"], last=arguments["last"]
    )


def identifier(entry: Entry) -> str:
    """The id that an entry key of zeros and an id stands for."""
    return entry.key.lstrip("0")
