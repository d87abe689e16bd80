"""Reads the parts of manifests from a store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import BackupAbandoned, DamagedObject, ObjectMissing
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.limits import KIB
from sitekeep_shared.vault.manifest import (
    PREFIX,
    decode_header,
    decode_pack_uses,
    decode_packs_section,
    header_end,
    packs_end,
    section_hash,
    split_manifest,
)
from sitekeep_shared.vault.manifest_types import ManifestHeader, PackUse
from sitekeep_shared.vault.markers import refuse_abandoned
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.store import Store

_FIRST_READ_BYTES = 16 * KIB


@dataclass(frozen=True)
class ProvenManifest:
    """A manifest that is there as it was written, as far as that shows without the private key."""

    header: ManifestHeader
    packs: Sequence[PackReference]
    """Sorted by id."""
    body: bytes
    """Sealed; its hash is the one that the header names."""


async def read_manifest(store: Store, sealer: Sealer, name: str) -> ProvenManifest:
    """The whole of a manifest.

    Raises:
        ObjectMissing: there is no such manifest.
        DamagedObject: it is not what was written.
    """
    sections = split_manifest(name, await store.get(name))
    header = decode_header(sealer, name, sections.header)
    packs = decode_packs_section(sealer, name, header, sections.packs)
    if section_hash(sections.body) != header.body_hash:
        raise DamagedObject(name, "its body is not the one that its header names")
    return ProvenManifest(header, packs, sections.body)


async def manifest_names(store: Store, *, include_expired: bool = False) -> AsyncIterator[str]:
    """The names of all manifests, by site, then by id; as a rule without expired backups.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    expired = {item.key async for item in store.list(names.EXPIRED)}
    async for item in store.list(names.BACKUPS):
        backup_id = item.key.rpartition("/")[2]
        if include_expired or names.expired_name(backup_id) not in expired:
            yield item.key


async def is_abandoned(store: Store, name: str) -> bool:
    """Whether there is no such manifest any more, or the mark that there never will be one.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    try:
        refuse_abandoned(name, await store.get_range(name, 0, PREFIX.size))
    except (ObjectMissing, BackupAbandoned):
        return True
    return False


async def read_header(store: Store, sealer: Sealer, name: str) -> ManifestHeader:
    """The header of a manifest, without the rest of the object.

    Raises:
        ObjectMissing: there is no such manifest.
        BackupAbandoned: the backup was given up.
        DamagedObject: it is not what was written.
    """
    start = await _read_start(store, name, header_end)
    return decode_header(sealer, name, start[PREFIX.size : header_end(name, start)])


async def read_header_and_packs(
    store: Store, sealer: Sealer, name: str
) -> tuple[ManifestHeader, list[PackUse]]:
    """What the writer part of the keys opens of a manifest: the header and the packs it needs.

    Raises:
        ObjectMissing: there is no such manifest.
        DamagedObject: it is not what was written.
    """
    sections = split_manifest(name, await _read_start(store, name, packs_end))
    header = decode_header(sealer, name, sections.header)
    return header, decode_pack_uses(sealer, name, header, sections.packs)


async def _read_start(store: Store, name: str, end_of: Callable[[str, bytes], int]) -> bytes:
    """The start of a manifest: at least all up to the end that it gives for itself."""
    start = await store.get_range(name, 0, _FIRST_READ_BYTES)
    end = end_of(name, start)
    if end > len(start):
        start += await store.get_range(name, len(start), end - len(start))
    return start
