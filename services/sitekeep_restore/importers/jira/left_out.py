"""What the backup itself says that it lacks, repeated in the report of the restore."""

from __future__ import annotations

from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.catalog.details import FindingDetails, decode_details
from sitekeep_shared.content.invisible import NOT_HANDED_OUT
from sitekeep_shared.kinds import Kind


def repeat_what_is_left_out(unit: ImportUnit) -> None:
    """Names what the site counted and did not hand out when it was backed up."""
    for found in _findings(unit):
        if found.reason in NOT_HANDED_OUT and found.kind in list(Kind):
            message = f"Not in the backup: {found.message}"
            unit.tally.remark(Kind(found.kind), found.key, found.reason, message, count=found.count)


def _findings(unit: ImportUnit) -> list[FindingDetails]:
    try:
        return list(decode_details(unit.backup.details).findings)
    except ValueError:
        # Whoever wrote the backup left no such details.
        return []
