"""Which part of some schemes is for which issue type."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_backup.exporters.jira.listing import all_items
from sitekeep_backup.exporters.jira.raw import attribute_of
from sitekeep_backup.exporters.unit import ExportUnit

PAGE_SIZE = 100


async def mappings_by_scheme(
    unit: ExportUnit, template: str, scheme_name: str, part_name: str, schemes: Sequence[str]
) -> dict[str, dict[str, str]]:
    """By scheme: the part of each issue type, and of ``default``.

    Both names are what the list below ``template`` calls the id of a scheme and that of a part.
    """
    found: dict[str, dict[str, str]] = {scheme: {} for scheme in schemes}
    if not schemes:
        return found
    query = [(scheme_name, scheme) for scheme in schemes]
    for item in await all_items(unit, f"{template}/mapping", query, page_size=PAGE_SIZE):
        mapped = found[attribute_of(item, scheme_name)]
        mapped[attribute_of(item, "issueTypeId")] = attribute_of(item, part_name)
    return found
