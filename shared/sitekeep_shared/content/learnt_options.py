"""Options of select fields whose contexts no request reads, learnt from ``issue/createmeta``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

LEARNT = "learnt"
"""The attribute of the record of a context that says from where it was learnt."""
CREATEMETA = "createmeta"


def record_key(field: str) -> str:
    """The key of the record: contexts that can be read have numbers."""
    return f"{CREATEMETA}/{field}"


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
