"""The marker: what a restored thing was, kept in its property ``sitekeep.origin``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sitekeep_shared.content.adf import UNKNOWN_USER, is_list, is_node

PROPERTY = "sitekeep.origin"
FILLER_LABEL = "sitekeep-filler"
FILLER_SUMMARY = "Sitekeep filler"


def marker(item: Mapping[str, Any], author: Mapping[str, Any] | None, key: str = "") -> Any:
    """The entity property that a create carries, ready for ``properties``."""
    value: dict[str, Any] = {"id": str(item.get("id", ""))}
    if key:
        value["key"] = key
    value["author"] = {
        "accountId": (author or {}).get("accountId", ""),
        "displayName": display_name(author),
    }
    value["created"] = item.get("created")
    value["updated"] = item.get("updated")
    return {"key": PROPERTY, "value": value}


def display_name(author: Mapping[str, Any] | None) -> str:
    """How a person is called; ``unknown user`` where the backup does not say."""
    return str((author or {}).get("displayName") or UNKNOWN_USER)


def marked_id(properties: object) -> str:
    """The source id in the properties of a comment, a worklog or an issue; "" without one.

    Comments and worklogs list properties as ``[{"key", "value"}]``, issues as an object.
    """
    value: object = None
    if is_node(properties):
        value = properties.get(PROPERTY)
    elif is_list(properties):
        value = next(
            (each.get("value") for each in properties if each.get("key") == PROPERTY), None
        )
    return str(value.get("id", "")) if is_node(value) else ""
