"""What the closing pass leaves for later units: which issues it has read again."""

from __future__ import annotations

import re

from sitekeep_backup.exporters.unit import CLOSING_KEYS, ExportUnit

_STAGE = re.compile(re.escape(CLOSING_KEYS) + r".*/(\d+)\Z")


def closings_of(project_id: str) -> str:
    """What the keys of the units that read a project's issues again begin with."""
    return f"{CLOSING_KEYS}{project_id:>010}/"


def stage_of(unit_key: str) -> int:
    """How often a project was read when a unit began: 0 for what reads it first."""
    found = _STAGE.match(unit_key)
    return int(found.group(1)) if found else 0


async def numbers_read_after(unit: ExportUnit, project_id: str, unit_key: str) -> set[int]:
    """The numbers of a project's issues that were read again, or were gone, after a unit."""
    found: set[int] = set()
    async for key, note in unit.earlier.notes(closings_of(project_id)):
        if stage_of(key) > stage_of(unit_key):
            found.update(note["numbers"])
    return found
