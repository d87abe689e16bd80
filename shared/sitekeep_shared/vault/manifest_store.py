"""Reads the parts of manifests from a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.limits import KIB
from sitekeep_shared.vault.manifest import (
    PREFIX,
    decode_header,
    decode_packs_section,
    header_end,
    packs_end,
    split_manifest,
)
from sitekeep_shared.vault.manifest_types import ManifestHeader
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store

_FIRST_READ_BYTES = 16 * KIB


async def read_header(store: Store, sealer: Sealer, name: str) -> ManifestHeader:
    """The header of a manifest, without the rest of the object.

    Raises:
        ObjectMissing: there is no such manifest.
        BackupAbandoned: the backup was given up.
        DamagedObject: it is not what was written.
    """
    start = await _read_start(store, name, header_end)
    return decode_header(sealer, name, start[PREFIX.size : header_end(name, start)])


async def read_packs(store: Store, sealer: Sealer, name: str) -> Sequence[PackReference]:
    """The packs that a manifest lists, without its body.

    Raises:
        ObjectMissing: there is no such manifest.
        BackupAbandoned: the backup was given up.
        DamagedObject: it is not what was written.
    """
    start = await _read_start(store, name, packs_end)
    sections = split_manifest(name, start)
    header = decode_header(sealer, name, sections.header)
    return decode_packs_section(sealer, name, header, sections.packs)


async def _read_start(store: Store, name: str, end_of: Callable[[str, bytes], int]) -> bytes:
    start = await store.get_range(name, 0, _FIRST_READ_BYTES)
    end = end_of(name, start)
    if end > len(start):
        start += await store.get_range(name, len(start), end - len(start))
    return start
