"""What a unit of export work is given, and how an exporter declares its units."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.vault.session import UnitWriter
from sitekeep_shared.work.tally import Tally
from sitekeep_shared.work.unit import UnitPlan


class ExportPhase(enum.IntEnum):
    """The order of an export."""

    USERS_AND_GROUPS = 1
    CONFIGURATION = 2
    CONTENT = 3
    ATTACHMENTS = 4


@dataclass(frozen=True)
class ExportOptions:
    """What the policy of the backup asks for."""

    include_attachments: bool = True


@dataclass
class ExportUnit:
    """One attempt at a unit. Nothing of it counts before the unit is committed."""

    plan: UnitPlan
    attempt: int
    site: SiteClient
    records: UnitWriter
    options: ExportOptions
    tally: Tally = field(default_factory=Tally)
    spawned: list[UnitPlan] = field(default_factory=list[UnitPlan])

    def spawn(self, *plans: UnitPlan) -> None:
        """Plans further units; they exist once this one is committed."""
        self.spawned.extend(plans)


@dataclass(frozen=True)
class Exporter:
    """How a type of product is read: the first units, and the function for each kind of unit."""

    initial_units: Sequence[UnitPlan]
    run: Mapping[str, Callable[[ExportUnit], Awaitable[None]]]
