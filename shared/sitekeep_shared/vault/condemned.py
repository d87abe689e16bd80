"""Condemned packs: what a collection is about to remove counts as absent for new sessions."""

from __future__ import annotations

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import DamagedObject, ObjectMissing
from sitekeep_shared.vault.index_object import PackReference, decode_packs, encode_packs
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store

MAGIC = b"SKCONDM1"
SECTION = "condemned"


def encode_condemned(sealer: Sealer, name: str, packs: list[PackReference]) -> bytes:
    """The bytes of a ``gc/<generation>.condemned`` object."""
    return MAGIC + sealer.seal(SECTION, name.encode(), encode_packs(packs))


def decode_condemned(sealer: Sealer, name: str, data: bytes) -> list[PackReference]:
    """The reverse of encode_condemned.

    Raises:
        DamagedObject: it is not what was written.
    """
    if not data.startswith(MAGIC):
        raise DamagedObject(name, "it does not start as a list of condemned packs")
    return decode_packs(sealer.open(SECTION, name.encode(), data[len(MAGIC) :], name))


async def load_condemned(store: Store, sealer: Sealer) -> frozenset[bytes]:
    """The ids of all packs that any collection has condemned.

    Raises:
        DamagedObject: a list cannot be read; reusing packs would not be safe.
    """
    condemned: set[bytes] = set()
    async for item in store.list(names.CONDEMNED):
        if item.key.endswith(names.CONDEMNED_SUFFIX):
            condemned |= await _load_one(store, sealer, item.key)
    return frozenset(condemned)


async def _load_one(store: Store, sealer: Sealer, name: str) -> set[bytes]:
    try:
        data = await store.get(name)
    except ObjectMissing:
        # The sweep ended while the listing went on: what it condemned is gone from the indexes.
        return set()
    return {pack.pack_id for pack in decode_condemned(sealer, name, data)}
