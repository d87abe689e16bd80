"""The options of select fields that Connect apps bring: one list for each such field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sitekeep_backup.exporters.jira.listing import all_items
from sitekeep_backup.exporters.jira.raw import join_array
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.learnt_options import APP, APP_OPTIONS, LEARNT, app_key, is_app_select
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

OPTIONS = "/rest/api/3/field/{field_key}/option"
PAGE_SIZE = 100


def plan_app_options(unit: ExportUnit, fields: Sequence[msgspec.Raw]) -> None:
    """Plans the reading of the options of apps, where there are such fields."""
    decoded = [(each, msgspec.json.decode(each, type=dict[str, Any])) for each in fields]
    found = [bytes(raw).decode() for raw, field in decoded if is_app_select(field)]
    if found:
        plan = UnitPlan(ExportPhase.CONFIGURATION, "app-options", "app-options", {"fields": found})
        unit.spawn(plan)


async def export_app_options(unit: ExportUnit) -> None:
    """The options of each field, kept beside the field as the site sent it."""
    for text in unit.plan.arguments["fields"]:
        field: dict[str, Any] = msgspec.json.decode(text)
        try:
            options = await all_items(
                unit, OPTIONS, page_size=PAGE_SIZE, field_key=str(field["key"])
            )
        except (SiteForbidden, SiteNotFound, SiteRefused) as refusal:
            reason = "FIELD_OPTIONS_NOT_READABLE"
            name = f"{field.get('name')} ({field['id']})"
            unit.tally.remark(Kind.FIELD_CONTEXT, name, reason, refusal.message)
            continue
        attributes = {
            "field": str(field["id"]),
            "options": "[]",
            APP_OPTIONS: join_array(options).decode(),
            LEARNT: APP,
        }
        unit.tally.expect(Kind.FIELD_CONTEXT)
        key, payload = app_key(str(field["id"])), text.encode()
        await unit.records.put_record(Kind.FIELD_CONTEXT, key, payload, attributes=attributes)
        unit.tally.done(Kind.FIELD_CONTEXT, len(payload))
