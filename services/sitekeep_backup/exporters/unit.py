"""What a unit of export work is given, and how an exporter declares its units."""

from __future__ import annotations

import datetime
import enum
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.session import UnitWriter
from sitekeep_shared.work.tally import Tally, Withdrawn
from sitekeep_shared.work.unit import UnitPlan


class ExportPhase(enum.IntEnum):
    """The order of an export."""

    USERS_AND_GROUPS = 1
    CONFIGURATION = 2
    CONTENT = 3
    LISTING_AGAIN = 4
    """What there is by now is listed once more; what is new goes back to CONTENT."""
    CLOSING = 5
    """What changed since it was read is read again."""
    CLOSING_AGAIN = 6
    """Only where something moved while that was done."""
    COUNTING = 7
    """What is in the backup is compared with what the site counts."""
    ATTACHMENTS = 8


@dataclass(frozen=True)
class ExportOptions:
    """What the policy of the backup asks for."""

    include_attachments: bool = True


CLOSING_KEYS = "closing/"
"""What the keys of those units begin with that may take back what earlier ones have stored."""


@dataclass
class Superseded:
    """What a unit takes back of what earlier units of the same backup have stored."""

    entries: dict[str, dict[Kind, dict[str, int]]] = field(
        default_factory=dict[str, dict[Kind, dict[str, int]]]
    )
    """By the key of the earlier unit and kind: keys of entries and the sizes of their content."""
    findings: list[Withdrawn] = field(default_factory=list[Withdrawn])

    def add(self, unit_key: str, kind: Kind, key: str, size_bytes: int) -> None:
        """An entry of an earlier unit no longer counts."""
        self.entries.setdefault(unit_key, {}).setdefault(kind, {})[key] = size_bytes


class EarlierUnits(Protocol):
    """What units of the same backup that are done have left for later ones."""

    def notes(self, prefix: str) -> AsyncIterator[tuple[str, Any]]:
        """Key and note of each unit that left one and whose key begins so, in key order."""
        ...


@dataclass
class ExportUnit:
    """One attempt at a unit. Nothing of it counts before the unit is committed."""

    plan: UnitPlan
    attempt: int
    site: SiteClient
    records: UnitWriter
    options: ExportOptions
    earlier: EarlierUnits
    running_for: datetime.timedelta
    """How long ago the backup began."""
    tally: Tally = field(default_factory=Tally)
    spawned: list[UnitPlan] = field(default_factory=list[UnitPlan])
    note: Any = None
    """JSON for later units of the same backup."""
    superseded: Superseded = field(default_factory=Superseded)
    """Only of units whose keys begin with CLOSING_KEYS."""

    def spawn(self, *plans: UnitPlan) -> None:
        """Plans further units; they exist once this one is committed."""
        self.spawned.extend(plans)


@dataclass(frozen=True)
class Exporter:
    """How a type of product is read: the first units, and the function for each kind of unit."""

    initial_units: Sequence[UnitPlan]
    run: Mapping[str, Callable[[ExportUnit], Awaitable[None]]]
