"""The one edit that an issue gets: all its fields, without those that the site refuses."""

from __future__ import annotations

from sitekeep_restore.importers.jira.field_values import FieldValues
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteRefused
from sitekeep_shared.kinds import Kind

ONE = "/rest/api/3/issue/{issue}"
QUIET = [("notifyUsers", "false")]


async def edit_fields(
    unit: ImportUnit, source: Json, target: str, values: FieldValues, losses: LossCounter
) -> None:
    """Writes the fields; those that a refusal names are dropped one refusal after the other."""
    fields = values.of(source)
    key = str(source["key"])
    while fields:
        try:
            await unit.site.put_json(ONE, {"fields": fields}, QUIET, issue=target)
        except (SiteRefused, SiteForbidden) as error:
            refused = _refused(error, fields)
            for name in refused:
                losses.add(Kind.ISSUE, Loss.FIELD_REFUSED, f"{key}/{name}")
            message = error.message
            if not refused:
                unit.tally.remark(Kind.ISSUE, key, "ISSUE_EDIT_REFUSED", message)
            fields = _without(fields, refused)
        else:
            return


def _refused(error: SiteRefused | SiteForbidden, fields: Json) -> list[str]:
    named = error.errors if isinstance(error, SiteRefused) else {}
    return [name for name in named if name in fields]


def _without(fields: Json, refused: list[str]) -> Json:
    """The fields that are tried next: without the refused ones, else the text alone."""
    if refused:
        return {name: value for name, value in fields.items() if name not in refused}
    text = fields.get("description")
    return {"description": text} if text is not None and len(fields) > 1 else {}
