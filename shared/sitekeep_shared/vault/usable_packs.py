"""Which packs a new session may count on: whole, not condemned, not too old, not nearly dead."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterable, Set
from dataclasses import dataclass, field

from sitekeep_shared.clock import Clock
from sitekeep_shared.vault import names
from sitekeep_shared.vault.condemned import load_condemned
from sitekeep_shared.vault.damaged_packs import load_damaged_packs
from sitekeep_shared.vault.earlier_backups import PackDemand
from sitekeep_shared.vault.index_loader import LoadedIndexes
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.limits import Limits
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store

_NAMED = 10
"""Packs that a warning names; the rest is counted."""

_logger = logging.getLogger(__name__)


@dataclass
class UsablePacks:
    """The packs that are whole, not condemned, and that no verification found damaged.

    What lies in any other counts as absent, is staged again, and so a backup
    heals what was lost.
    """

    packs: set[PackReference] = field(default_factory=set[PackReference])
    too_old: set[bytes] = field(default_factory=set[bytes])
    """Those of ``packs`` that this session may read and must not reuse."""
    condemned: Set[bytes] = frozenset()
    """Those that a collection may remove: they need not be lost."""

    def is_usable(self, pack: PackReference) -> bool:
        """Whether a pack is there as it was written."""
        return pack in self.packs

    def tell_lost(self, needed: Iterable[PackReference]) -> None:
        """Says in one sentence which packs that backups need are not there as they were."""
        lost = sorted(
            names.pack_name(pack.pack_id)
            for pack in needed
            if not self.is_usable(pack) and pack.pack_id not in self.condemned
        )
        if not lost:
            return
        more = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
        _logger.warning(
            "Packs that backups need are missing, cut or damaged: %s%s. Nothing new counts on "
            "them; what this backup meets of what they held is stored anew.",
            ", ".join(lost[:_NAMED]),
            more,
        )


async def load_usable_packs(
    store: Store, sealer: Sealer, clock: Clock, limits: Limits
) -> UsablePacks:
    """Reads which packs are condemned or known to be damaged first, then lists the packs.

    Raises:
        DamagedObject: a list of condemned packs cannot be read.
        StoreUnavailable: the store does not answer.
    """
    condemned = await load_condemned(store, sealer)
    unusable = condemned | await load_damaged_packs(store, sealer)
    oldest = _oldest(clock, limits)
    usable = UsablePacks(condemned=condemned)
    async for item in store.list(names.PACKS):
        pack_id = names.pack_id_of(item.key)
        if pack_id is None or pack_id in unusable:
            continue
        usable.packs.add(PackReference(pack_id, item.size_bytes))
        if oldest is not None and item.last_modified < oldest:
            usable.too_old.add(pack_id)
    return usable


def _oldest(clock: Clock, limits: Limits) -> datetime.datetime | None:
    if limits.reuse_seconds is None:
        return None
    return clock.now() - datetime.timedelta(seconds=limits.reuse_seconds)


def leave_out(
    loaded: LoadedIndexes, too_old: Set[bytes], demand: PackDemand | None, sparse_share: float
) -> None:
    """Makes blobs of packs absent for a session that is to stage them anew.

    A pack that is left behind still serves files that are referenced without their bytes: they
    leave it when they are fetched again. What earlier sessions of the same backup count on
    stays.
    """
    own = {pack.pack_id for index in loaded.own for pack in (*index.packs, *index.referenced)}
    loaded.blobs.remove(too_old - own)
    if demand is not None and sparse_share:
        behind = demand.left_behind(loaded.blobs.total_bytes(), sparse_share)
        loaded.blobs.set_aside(behind - own)
