"""What a collection found and did."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sitekeep_shared.vault import collection_rules as rules
from sitekeep_shared.vault import names
from sitekeep_shared.vault.condemned import Condemnation
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.survey import Generation, Survey


@dataclass(frozen=True)
class Pending:
    """A generation that waits, and why."""

    generation: str
    condemned_time: datetime.datetime | None
    due_time: datetime.datetime | None
    """When it may be removed at the earliest; None where that is not known yet."""
    packs_count: int
    size_bytes: int
    backups_count: int
    obstacle: str
    """In words."""


@dataclass(frozen=True)
class CollectionReport:
    """Names end in the unit. Of a dry run: what would have been done."""

    live_backups_count: int
    live_packs_count: int
    live_bytes: int
    condemned_packs_count: int
    """By this collection; ``pending`` are those of earlier ones."""
    condemned_bytes: int
    condemned_backups_count: int
    swept_packs_count: int
    swept_bytes: int
    swept_backups_count: int
    kept_packs_count: int
    """Condemned before, and needed again."""
    retained_objects_count: int
    """What the store did not let go; it is tried again."""
    abandoned_backups_count: int
    """Unfinished backups that nobody went on with, given up now."""
    replaced_indexes_count: int
    pending: Sequence[Pending]


def report_on(
    survey: Survey,
    limits: Limits,
    *,
    verdicts: Mapping[str, Condemnation],
    condemned: Condemnation,
    abandoned_count: int,
    replaced_count: int = 0,
    retained: frozenset[str] = frozenset(),
) -> CollectionReport:
    """Counts."""
    live = {pack.pack_id: pack.size_bytes for packs in survey.live.values() for pack in packs}
    swept = [pack for pack in _there(survey, verdicts) if _name(pack) not in retained]
    gone = {name for each in verdicts.values() for name in each.manifests} - retained
    judged = [each for each in survey.generations if each.identifier in verdicts]
    listed = {pack.pack_id for each in judged for pack in _packs(each)}
    removed = {pack.pack_id for each in verdicts.values() for pack in each.packs}
    return CollectionReport(
        live_backups_count=len(survey.live),
        live_packs_count=len(live),
        live_bytes=sum(live.values()),
        condemned_packs_count=len(condemned.packs),
        condemned_bytes=_size(condemned.packs),
        condemned_backups_count=len(condemned.manifests),
        swept_packs_count=len(swept),
        swept_bytes=_size(swept),
        swept_backups_count=len(gone),
        kept_packs_count=len(listed - removed),
        retained_objects_count=len(retained),
        abandoned_backups_count=abandoned_count,
        replaced_indexes_count=replaced_count,
        pending=[
            _pending(survey, limits, each)
            for each in survey.generations
            if each.identifier not in verdicts and rules.obstacle(survey, limits, each)
        ],
    )


def _there(survey: Survey, verdicts: Mapping[str, Condemnation]) -> Iterable[PackReference]:
    packs = {pack for verdict in verdicts.values() for pack in verdict.packs}
    return (pack for pack in packs if pack.pack_id in survey.packs)


def _pending(survey: Survey, limits: Limits, generation: Generation) -> Pending:
    packs, condemned = _packs(generation), generation.condemned
    waits = generation.waiting_since is not None
    return Pending(
        generation.identifier,
        condemned.time if condemned is not None else None,
        rules.due_time(generation, limits) if waits else None,
        len(packs),
        _size(packs),
        len(condemned.manifests) if condemned is not None else 0,
        rules.obstacle(survey, limits, generation),
    )


def _packs(generation: Generation) -> Sequence[PackReference]:
    return generation.condemned.packs if generation.condemned is not None else ()


def _size(packs: Iterable[PackReference]) -> int:
    return sum(pack.size_bytes for pack in packs)


def _name(pack: PackReference) -> str:
    return names.pack_name(pack.pack_id)
