"""Lists of Jira Service Management: pages with ``start`` and ``limit`` that tell no total."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.work.unit import UnitPlan

API = "/rest/servicedeskapi"
PAGE_SIZE = 50
"""The usual page, larger than which most sites make none (servicedeskapi)."""

CLOSED = (SiteForbidden, SiteNotFound, SiteRefused)
"""How a site says that an app, or a part of it, is not there or not for this account."""


class ServicePage(msgspec.Struct, rename="camel"):
    """One page. ``isLastPage`` alone says whether another one follows."""

    values: list[msgspec.Raw] = []
    is_last_page: bool = True

    @property
    def is_end(self) -> bool:
        """Whether no page follows."""
        return self.is_last_page or not self.values


async def read_service_page(
    unit: ExportUnit, template: str, query: Sequence[tuple[str, str]] = (), **path: str
) -> ServicePage:
    """The page of a list at the unit's ``start``."""
    return await _page(unit, template, query, int(unit.plan.arguments.get("start", 0)), path)


def spawn_next_page(unit: ExportUnit, page: ServicePage) -> None:
    """Plans the unit of the following page, where there is one."""
    if page.is_end:
        return
    following = int(unit.plan.arguments.get("start", 0)) + len(page.values)
    stem = unit.plan.key.partition("@")[0]
    arguments = {**unit.plan.arguments, "start": following}
    unit.spawn(UnitPlan(unit.plan.phase, f"{stem}@{following:010d}", unit.plan.kind, arguments))


async def all_items(
    unit: ExportUnit,
    template: str,
    query: Sequence[tuple[str, str]] = (),
    *,
    start: int = 0,
    **path: str,
) -> AsyncIterator[msgspec.Raw]:
    """Every item of a short list from the ``start``th on, page by page."""
    while True:
        page = await _page(unit, template, query, start, path)
        for item in page.values:
            yield item
        start += len(page.values)
        if page.is_end:
            return


async def _page(
    unit: ExportUnit,
    template: str,
    query: Sequence[tuple[str, str]],
    start: int,
    path: dict[str, str],
) -> ServicePage:
    asked = [*query, ("start", str(start)), ("limit", str(PAGE_SIZE))]
    body = await unit.site.get(API + template, asked, **path)
    return msgspec.json.decode(body, type=ServicePage)
