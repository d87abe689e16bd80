"""The columns of filters: set by the owner only, so before a filter is given away."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira import identity_kinds
from sitekeep_restore.importers.jira.losses import Loss, LossCounter
from sitekeep_restore.importers.jira.reading import Json, read_json
from sitekeep_restore.importers.unit import ImportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind

COLUMNS = "/rest/api/3/filter/{filter}/columns"
_CUSTOM = "customfield_"


async def import_columns(
    unit: ImportUnit, losses: LossCounter, filter_id: str, name: str, target: str, *, own: bool
) -> None:
    """Sets the columns of a filter. One that is given away has got them before: ``own`` is False.

    ``target`` is its id at the destination; empty: it did not come back.
    """
    columns = await _columns(unit, filter_id)
    if columns is None:
        return
    unit.tally.expect(Kind.FILTER_COLUMNS)
    kept = await _translated(unit, columns)
    message = "" if target else "The filter is not at the destination."
    if not kept and await _were_fields(unit, columns):
        message = "None of its columns is a field of the destination."
    elif own and target:
        message = await _set(unit, target, kept)
    if message:
        unit.tally.missing(Kind.FILTER_COLUMNS, name, "COLUMNS_REFUSED", message)
        return
    lost = len(columns) - len(kept)
    losses.add(Kind.FILTER_COLUMNS, Loss.COLUMN_NOT_RESTORED, name, lost)
    unit.tally.done(Kind.FILTER_COLUMNS, lossy=lost > 0)


async def _columns(unit: ImportUnit, filter_id: str) -> Sequence[str] | None:
    """None where nobody has set any; somebody may have chosen to have none at all."""
    entry = await unit.backup.entry(Kind.FILTER_COLUMNS, filter_id)
    if entry is None:
        return None
    listed: list[Json] = await read_json(unit.backup, entry)
    return [str(each["value"]) for each in listed]


async def _were_fields(unit: ImportUnit, columns: Sequence[str]) -> bool:
    """Whether any of them was a field when the backup was made: some may be in the trash."""
    found = [await unit.backup.entry(Kind.FIELD, each) for each in columns]
    return any(found)


async def _translated(unit: ImportUnit, columns: Sequence[str]) -> list[str]:
    """The fields of the destination; Jira's own ones have the same names everywhere."""
    custom = [each for each in columns if each.startswith(_CUSTOM)]
    targets = await unit.identities.get(identity_kinds.FIELD, custom)
    found = (targets.get(each) if each.startswith(_CUSTOM) else each for each in columns)
    return [each for each in found if each is not None]


async def _set(unit: ImportUnit, target: str, columns: Sequence[str]) -> str:
    """Why they are not set; empty: they are."""
    try:
        await unit.site.put_json(COLUMNS, {"columns": list(columns)}, filter=target)
    except (SiteRefused, SiteForbidden, SiteNotFound) as error:
        return error.message or "refused"
    return ""
