"""One side of a comparison while it is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sitekeep_cli.comparison.links import Links
from sitekeep_cli.comparison.model import Backup, Json, Mode, Record, Side
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
        return self.links.name(realm, str(identifier)) or f"unknown {realm} {identifier}"


def without_nothing(value: dict[str, Json]) -> dict[str, Json]:
    """The object without what is null or empty: sites send both for what is not set."""
    return {name: one for name, one in value.items() if one not in (None, "", [], {})}
