"""Queues: their names, queries and columns."""

from __future__ import annotations

from functools import partial

from sitekeep_backup.exporters.service_management.desk_lists import export_desk_list, plan_list
from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.kinds import Kind

of = partial(plan_list, "queues")
"""The unit of a desk's queues."""


async def export_queues(unit: ExportUnit) -> None:
    """One page of a desk's queues."""
    await export_desk_list(unit, Kind.QUEUE, "queue")
