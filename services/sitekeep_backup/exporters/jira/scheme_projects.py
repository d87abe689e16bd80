"""Which projects have which of a page of schemes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
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


async def projects_of_listed_schemes(
    unit: ExportUnit, template: str, noun: str
) -> dict[str, list[str]]:
    """The ids of the projects by the id of their scheme, where the list wants projects named.

    ``noun`` is how the items of the list below ``template`` call the scheme.
    """
    found: dict[str, list[str]] = {}
    async for projects in _listed_projects(unit):
        start = 0
        while projects:
            query = [("projectId", project) for project in projects]
            query += [("startAt", str(start)), ("maxResults", str(PAGE_SIZE))]
            page: dict[str, Any] = await unit.site.get_json(f"{template}/project", query)
            items: list[dict[str, Any]] = page.get("values", [])
            for item in items:
                named: dict[str, Any] = item.get(noun) or {}
                scheme = str(named.get("id", ""))
                found.setdefault(scheme, []).extend(str(each) for each in item["projectIds"])
            start += len(items)
            if not items or page.get("isLast", start >= page.get("total", 0)):
                break
    return found


async def _listed_projects(unit: ExportUnit) -> AsyncIterator[list[str]]:
    """The ids of the projects that are not in the trash, a page at a time."""
    start = 0
    while True:
        query = [("status", status) for status in ("live", "archived")]
        query += [("startAt", str(start)), ("maxResults", str(PAGE_SIZE)), ("orderBy", "key")]
        page: dict[str, Any] = await unit.site.get_json("/rest/api/3/project/search", query)
        items: list[dict[str, Any]] = page.get("values", [])
        if not items:
            return
        yield [str(item["id"]) for item in items]
        start += len(items)
        if page.get("isLast", start >= page.get("total", 0)):
            return
