"""What no documented request reads of a Product Discovery project: named for each of them."""

from __future__ import annotations

from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.content.discovery_fields import PROJECT_TYPE
from sitekeep_shared.kinds import Kind

_UNREADABLE = (
    (Kind.DISCOVERY_VIEW, "VIEWS_NOT_READABLE", "views"),
    (Kind.DISCOVERY_INSIGHT, "INSIGHTS_NOT_READABLE", "insights"),
)


def name_unreadable(unit: ExportUnit, project_type: str, key: str) -> None:
    """Says of a project of that type what of it is not in the backup. Asks for nothing."""
    if project_type != PROJECT_TYPE:
        return
    for kind, reason, noun in _UNREADABLE:
        message = f"No documented request reads the {noun} of this Product Discovery project."
        unit.tally.remark(kind, key, reason, message)
