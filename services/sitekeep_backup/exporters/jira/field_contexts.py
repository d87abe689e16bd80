"""The contexts of custom fields: for what a field is, with its options and its default value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sitekeep_backup.exporters.jira.listing import all_items
from sitekeep_backup.exporters.jira.raw import attribute_of, identity_of, join_array
from sitekeep_backup.exporters.unit import ExportPhase, ExportUnit
from sitekeep_shared.atlassian.errors import SiteForbidden, SiteNotFound, SiteRefused
from sitekeep_shared.kinds import Kind
from sitekeep_shared.work.unit import UnitPlan

FIELDS_PER_UNIT = 10
PARTS_PER_PAGE = 100
OPTIONS_PER_PAGE = 1000

CONTEXTS = "/rest/api/3/field/{field_id}/context"

_STOCK_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes:"
_CHOICES = frozenset(
    {"select", "multiselect", "radiobuttons", "multicheckboxes", "cascadingselect"}
)


class _Schema(msgspec.Struct):
    custom: str = ""


class _Field(msgspec.Struct):
    id: str
    name: str = ""
    schema: _Schema | None = None
    scope: dict[str, Any] | None = None


class _Context(msgspec.Struct, rename="camel"):
    id: str
    is_global_context: bool = True
    is_any_issue_type: bool = True


def plan_contexts(unit: ExportUnit, fields: Sequence[msgspec.Raw]) -> None:
    """Plans the units of the contexts of the custom fields.

    A field of a team-managed project belongs to that project: it has no context to be read.
    """
    listed = [msgspec.json.decode(field, type=_Field) for field in fields]
    custom = [
        {"id": field.id, "name": field.name, "type": field.schema.custom}
        for field in listed
        if field.schema is not None and field.schema.custom and field.scope is None
    ]
    for start in range(0, len(custom), FIELDS_PER_UNIT):
        arguments = {"fields": custom[start : start + FIELDS_PER_UNIT]}
        key = f"field-contexts/{start:06d}"
        unit.spawn(UnitPlan(ExportPhase.CONFIGURATION, key, "field-contexts", arguments))


async def export_field_contexts(unit: ExportUnit) -> None:
    """The contexts of some fields; those of a locked one may be closed to us."""
    fields: list[dict[str, str]] = unit.plan.arguments["fields"]
    for field in fields:
        try:
            reader = _Reader(unit, field["id"], field["type"])
            records = await reader.records()
        except (SiteForbidden, SiteNotFound, SiteRefused) as refusal:
            reason = "FIELD_CONTEXTS_NOT_READABLE"
            name = f"{field['name']} ({field['id']})"
            unit.tally.remark(Kind.FIELD_CONTEXT, name, reason, refusal.message)
            continue
        unit.tally.expect(Kind.FIELD_CONTEXT, len(records))
        for payload, attributes in records:
            key = identity_of(payload)
            await unit.records.put_record(Kind.FIELD_CONTEXT, key, payload, attributes=attributes)
            unit.tally.done(Kind.FIELD_CONTEXT, len(payload))


class _Reader:
    """Reads the contexts of one field. Asks for nothing that their list says already."""

    def __init__(self, unit: ExportUnit, field_id: str, kind: str) -> None:
        self._unit = unit
        self._field_id = field_id
        self._is_stock = kind.startswith(_STOCK_TYPES)
        self._offers_choice = self._is_stock and kind.removeprefix(_STOCK_TYPES) in _CHOICES

    async def records(self) -> list[tuple[bytes, dict[str, str]]]:
        """Each context as it was sent, and its attributes."""
        items = await self._pages(CONTEXTS)
        contexts = [msgspec.json.decode(item, type=_Context) for item in items]
        narrow = any(not context.is_global_context for context in contexts)
        typed = any(not context.is_any_issue_type for context in contexts)
        projects = await self._mapped("projectmapping", "projectId") if narrow else {}
        types = await self._mapped("issuetypemapping", "issueTypeId") if typed else {}
        defaults = await self._defaults() if contexts and self._is_stock else {}
        found: list[tuple[bytes, dict[str, str]]] = []
        for item, context in zip(items, contexts, strict=True):
            attributes = {
                "field": self._field_id,
                "projects": _as_text(projects.get(context.id, [])),
                "issue_types": _as_text(types.get(context.id, [])),
                "options": await self._options(context.id),
                "default": defaults.get(context.id, ""),
            }
            found.append((bytes(item), attributes))
        return found

    async def _mapped(self, noun: str, name: str) -> dict[str, list[str]]:
        """The ids of projects or of issue types by the id of their context."""
        found: dict[str, list[str]] = {}
        for item in await self._pages(f"{CONTEXTS}/{noun}"):
            mapped = attribute_of(item, name)
            if mapped:
                found.setdefault(attribute_of(item, "contextId"), []).append(mapped)
        return found

    async def _defaults(self) -> dict[str, str]:
        """JSON of the default value by the id of its context."""
        items = await self._pages(f"{CONTEXTS}/defaultValue")
        return {attribute_of(item, "contextId"): bytes(item).decode() for item in items}

    async def _options(self, context_id: str) -> str:
        """JSON of the options of a context, in their order; those below others come last."""
        if not self._offers_choice:
            return "[]"
        template = CONTEXTS + "/{context_id}/option"
        options = await all_items(
            self._unit,
            template,
            page_size=OPTIONS_PER_PAGE,
            field_id=self._field_id,
            context_id=context_id,
        )
        return join_array(options).decode()

    async def _pages(self, template: str) -> list[msgspec.Raw]:
        return await all_items(
            self._unit, template, page_size=PARTS_PER_PAGE, field_id=self._field_id
        )


def _as_text(ids: Sequence[str]) -> str:
    return msgspec.json.encode(ids).decode()
