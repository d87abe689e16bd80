"""Field configurations with what they say about each field, and their schemes.

Atlassian deprecates both in favour of field schemes (config/fieldschemes, an experiment): where a
site has those already, that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sitekeep_backup.exporters.jira.listing import read_page, spawn_next, store_items
from sitekeep_backup.exporters.jira.raw import (
    OffsetPage,
    decode_page,
    identity_of,
    is_end,
    join_array,
)
from sitekeep_backup.exporters.jira.scheme_projects import projects_of_listed_schemes
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.field_configurations import CONFIGURATION, SCHEME, scheme_key
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

PAGE_SIZE = 50
"""The usual page of these lists (Jira REST v3 names no largest one)."""
ITEMS_PER_PAGE = 100

CONFIGURATIONS = "/rest/api/3/fieldconfiguration"
SCHEMES = "/rest/api/3/fieldconfigurationscheme"
SUCCESSOR = "/rest/api/3/config/fieldschemes"

FIRST = (
    UnitPlan(ExportPhase.CONFIGURATION, "field-configurations", "field-configurations"),
    UnitPlan(
        ExportPhase.CONFIGURATION, "field-configuration-schemes", "field-configuration-schemes"
    ),
    UnitPlan(ExportPhase.CONFIGURATION, "field-schemes", "field-schemes"),
)


async def export_field_configurations(unit: ExportUnit) -> None:
    """One page of configurations, each with its items."""
    page = await _page(unit, CONFIGURATIONS)
    items = {identity_of(e): await _items(unit, identity_of(e)) for e in page.values}

    def attributes_of(item: msgspec.Raw) -> dict[str, str]:
        return {"form": CONFIGURATION, "items": items[identity_of(item)]}

    kind = Kind.FIELD_CONFIGURATION
    await store_items(unit, kind, page.values, attributes_of=attributes_of)
    spawn_next(unit, page)


async def export_field_configuration_schemes(unit: ExportUnit) -> None:
    """One page of schemes with their mappings and projects."""
    page = await _page(unit, SCHEMES)
    ids = [identity_of(item) for item in page.values]
    if not ids:
        return
    mappings = await _mappings(unit, ids)
    projects = await projects_of_listed_schemes(unit, SCHEMES, "fieldConfigurationScheme")

    def attributes_of(item: msgspec.Raw) -> dict[str, str]:
        scheme = identity_of(item)
        return {
            "form": SCHEME,
            "mappings": msgspec.json.encode(mappings[scheme]).decode(),
            "projects": msgspec.json.encode(projects.get(scheme, [])).decode(),
        }

    def key_of(item: msgspec.Raw) -> str:
        return scheme_key(identity_of(item))

    kind = Kind.FIELD_CONFIGURATION
    await store_items(unit, kind, page.values, key_of=key_of, attributes_of=attributes_of)
    spawn_next(unit, page)


async def look_for_field_schemes(unit: ExportUnit) -> None:
    """Says that a site has field schemes, which are not backed up; most have none yet."""
    try:
        page = await unit.site.get_json(SUCCESSOR, [("maxResults", "1")])
    except (SiteForbidden, SiteNotFound, SiteRefused):
        return
    count = int(page.get("total") or len(page.get("values", ())))
    message = (
        f"The site has {count} field schemes, which follow field configurations: they are not "
        "backed up."
    )
    unit.tally.remark(Kind.FIELD_CONFIGURATION, SUCCESSOR, "FIELD_SCHEMES_NOT_READ", message)


async def _page(unit: ExportUnit, template: str) -> OffsetPage:
    """A page; a site that has them no longer has none."""
    try:
        return await read_page(unit, template, [("maxResults", str(PAGE_SIZE))])
    except (SiteForbidden, SiteNotFound, SiteRefused) as refusal:
        reason = "FIELD_CONFIGURATIONS_NOT_READABLE"
        unit.tally.remark(Kind.FIELD_CONFIGURATION, template, reason, refusal.message)
        return OffsetPage()


async def _items(unit: ExportUnit, configuration: str) -> str:
    """JSON of what a configuration says about each field."""
    items: list[msgspec.Raw] = []
    page = OffsetPage()
    template = CONFIGURATIONS + "/{configuration}/fields"
    while not items or not is_end(page, len(items) - len(page.values)):
        query = [("startAt", str(len(items))), ("maxResults", str(ITEMS_PER_PAGE))]
        page = decode_page(await unit.site.get(template, query, configuration=configuration))
        items.extend(page.values)
        if not page.values:
            break
    return join_array(items).decode()


async def _mappings(unit: ExportUnit, schemes: Sequence[str]) -> dict[str, dict[str, str]]:
    """By scheme: the configuration of each issue type, and of ``default``."""
    found: dict[str, dict[str, str]] = {scheme: {} for scheme in schemes}
    start = 0
    while True:
        query = [("fieldConfigurationSchemeId", scheme) for scheme in schemes]
        query += [("startAt", str(start)), ("maxResults", str(ITEMS_PER_PAGE))]
        page: dict[str, Any] = await unit.site.get_json(f"{SCHEMES}/mapping", query)
        items: list[dict[str, Any]] = page.get("values", [])
        for item in items:
            scheme = found[str(item["fieldConfigurationSchemeId"])]
            scheme[str(item["issueTypeId"])] = str(item["fieldConfigurationId"])
        start += len(items)
        if not items or page.get("isLast", start >= page.get("total", 0)):
            return found
