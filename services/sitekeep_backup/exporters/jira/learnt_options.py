"""The options of select fields of one project, whose contexts no request reads.

Team-managed and Product Discovery projects have such fields. What can be chosen in them is told by
``issue/createmeta`` of the project, type by type, until each of them was seen: one more request
than there are types at most, and only for projects that have such fields. Options that are
disabled, and those of fields that a create cannot set, are told nowhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.content.learnt_options import (
    CREATEMETA,
    LEARNT,
    options_in,
    record_key,
)
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

TYPES = "/rest/api/3/issue/createmeta/{project}/issuetypes"
FIELDS = TYPES + "/{issue_type}"
PAGE_SIZE = 200
"""The largest page of either list (Jira REST v3)."""
WHY = (
    "Its contexts cannot be read, and no create of an issue shows what can be chosen: its values "
    "are in the backup, their options only as far as issues have them."
)


class _Schema(msgspec.Struct):
    type: str = ""
    items: str = ""
    custom: str = ""

    @property
    def offers_choice(self) -> bool:
        return self.type.startswith("option") or (self.type, self.items) == ("array", "option")


class _Field(msgspec.Struct):
    id: str
    name: str = ""
    schema: _Schema | None = None
    scope: dict[str, Any] | None = None

    @property
    def project(self) -> str:
        """The id of the one project whose select field it is; empty: it is no such field."""
        if self.schema is None or not self.schema.custom or not self.schema.offers_choice:
            return ""
        project: dict[str, Any] = (self.scope or {}).get("project") or {}
        return str(project.get("id", ""))


class _Type(msgspec.Struct):
    id: str


class _Page(msgspec.Struct, rename="camel"):
    issue_types: list[_Type] = []
    fields: list[msgspec.Raw] = []
    total: int | None = None


class _Shown(msgspec.Struct, rename="camel"):
    field_id: str
    allowed_values: list[dict[str, Any]] | None = None


def plan_learnt_options(unit: ExportUnit, fields: Sequence[msgspec.Raw]) -> None:
    """Plans a unit for each project that has select fields of its own."""
    by_project: dict[str, dict[str, str]] = {}
    for field in (msgspec.json.decode(each, type=_Field) for each in fields):
        if field.project:
            by_project.setdefault(field.project, {})[field.id] = field.name
    for project, named in sorted(by_project.items()):
        arguments = {"project": project, "fields": named}
        key = f"learnt-options/{project:>010}"
        unit.spawn(UnitPlan(ExportPhase.CONFIGURATION, key, "learnt-options", arguments))


async def export_learnt_options(unit: ExportUnit) -> None:
    """The options of the fields of one project, each as a context of its field would tell them."""
    project: str = unit.plan.arguments["project"]
    wanted: dict[str, str] = dict(unit.plan.arguments["fields"])
    why = WHY
    try:
        async for shown, payload in _shown(unit, project, wanted):
            await _store(unit, project, shown, payload)
            del wanted[shown.field_id]
    except (SiteForbidden, SiteNotFound, SiteRefused) as refusal:
        why = f"{WHY} {refusal.message}"
    for field, name in wanted.items():
        reason = "FIELD_OPTIONS_NOT_READABLE"
        unit.tally.remark(Kind.FIELD_CONTEXT, f"{name} ({field})", reason, why)


async def _shown(
    unit: ExportUnit, project: str, wanted: dict[str, str]
) -> AsyncIterator[tuple[_Shown, bytes]]:
    """Those fields that creates of issues of the project show, each once."""
    async for page in _pages(unit, TYPES, project=project):
        for issue_type in page.issue_types:
            if not wanted:
                return
            async for found in _pages(unit, FIELDS, project=project, issue_type=issue_type.id):
                for field in found.fields:
                    shown = msgspec.json.decode(field, type=_Shown)
                    if shown.field_id in wanted and shown.allowed_values is not None:
                        yield shown, bytes(field)


async def _pages(unit: ExportUnit, template: str, **path: str) -> AsyncIterator[_Page]:
    start = 0
    while True:
        query = [("startAt", str(start)), ("maxResults", str(PAGE_SIZE))]
        page = msgspec.json.decode(await unit.site.get(template, query, **path), type=_Page)
        count = len(page.issue_types) + len(page.fields)
        start += count
        yield page
        if not count or start >= (page.total or 0):
            return


async def _store(unit: ExportUnit, project: str, shown: _Shown, payload: bytes) -> None:
    attributes = {
        "field": shown.field_id,
        "projects": msgspec.json.encode([project]).decode(),
        "issue_types": "[]",
        "options": msgspec.json.encode(options_in(shown.allowed_values or ())).decode(),
        "default": "",
        LEARNT: CREATEMETA,
    }
    unit.tally.expect(Kind.FIELD_CONTEXT)
    key = record_key(shown.field_id)
    await unit.records.put_record(Kind.FIELD_CONTEXT, key, payload, attributes=attributes)
    unit.tally.done(Kind.FIELD_CONTEXT, len(payload))
