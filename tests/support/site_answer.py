"""An answer of a simulated site, read to its end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """An answer whose body was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The JSON of the body."""
        return json.loads(self.body)

    @property
    def results(self) -> list[Any]:
        """The items of a list of Confluence."""
        found: list[Any] = self.json["results"]
        return found
