"""Options of select fields that no context tells.

Those of single projects are learnt from ``issue/createmeta``, those of fields of Connect apps from
lists of their own (``field/{fieldKey}/option``, Jira REST v3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

LEARNT = "learnt"
"""The attribute of the record of a context that says from where it was learnt."""
CREATEMETA = "createmeta"
APP = "app"
APP_OPTIONS = "app_options"
"""The attribute that has the options of an app's field as the site sent them."""
_CONNECT = "com.atlassian.plugins.atlassian-connect-plugin:"


def record_key(field: str) -> str:
    """The key of the record: contexts that can be read have numbers."""
    return f"{CREATEMETA}/{field}"


def app_key(field: str) -> str:
    """The key of the record of the options of an app's field."""
    return f"{APP}/{field}"


def is_of_connect(kind: str) -> bool:
    """Whether fields of that type are those of a Connect app."""
    return kind.startswith(_CONNECT)


def is_app_select(field: Mapping[str, Any]) -> bool:
    """Whether a listed field is a select field of a Connect app, which keeps its options itself."""
    schema: Mapping[str, Any] = field.get("schema") or {}
    values = str(schema.get("items") or schema.get("type") or "")
    return is_of_connect(str(schema.get("custom") or "")) and values.startswith("option")


def options_in(allowed: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Allowed values of a field as options of a context are listed; children come last.

    Source: ``allowedValues`` of GET issue/createmeta/{project}/issuetypes/{type} (Jira REST v3).
    """
    listed = list(allowed)
    below = [
        _option(child) | {"optionId": str(each["id"])}
        for each in listed
        for child in each.get("children") or ()
    ]
    return [*(_option(each) for each in listed), *below]


def _option(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": str(value["id"]), "value": str(value["value"]), "disabled": False}
