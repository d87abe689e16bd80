"""Lists of the destination's Jira Service Management."""

from __future__ import annotations

from collections.abc import Sequence

from sitekeep_restore.importers.jira.reading import Json
from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused

API = "/rest/servicedeskapi"
PAGE_SIZE = 50
REFUSALS = (SiteRefused, SiteForbidden, SiteNotFound)
"""How a site says no: the app is not there, or does not take what was sent."""


async def all_service_items(site: SiteClient, template: str, **path: str) -> list[Json]:
    """Every item of a list with ``start`` and ``limit``; only ``isLastPage`` says its end."""
    items: list[Json] = []
    while True:
        query: Sequence[tuple[str, str]] = [("start", str(len(items))), ("limit", str(PAGE_SIZE))]
        page: Json = await site.get_json(API + template, query, **path)
        values: list[Json] = page.get("values", [])
        items.extend(values)
        if not values or page.get("isLastPage", True):
            return items
