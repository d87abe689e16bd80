"""What a backup does not hold, said once so that nothing is silent."""

from __future__ import annotations

from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

NOT_KEPT = "not-kept"

FIRST = UnitPlan(ExportPhase.CONTENT, "not-kept", NOT_KEPT)

_REMARKS: tuple[tuple[Kind, str, str], ...] = (
    (Kind.PAGE, "RESTRICTIONS_NOT_KEPT", "Who may view and edit single pages is not kept."),
    (Kind.PAGE, "TEMPLATES_NOT_KEPT", "Page templates and blueprints are not kept."),
    (Kind.PAGE, "TASKS_NOT_KEPT", "Tasks are kept in the text of their page, not as tasks."),
    (Kind.PAGE, "PROPERTIES_NOT_KEPT", "Content properties, which apps write, are not kept."),
    (Kind.PAGE, "LIKES_NOT_KEPT", "Likes and watchers are not kept."),
    (Kind.PAGE, "DRAFTS_NOT_KEPT", "Unpublished drafts are not listed for other people."),
    (Kind.SPACE, "SPACE_SETTINGS_NOT_KEPT", "Permissions, themes and properties are not kept."),
    (Kind.ATTACHMENT, "OLD_VERSIONS_NOT_KEPT", "Older versions of attachments are not kept."),
)


async def export_not_kept(unit: ExportUnit) -> None:
    """Adds the remarks. Asks the site for nothing."""
    for kind, reason, message in _REMARKS:
        unit.tally.remark(kind, "site", reason, message)
