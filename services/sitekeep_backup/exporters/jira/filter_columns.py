"""The columns of filters: a request for each filter, as no list shows them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from functools import partial

from sitekeep_backup.exporters.unit import ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.concurrently import in_order

COLUMNS = "/rest/api/3/filter/{filter}/columns"
CONCURRENT_REQUESTS = 5


async def export_filter_columns(unit: ExportUnit, filters: Sequence[str]) -> None:
    """GET filter/{id}/columns of some filters; most have none of their own."""
    calls = [partial(_read, unit, each) for each in filters]
    async with aclosing(in_order(calls, limit=CONCURRENT_REQUESTS)) as bodies:
        place = 0
        async for body in bodies:
            if body:
                unit.tally.expect(Kind.FILTER_COLUMNS)
                await unit.records.put_record(Kind.FILTER_COLUMNS, filters[place], body)
                unit.tally.done(Kind.FILTER_COLUMNS, len(body))
            place += 1


async def _read(unit: ExportUnit, identifier: str) -> bytes:
    """b"" where there are none, or where the account may not see them."""
    try:
        return await unit.site.get(COLUMNS, filter=identifier)
    except SiteNotFound:
        return b""
    except (SiteForbidden, SiteRefused) as refusal:
        name = f"filter {identifier}"
        unit.tally.remark(Kind.FILTER_COLUMNS, name, "COLUMNS_NOT_READABLE", refusal.message)
        return b""
