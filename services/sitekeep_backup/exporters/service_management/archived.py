"""Service projects in the archive: no list of the site shows their desks."""

from __future__ import annotations

from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.content.service_fields import SERVICE_PROJECT
from sitekeep_shared.kinds import Kind


def name_archived_desk(unit: ExportUnit, project_type: str, key: str) -> None:
    """Says of an archived service project what of it is not in the backup. Asks for nothing."""
    if project_type == SERVICE_PROJECT:
        message = (
            "The project is in the archive, where no request reads its service desk: request "
            "types, customers and queues can be read once it is restored on the site."
        )
        unit.tally.remark(Kind.SERVICE_DESK, key, "SERVICE_DESK_IN_ARCHIVE", message)
