"""Field configurations with what they say about each field, and their schemes.

Atlassian moves sites from both to field schemes (config/fieldschemes), which are read where a site
has them already.
"""

from __future__ import annotations

import msgspec

from sitekeep_backup.exporters.jira.listing import (
    all_items,
    read_page,
    spawn_next,
    store_items,
)
from sitekeep_backup.exporters.jira.raw import OffsetPage, decode_page, identity_of, join_array
from sitekeep_backup.exporters.jira.scheme_mappings import mappings_by_scheme
from sitekeep_backup.exporters.jira.scheme_projects import projects_of_listed_schemes
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.field_configurations import (
    CONFIGURATION,
    FIELD_SCHEME,
    SCHEME,
    form_key,
)
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
    noun = "fieldConfigurationScheme"
    mappings = await mappings_by_scheme(unit, SCHEMES, f"{noun}Id", "fieldConfigurationId", ids)
    projects = await projects_of_listed_schemes(unit, SCHEMES, noun)

    def attributes_of(item: msgspec.Raw) -> dict[str, str]:
        scheme = identity_of(item)
        return {
            "form": SCHEME,
            "mappings": msgspec.json.encode(mappings[scheme]).decode(),
            "projects": msgspec.json.encode(projects.get(scheme, [])).decode(),
        }

    def key_of(item: msgspec.Raw) -> str:
        return form_key(SCHEME, identity_of(item))

    kind = Kind.FIELD_CONFIGURATION
    await store_items(unit, kind, page.values, key_of=key_of, attributes_of=attributes_of)
    spawn_next(unit, page)


async def export_field_schemes(unit: ExportUnit) -> None:
    """One page of field schemes with their fields and projects; most sites have none yet."""
    try:
        page = await read_page(unit, SUCCESSOR, [("maxResults", str(PAGE_SIZE))])
    except (SiteForbidden, SiteNotFound, SiteRefused):
        return
    parts = {scheme: await _parts(unit, scheme) for scheme in map(identity_of, page.values)}
    kind = Kind.FIELD_CONFIGURATION
    await store_items(
        unit,
        kind,
        page.values,
        key_of=lambda item: form_key(FIELD_SCHEME, identity_of(item)),
        attributes_of=lambda item: parts[identity_of(item)],
    )
    spawn_next(unit, page)


async def _parts(unit: ExportUnit, scheme: str) -> dict[str, str]:
    one = SUCCESSOR + "/{scheme}"
    fields = await all_items(unit, one + "/fields", page_size=ITEMS_PER_PAGE, scheme=scheme)
    projects = await all_items(unit, one + "/projects", page_size=ITEMS_PER_PAGE, scheme=scheme)
    ids = [identity_of(project) for project in projects]
    return {
        "form": FIELD_SCHEME,
        "fields": join_array(fields).decode(),
        "projects": msgspec.json.encode(ids).decode(),
    }


async def _page(unit: ExportUnit, template: str) -> OffsetPage:
    """A page; a site that has field schemes instead has none."""
    try:
        return await read_page(unit, template, [("maxResults", str(PAGE_SIZE))])
    except (SiteForbidden, SiteNotFound, SiteRefused) as refusal:
        if not await _has_field_schemes(unit):
            reason = "FIELD_CONFIGURATIONS_NOT_READABLE"
            unit.tally.remark(Kind.FIELD_CONFIGURATION, template, reason, refusal.message)
        return OffsetPage()


async def _has_field_schemes(unit: ExportUnit) -> bool:
    try:
        page = decode_page(await unit.site.get(SUCCESSOR, [("maxResults", "1")]))
    except (SiteForbidden, SiteNotFound, SiteRefused):
        return False
    return bool(page.values)


async def _items(unit: ExportUnit, configuration: str) -> str:
    """JSON of what a configuration says about each field."""
    template = CONFIGURATIONS + "/{configuration}/fields"
    items = await all_items(unit, template, page_size=ITEMS_PER_PAGE, configuration=configuration)
    return join_array(items).decode()
