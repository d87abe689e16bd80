"""What a collection knows of a vault when it decides."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sitekeep_shared.vault import names
from sitekeep_shared.vault.condemned import Condemnation
from sitekeep_shared.vault.errors import DamagedObject
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.lease import COLLECTOR, LeaseContent
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.store import ObjectInfo

LONG_AGO = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class HeldLease:
    """A lease object, whoever holds it."""

    info: ObjectInfo
    content: LeaseContent | None
    """None where it cannot be read: then it keeps everything until it is over for certain."""

    @property
    def owner(self) -> str:
        """Who holds it."""
        return names.owner_of(self.info.key)

    def over(self, limits: Limits) -> datetime.datetime:
        """From when on, by the store's time, nobody can hold it any more."""
        if self.content is None:
            return self.info.last_modified + datetime.timedelta(seconds=limits.orphan_seconds)
        return self.content.valid_until + datetime.timedelta(seconds=limits.skew_seconds)

    @property
    def started(self) -> datetime.datetime:
        """When its session began; long ago where that is not known."""
        if self.content is None:
            return LONG_AGO
        return self.content.started

    @property
    def protects(self) -> bool:
        """Whether it keeps anything: a collector's only tells the time."""
        return self.content is None or self.content.kind != COLLECTOR


@dataclass(frozen=True)
class Generation:
    """What one collection condemned, and how far that is."""

    identifier: str
    condemned: Condemnation | None
    """None where the list cannot be read: nothing of it is ever removed."""
    waiting_since: datetime.datetime | None
    """When everybody could know it, by the store's time; None where nobody wrote that yet."""
    verdict: Condemnation | None
    """What is removed; None where that is not decided."""


@dataclass
class Unfinished:
    """A backup with index objects that neither was committed nor given up."""

    newest: datetime.datetime
    """When the last of its index objects was written."""
    site: str = ""
    """Empty where no index object of it can be read."""
    packs: set[bytes] = field(default_factory=set[bytes])
    damaged: DamagedObject | None = None


@dataclass(frozen=True)
class Survey:
    """A vault as it was a moment ago."""

    now: datetime.datetime
    """The store's time when the look began."""
    leases: Sequence[HeldLease]
    index: Sequence[ObjectInfo]
    generations: Sequence[Generation]
    leftovers: Sequence[str]
    """Objects below ``gc/`` whose list of condemned packs is gone."""
    packs: Mapping[bytes, ObjectInfo]
    markers: Mapping[str, datetime.datetime]
    """Backup ids of all ``expired/`` objects, and when they were written."""
    live: Mapping[str, Sequence[PackReference]]
    """Names of the manifests that have not expired, and what they need."""
    expired: Mapping[str, Sequence[PackReference]]
    """The same of those that have; nothing where that cannot be read."""
    abandoned: Mapping[str, datetime.datetime]
    """Names of the manifests that can never be, and since when."""
    unfinished: Mapping[str, Unfinished]

    @property
    def dead(self) -> frozenset[str]:
        """Ids of the backups that were given up, or that a verdict removes."""
        return dead_backups(self.generations, self.abandoned)

    @property
    def finished(self) -> frozenset[str]:
        """Ids of the backups that no session goes on with, whether they are read on or not."""
        return self.dead | {backup_id_of(name) for name in (*self.live, *self.expired)}

    @property
    def live_packs(self) -> frozenset[bytes]:
        """What the backups that have not expired need."""
        return frozenset(pack.pack_id for packs in self.live.values() for pack in packs)


def dead_backups(
    generations: Sequence[Generation], abandoned: Mapping[str, object]
) -> frozenset[str]:
    """Ids of the backups that were given up, or that a verdict removes."""
    verdicts = [generation.verdict for generation in generations if generation.verdict is not None]
    removed = [name for verdict in verdicts for name in verdict.manifests]
    return frozenset(backup_id_of(name) for name in (*abandoned, *removed))


def backup_id_of(manifest: str) -> str:
    """The backup id in the name of a manifest."""
    return names.split_backup_name(manifest)[1]
