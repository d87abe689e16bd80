"""Which projects have which of a page of schemes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sitekeep_backup.exporters.unit import ExportUnit

PAGE_SIZE = 100


async def projects_by_scheme(
    unit: ExportUnit, template: str, name: str, schemes: Sequence[str]
) -> dict[str, list[str]]:
    """The ids of the projects by the id of their scheme, from the list below ``template``.

    ``name`` is how the list calls the id of a scheme, in its query as in its items.
    """
    found: dict[str, list[str]] = {scheme: [] for scheme in schemes}
    start = 0
    while schemes:
        query = [(name, scheme) for scheme in schemes]
        query += [("startAt", str(start)), ("maxResults", str(PAGE_SIZE))]
        page: dict[str, Any] = await unit.site.get_json(f"{template}/project", query)
        items: list[dict[str, Any]] = page.get("values", [])
        for item in items:
            found[str(item[name])].append(str(item["projectId"]))
        start += len(items)
        if not items or page.get("isLast", start >= page.get("total", 0)):
            break
    return found
