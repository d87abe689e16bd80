"""What a collection condemned, and what it decided about that in the end.

FORMAT.md section 9. A generation has up to three objects below ``gc/``: what it condemned, since
when everybody can know it, and the verdict: what of it is removed. What is condemned counts as
absent for new sessions, and new readers do not open a backup that is.
"""

from __future__ import annotations

import datetime
import logging
import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import msgspec

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import DamagedObject, ObjectMissing
from sitekeep_shared.vault.index_object import PackReference, decode_packs, encode_packs
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store

MAGIC = b"SKCONDM1"
SECTION = "condemned"

_LENGTH = struct.Struct("<I")
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Condemnation:
    """Packs that are to be removed, and the manifests of expired backups that go with them."""

    time: datetime.datetime
    packs: Sequence[PackReference]
    manifests: Sequence[str]
    """Names of objects."""


class _Head(msgspec.Struct, frozen=True):
    time: datetime.datetime
    manifests: Sequence[str]


def encode_condemned(sealer: Sealer, name: str, condemnation: Condemnation) -> bytes:
    """The bytes of a ``gc/<generation>.condemned`` or ``.verdict`` object."""
    head = msgspec.json.encode(_Head(condemnation.time, condemnation.manifests))
    plain = _LENGTH.pack(len(head)) + head + encode_packs(condemnation.packs)
    return MAGIC + sealer.seal(SECTION, name.encode(), plain)


def decode_condemned(sealer: Sealer, name: str, data: bytes) -> Condemnation:
    """The reverse of encode_condemned.

    Raises:
        DamagedObject: it is not what was written.
    """
    if not data.startswith(MAGIC):
        raise DamagedObject(name, "it does not start as a list of condemned packs")
    plain = sealer.open(SECTION, name.encode(), data[len(MAGIC) :], name)
    try:
        end = _LENGTH.size + int(_LENGTH.unpack_from(plain)[0])
        head = msgspec.json.decode(plain[_LENGTH.size : end], type=_Head)
        return Condemnation(head.time, decode_packs(plain[end:]), head.manifests)
    except (struct.error, ValueError, msgspec.MsgspecError) as error:
        raise DamagedObject(name, "it does not read as a list of condemned packs") from error


async def load_condemned(store: Store, sealer: Sealer) -> frozenset[bytes]:
    """The ids of all packs that any collection has condemned.

    Raises:
        DamagedObject: a list cannot be read; reusing packs would not be safe.
    """
    condemned: set[bytes] = set()
    async for name in _lists(store):
        try:
            found = await _load_one(store, sealer, name)
        except DamagedObject as error:
            way_out = (
                "; no backup begins before a collection has removed it: sitekeep vault collect"
            )
            raise DamagedObject(name, error.problem + way_out) from error
        if found is not None:
            condemned.update(pack.pack_id for pack in found.packs)
    return frozenset(condemned)


async def is_condemned(store: Store, sealer: Sealer, manifest: str) -> bool:
    """Whether a backup is about to be removed, as far as the lists can be read."""
    async for name in _lists(store):
        try:
            found = await _load_one(store, sealer, name)
        except DamagedObject as error:
            # Who reads is better off with what is there than with nothing.
            _logger.warning("%s", error)
            continue
        if found is not None and manifest in found.manifests:
            return True
    return False


async def _lists(store: Store) -> AsyncIterator[str]:
    async for item in store.list(names.CONDEMNED):
        if item.key.endswith(names.CONDEMNED_SUFFIX):
            yield item.key


async def _load_one(store: Store, sealer: Sealer, name: str) -> Condemnation | None:
    try:
        data = await store.get(name)
    except ObjectMissing:
        # The sweep ended while the listing went on: what it condemned is gone, or kept for good.
        return None
    return decode_condemned(sealer, name, data)
