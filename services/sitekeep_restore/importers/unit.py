"""What a unit of import work is given, and how an importer declares its units."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sitekeep_shared.atlassian.client import SiteClient
from sitekeep_shared.vault.reader import BackupReader
from sitekeep_shared.work.tally import Tally
from sitekeep_shared.work.unit import UnitPlan


class ImportPhase(enum.IntEnum):
    """The order of an import (reference: users first, links between items last)."""

    SALVAGE = 0
    """Of a damaged backup: what can still be read."""
    USERS_AND_GROUPS = 1
    CONFIGURATION = 2
    SCHEMES = 3
    """What refers to configuration and is referred to by projects."""
    CONTAINERS = 4
    """Projects with their versions and components; spaces."""
    SETTINGS = 5
    """What containers get once they exist and before they hold anything."""
    CONTENT = 6
    """Issues in number order; pages, parents first; blog posts."""
    ATTACHMENTS = 7
    DETAILS = 8
    """Bodies that name other items, fields, comments, worklogs, labels, watchers, statuses."""
    RELATIONS = 9
    """Links between items, late parents."""
    PLANNING = 10
    """Filters, boards, sprints, dashboards: they name issues and what issues refer to."""
    CLEAN_UP = 11
    """Fillers deleted, versions archived."""
    ARCHIVING = 12
    """Of single issues: nothing can be written to them then."""
    OPENING = 13
    """What waits until nothing else is written: whom projects send mail, who may do what."""
    CLOSING = 14
    """Archiving of whole projects, which takes no settings then."""


@dataclass(frozen=True)
class ImportOptions:
    """What the restore asks for."""

    skip_users_and_groups: bool = False
    skip_attachments: bool = False
    salvage: bool = False


class Identities(Protocol):
    """Which source id became which target id in this restore. Kept in the database."""

    async def get(self, kind: str, sources: Iterable[str]) -> dict[str, str]:
        """The target ids of those sources that have one."""
        ...

    async def put(self, kind: str, pairs: Mapping[str, str]) -> None:
        """Keeps target ids at once; a source that has one already gets the new one."""
        ...


@dataclass
class ImportUnit:
    """One attempt at a unit.

    ``attempt`` above 1 means that an earlier attempt may have written anything,
    nothing, or a part: look at the site by marker before each create.
    """

    plan: UnitPlan
    attempt: int
    site: SiteClient
    backup: BackupReader
    identities: Identities
    options: ImportOptions
    tally: Tally = field(default_factory=Tally)
    spawned: list[UnitPlan] = field(default_factory=list[UnitPlan])

    @property
    def first_attempt(self) -> bool:
        """Whether nothing of this unit can be on the site yet."""
        return self.attempt == 1

    def spawn(self, *plans: UnitPlan) -> None:
        """Plans further units of this phase or a later one; the commit of this one makes them."""
        self.spawned.extend(plans)


@dataclass(frozen=True)
class Importer:
    """How a type of product is written: the first units, and the function for each kind of unit."""

    initial_units: Sequence[UnitPlan]
    run: Mapping[str, Callable[[ImportUnit], Awaitable[None]]]
