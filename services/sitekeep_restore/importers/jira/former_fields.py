"""What field configurations say, as field schemes say it, to which Atlassian moves sites.

A field that is hidden everywhere is not in the scheme; one that is hidden for some issue types is
there for the others. Renderers have no place in a field scheme.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sitekeep_restore.importers.jira.reading import Json

_OPEN: Json = {"isRequired": False, "description": ""}
Items = Mapping[str, Mapping[str, Any]]
"""What a configuration says of each field, by the field's id."""


def items_by_field(listed: Sequence[Mapping[str, Any]]) -> Items:
    """The items of a configuration by the ids of their fields."""
    return {str(item["id"]): item for item in listed}


def as_field_scheme(
    default: Items, by_type: Mapping[str, Items], types: Sequence[str]
) -> list[Json]:
    """The fields of the scheme, in the form in which config/fieldschemes lists them.

    ``default`` holds for all of the ``types`` but those ``by_type``.
    """
    found = (_field(field, default, by_type, types) for field in default)
    return [each for each in found if each is not None]


def _field(
    field: str, default: Items, by_type: Mapping[str, Items], types: Sequence[str]
) -> Json | None:
    hidden = [kind for kind, items in by_type.items() if _is_hidden(items.get(field))]
    shown = [kind for kind in by_type if kind not in hidden]
    is_hidden = _is_hidden(default.get(field))
    only = shown if is_hidden else [kind for kind in types if kind not in hidden]
    if is_hidden and not shown:
        return None
    usual = _OPEN if is_hidden else _said(default.get(field))
    own = {kind: _said(by_type[kind].get(field)) for kind in shown}
    return {
        "fieldId": field,
        "parameters": usual,
        "restrictedToWorkTypes": only if is_hidden or hidden else [],
        "workTypeParameters": [
            {"workTypeId": kind, **said} for kind, said in own.items() if said != usual
        ],
    }


def _is_hidden(item: Mapping[str, Any] | None) -> bool:
    return bool(item and item.get("isHidden"))


def _said(item: Mapping[str, Any] | None) -> Json:
    said = item or {}
    required, text = bool(said.get("isRequired")), str(said.get("description") or "")
    return {"isRequired": required, "description": text}
