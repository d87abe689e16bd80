"""Reads the parts of manifests from a store."""

from __future__ import annotations

from sitekeep_shared.vault.limits import KIB
from sitekeep_shared.vault.manifest import PREFIX, decode_header, header_end
from sitekeep_shared.vault.manifest_types import ManifestHeader
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store

_FIRST_READ_BYTES = 16 * KIB


async def read_header(store: Store, sealer: Sealer, name: str) -> ManifestHeader:
    """The header of a manifest, without the rest of the object.

    Raises:
        ObjectMissing: there is no such manifest.
        DamagedObject: it is not what was written.
    """
    start = await store.get_range(name, 0, _FIRST_READ_BYTES)
    end = header_end(name, start)
    if end > len(start):
        start += await store.get_range(name, len(start), end - len(start))
    return decode_header(sealer, name, start[PREFIX.size : end])
