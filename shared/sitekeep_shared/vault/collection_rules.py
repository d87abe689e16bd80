"""The rules of a collection: pure functions of a survey. FORMAT.md section 10 says why."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from sitekeep_shared.vault import names
from sitekeep_shared.vault.condemned import Condemnation
from sitekeep_shared.vault.errors import DamagedObject
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.survey import Generation, HeldLease, Survey, Unfinished


def valid_leases(survey: Survey, limits: Limits) -> list[HeldLease]:
    """Those that somebody may still hold, and that keep something."""
    return [lease for lease in survey.leases if lease.protects and survey.now <= lease.over(limits)]


def leases_that_are_over(survey: Survey, limits: Limits) -> list[str]:
    """Names of the lease objects that nobody can hold any more."""
    return [lease.info.key for lease in survey.leases if survey.now > lease.over(limits)]


def abandonable(survey: Survey, limits: Limits) -> dict[str, Unfinished]:
    """Backups that nobody goes on with: no lease, and nothing was written for long."""
    held = {lease.owner for lease in valid_leases(survey, limits)}
    before = survey.now - datetime.timedelta(seconds=limits.orphan_seconds)
    return {
        backup_id: unfinished
        for backup_id, unfinished in survey.unfinished.items()
        if backup_id not in held and unfinished.newest < before and unfinished.site
    }


def lost_index(survey: Survey, limits: Limits) -> DamagedObject | None:
    """An index object that cannot be read although a session may count on what it lists.

    Until the backup is finished or given up, what it needs is not known. One that no site is
    known of cannot be given up; it is passed over once its session is forgotten.
    """
    before = survey.now - datetime.timedelta(seconds=limits.forgotten_seconds)
    for unfinished in survey.unfinished.values():
        if unfinished.damaged is not None and unfinished.newest >= before:
            return unfinished.damaged
    return None


def obstacle(survey: Survey, limits: Limits, generation: Generation) -> str:
    """Why nothing of a generation may be removed yet, in words; empty where it may."""
    if generation.condemned is None:
        return ""
    since = generation.waiting_since
    if since is None or survey.now < due_time(generation, limits):
        return "it waits for its time"
    skew = datetime.timedelta(seconds=limits.skew_seconds)
    for lease in valid_leases(survey, limits):
        if lease.started <= since + skew:
            return f"the lease {lease.info.key} began before"
    condemned = {pack.pack_id for pack in _packs_of(generation)}
    for backup_id, unfinished in survey.unfinished.items():
        if not condemned.isdisjoint(unfinished.packs):
            return f"backup {backup_id} counts on it and has not ended"
    return ""


def due_time(generation: Generation, limits: Limits) -> datetime.datetime:
    """When a generation has waited long enough; only with ``waiting_since``."""
    since = generation.waiting_since
    assert since is not None
    return since + datetime.timedelta(seconds=limits.condemned_seconds)


def verdict_on(survey: Survey, limits: Limits, generation: Generation) -> Condemnation:
    """What of a generation is removed: what nobody needs and nobody can begin to need."""
    kept = survey.live_packs | _packs_still_read(survey, limits)
    return Condemnation(
        survey.now,
        [pack for pack in _packs_of(generation) if pack.pack_id not in kept],
        [name for name in _manifests_of(generation) if name in survey.expired],
    )


def _packs_still_read(survey: Survey, limits: Limits) -> set[bytes]:
    """What expired backups need that somebody may read: all that no verdict can name yet.

    A backup that began before a pack was condemned may be committed with it, expire, and be
    read: under a lease that is no older than its own condemnation, if there is one.
    """
    unread = {
        name
        for generation in survey.generations
        if generation.verdict is not None or not obstacle(survey, limits, generation)
        for name in _manifests_of(generation)
    }
    still = (packs for name, packs in survey.expired.items() if name not in unread)
    return {pack.pack_id for packs in still for pack in packs}


def garbage(survey: Survey, limits: Limits) -> Condemnation:
    """What is to be condemned now: packs that nobody needs, and backups that expired."""
    pending = {pack.pack_id for each in survey.generations for pack in _packs_of(each)}
    kept = survey.live_packs.union(pending, *(each.packs for each in survey.unfinished.values()))
    before = _newest_garbage(survey, limits)
    packs = [
        PackReference(pack_id, info.size_bytes)
        for pack_id, info in survey.packs.items()
        if pack_id not in kept and info.last_modified < before
    ]
    waiting = {name for each in survey.generations for name in _manifests_of(each)}
    return Condemnation(survey.now, packs, sorted(survey.expired.keys() - waiting))


def unreadable_leftovers(survey: Survey, limits: Limits) -> list[str]:
    """Index objects of which nothing can be read, and whose session is long forgotten."""
    before = survey.now - datetime.timedelta(seconds=limits.forgotten_seconds)
    owners = {
        backup_id
        for backup_id, unfinished in survey.unfinished.items()
        if not unfinished.site and unfinished.newest < before
    }
    return [item.key for item in survey.index if names.owner_of(item.key) in owners]


def forgotten(survey: Survey, limits: Limits) -> list[str]:
    """Marks that nothing is left to be told by: their backups are gone, or long given up."""
    orphaned = survey.now - datetime.timedelta(seconds=limits.orphan_seconds)
    backups = {names.split_backup_name(name)[1] for name in (*survey.live, *survey.expired)}
    markers = [
        names.expired_name(backup_id)
        for backup_id, written in survey.markers.items()
        if backup_id not in backups and written < orphaned
    ]
    long_ago = survey.now - datetime.timedelta(seconds=limits.forgotten_seconds)
    return markers + [name for name, since in survey.abandoned.items() if since < long_ago]


def _newest_garbage(survey: Survey, limits: Limits) -> datetime.datetime:
    """What was written later may belong to a session that has not listed it yet."""
    skew = datetime.timedelta(seconds=limits.skew_seconds)
    orphaned = survey.now - datetime.timedelta(seconds=limits.orphan_seconds)
    starts = [lease.started - skew for lease in valid_leases(survey, limits)]
    return min([orphaned, *starts])


def _packs_of(generation: Generation) -> Iterator[PackReference]:
    if generation.condemned is not None:
        yield from generation.condemned.packs


def _manifests_of(generation: Generation) -> Sequence[str]:
    return generation.condemned.manifests if generation.condemned is not None else ()
