"""Dashboards with their gadgets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sitekeep_cli.comparison.jira_queries import REALM, Queries
from sitekeep_cli.comparison.jira_shares import shares, unnumbered
from sitekeep_cli.comparison.model import Json, Record
from sitekeep_cli.comparison.reading import Reading, without_nothing
from sitekeep_cli.comparison.shape import part
from sitekeep_shared.content.gadgets import replaced
from sitekeep_shared.kinds import Kind

Item = Mapping[str, Any]


class _Names:
    """Names instead of what the properties of gadgets name."""

    def __init__(self, reading: Reading, queries: Queries) -> None:
        self._reading = reading
        self._queries = queries

    def identifier(self, realm: str, identifier: str) -> str:
        """The name in braces; the id where nobody has said."""
        found = self._reading.shelf.look_up(self._reading.side, REALM + realm, identifier)
        return f"{{{found}}}" if found else identifier

    def query(self, text: str) -> str:
        """The query by names."""
        return self._queries.canonical(text)


def read(reading: Reading, queries: Queries) -> None:
    """Puts dashboards by name."""
    names = _Names(reading, queries)
    for record, item in reading.objects(Kind.DASHBOARD):
        name = str(item.get("name"))
        value = {
            "name": name,
            "description": item.get("description"),
            "owner": part(item, "owner").get("accountId"),
            "shares": shares(item, "sharePermissions"),
            "edits": shares(item, "editPermissions"),
            "archived": record.attributes.get("state") == "archived" or None,
            "gadgets": _gadgets(record, names),
        }
        position = f"{value['description']} {value['owner']} {record.key:>020}"
        reading.put(Kind.DASHBOARD, unnumbered(name), without_nothing(value), position)


def _gadgets(record: Record, names: _Names) -> list[Json]:
    properties = json.loads(record.attributes.get("properties") or "{}")
    return [
        without_nothing(
            {
                "module": gadget.get("moduleKey") or gadget.get("uri"),
                "title": gadget.get("title"),
                "color": gadget.get("color"),
                "column": _place(gadget)[0],
                "row": _place(gadget)[1],
                "properties": replaced(properties.get(str(gadget.get("id")), {}), names),
            }
        )
        for gadget in sorted(json.loads(record.attributes.get("gadgets") or "[]"), key=_place)
    ]


def _place(gadget: Item) -> tuple[int, int]:
    position = part(gadget, "position")
    return int(position.get("column") or 0), int(position.get("row") or 0)
