"""One side of a comparison while it is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sitekeep_cli.comparison.links import Links
from sitekeep_cli.comparison.model import Backup, Json, Mode, Record, Side
from sitekeep_cli.comparison.shape import is_list, is_object
from sitekeep_cli.comparison.shelf import Shelf
from sitekeep_shared.kinds import Kind


@dataclass
class Reading:
    """What a reader of one side works with."""

    backup: Backup
    shelf: Shelf
    side: Side
    mode: Mode
    links: Links

    @property
    def restored(self) -> bool:
        """Whether this side was brought back from the other one."""
        return self.mode is Mode.RESTORED and self.side is Side.RIGHT

    @property
    def lines_count(self) -> bool:
        """Whether lines about the original author and date are part of the comparison."""
        return self.mode is Mode.RESTORED

    def records(self, kind: Kind) -> Iterator[Record]:
        """Every record of the kind."""
        return self.backup.records(kind)

    def objects(self, kind: Kind) -> Iterator[tuple[Record, dict[str, Any]]]:
        """Every record of the kind with its payload parsed."""
        for record in self.records(kind):
            yield record, json.loads(record.payload)

    def put(self, kind: Kind, owner: str, value: Json, position: str = "") -> None:
        """Puts an item of this side."""
        self.shelf.put(self.side, kind, owner, value, position)

    def refer(self, realm: str, identifier: str, value: str) -> None:
        """Keeps what an id of this side stands for."""
        self.shelf.refer(self.side, realm, identifier, value)

    def name(self, realm: str, identifier: object) -> str:
        """What an id of this side stands for; the id itself where that is unknown."""
        return self.links.name(realm, str(identifier)) or f"{_UNKNOWN}{realm} {identifier}"


_UNKNOWN = "unknown "
"""Begins what stands for an id that names nothing on its own site, not even there."""
WHY_UNKNOWN = "it names what the site itself had no longer"


def names_nothing(path: str, value: Json) -> bool:
    """Whether a name in a path, or one in what is below it, stands for nothing on its own site."""
    return f".{_UNKNOWN}" in path or any(each.startswith(_UNKNOWN) for each in _names_in(value))


def _names_in(value: Json) -> Iterator[str]:
    """The names of objects and what lists name; any other text may be anybody's words."""
    if is_list(value):
        yield from (each for each in value if isinstance(each, str))
    elif is_object(value):
        for name, one in value.items():
            yield name
            yield from _names_in(one)


def without_nothing(value: dict[str, Json]) -> dict[str, Json]:
    """The object without what is null or empty: sites send both for what is not set."""
    return {name: one for name, one in value.items() if one not in (None, "", [], {})}
