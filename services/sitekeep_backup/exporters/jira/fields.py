"""Fields, and the contexts and options of those that offer a choice."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from sitekeep_backup.exporters.jira.listing import store_items
from sitekeep_backup.exporters.jira.raw import (
    OffsetPage,
    decode_array,
    decode_page,
    identity_of,
    is_end,
    join_array,
    text_of,
)
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

FIELDS_PER_UNIT = 10
CONTEXTS_PER_PAGE = 50
OPTIONS_PER_PAGE = 1000
_CHOICES = frozenset(
    {"select", "multiselect", "radiobuttons", "multicheckboxes", "cascadingselect"}
)
_STOCK_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes:"

FIRST = UnitPlan(ExportPhase.CONFIGURATION, "fields", "fields")


class _Schema(msgspec.Struct):
    custom: str = ""


class _Field(msgspec.Struct):
    schema: _Schema | None = None


def _offers_choice(item: msgspec.Raw) -> bool:
    """Whether a field is one of Jira's own selects, whose options REST can list."""
    schema = msgspec.json.decode(item, type=_Field).schema
    kind = schema.custom if schema else ""
    return kind.startswith(_STOCK_TYPES) and kind.removeprefix(_STOCK_TYPES) in _CHOICES


async def export_fields(unit: ExportUnit) -> None:
    """GET field, one request for all; plans the options of the selects."""
    items = decode_array(await unit.site.get("/rest/api/3/field"))
    selects = [item for item in items if _offers_choice(item)]
    await store_items(unit, Kind.FIELD, [item for item in items if item not in selects])
    for start in range(0, len(selects), FIELDS_PER_UNIT):
        texts = [text_of(item) for item in selects[start : start + FIELDS_PER_UNIT]]
        key = f"field-options/{start:06d}"
        unit.spawn(UnitPlan(ExportPhase.CONFIGURATION, key, "field-options", {"fields": texts}))


async def export_field_options(unit: ExportUnit) -> None:
    """Stores some selects together with their contexts and options."""
    texts: list[str] = unit.plan.arguments["fields"]
    for text in texts:
        item = msgspec.Raw(text.encode())
        found = {"options": await _contexts(unit, identity_of(item))}
        await store_items(unit, Kind.FIELD, [item], attributes_of=partial(_same, found))


def _same(attributes: Mapping[str, str], _: msgspec.Raw) -> Mapping[str, str]:
    return attributes


async def _all_pages(
    unit: ExportUnit, template: str, page_size: int, **path: str
) -> list[msgspec.Raw]:
    items: list[msgspec.Raw] = []
    page = OffsetPage()
    while not items or not is_end(page, len(items) - len(page.values)):
        query = [("startAt", str(len(items))), ("maxResults", str(page_size))]
        page = decode_page(await unit.site.get(template, query, **path))
        items.extend(page.values)
        if not page.values:
            break
    return items


async def _contexts(unit: ExportUnit, field_id: str) -> str:
    """JSON of ``[{"context": …, "options": […]}]``; a locked field's may be closed to us."""
    template = "/rest/api/3/field/{field_id}/context"
    try:
        contexts = await _all_pages(unit, template, CONTEXTS_PER_PAGE, field_id=field_id)
        parts = [await _context(unit, field_id, context) for context in contexts]
    except (SiteForbidden, SiteNotFound, SiteRefused) as refusal:
        unit.tally.remark(Kind.FIELD, field_id, "FIELD_OPTIONS_NOT_READABLE", refusal.message)
        return "[]"
    return "[" + ",".join(parts) + "]"


async def _context(unit: ExportUnit, field_id: str, context: msgspec.Raw) -> str:
    template = "/rest/api/3/field/{field_id}/context/{context_id}/option"
    path: dict[str, Any] = {"field_id": field_id, "context_id": identity_of(context)}
    options = await _all_pages(unit, template, OPTIONS_PER_PAGE, **path)
    return f'{{"context":{text_of(context)},"options":{join_array(options).decode()}}}'
