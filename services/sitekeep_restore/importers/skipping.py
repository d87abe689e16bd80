"""What a restore leaves out because it was asked to: counted and declared, never an error."""

from __future__ import annotations

from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.kinds import Kind


def leave_out_attachments(unit: ImportUnit) -> None:
    """Says how many files of the backup stay there; to be called once in a restore."""
    count = sum(page.entry_count for page in unit.backup.pages(Kind.ATTACHMENT))
    if not count:
        return
    unit.tally.expect(Kind.ATTACHMENT, count)
    message = "Left out, as the restore was asked to: texts that show or name a file lack it."
    unit.tally.not_restorable(
        Kind.ATTACHMENT, "attachments", "ATTACHMENTS_SKIPPED", message, count=count
    )
