"""A unit: a piece of export or import work that is done as a whole or done again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class UnitPlan:
    """A unit that is to be run.

    ``phase`` orders units: one starts when every unit of all lower phases is
    done. Units of one phase run side by side. ``key`` is unique within the
    operation and sorts; planning a key twice plans it once. ``kind`` names the
    function that runs it; ``arguments`` are JSON.
    """

    phase: int
    key: str
    kind: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
