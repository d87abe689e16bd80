"""The one edit that an issue gets: all its fields, without those that the site refuses."""

from __future__ import annotations

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.field_values import FieldValues
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteError, SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

ONE = "/rest/api/3/issue/{issue}"
DESCRIPTION = "description"
QUIET = [("notifyUsers", "false")]


async def edit_fields(
    unit: ImportUnit, source: Json, target: str, values: FieldValues, losses: LossCounter
) -> None:
    """Writes the fields; what a refusal names is made simpler or dropped, then tried again."""
    fields = values.of(source)
    refusals: set[str] = set()
    while fields:
        try:
            await unit.site.put_json(ONE, {"fields": fields}, QUIET, issue=target)
        except (SiteRefused, SiteForbidden, SiteNotFound) as error:
            refused = _refused(error, fields)
            if not refused:
                _remark(unit, source, error)
            fields = _simpler(source, fields, refused, refusals, values, losses)
        else:
            return


def _refused(error: SiteError, fields: Json) -> set[str]:
    """The fields that a refusal names."""
    named = error.errors if isinstance(error, SiteRefused) else {}
    return set(named) & set(fields)


def _remark(unit: ImportUnit, source: Json, error: SiteError) -> None:
    unit.tally.remark(Kind.ISSUE, str(source["key"]), "ISSUE_EDIT_REFUSED", error.message)


def _simpler(
    source: Json,
    fields: Json,
    refused: set[str],
    refusals: set[str],
    values: FieldValues,
    losses: LossCounter,
) -> Json:
    """The fields that are tried next: a text instead of a refused document, once."""
    if not refused:
        text = fields.get(DESCRIPTION)
        return {DESCRIPTION: text} if text is not None and len(fields) > 1 else {}
    kept = {name: value for name, value in fields.items() if name not in refused}
    if DESCRIPTION in refused - refusals:
        kept[DESCRIPTION] = values.description(source, plain=True)
    for name in sorted(refused - set(kept)):
        if name == identity_kinds.PRIORITY and fields[name] is None:
            losses.add(Kind.ISSUE, Loss.PRIORITY_BY_DEFAULT, str(source["key"]))
        else:
            losses.add(Kind.ISSUE, Loss.FIELD_REFUSED, f"{source['key']}/{name}")
    refusals |= refused
    return kept
