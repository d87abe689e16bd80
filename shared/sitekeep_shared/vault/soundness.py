"""Whether an object is what was written, as far as that can be told without reading content."""

from __future__ import annotations

import asyncio

from blake3 import blake3

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import DamagedObject
from sitekeep_shared.vault.index_object import decode_index
from sitekeep_shared.vault.manifest import (
    decode_header,
    decode_packs_section,
    section_hash,
    split_manifest,
)
from sitekeep_shared.vault.sealing import Sealer


async def check_object(sealer: Sealer, name: str, data: bytes) -> None:
    """Checks what the writer part of the keys can check: a pack against its name, what is sealed
    against its seal. Of other objects it knows nothing.

    Raises:
        DamagedObject: it is not what was written.
        BackupNotFound: the name is that of a manifest, and no backup stands under it.
    """
    await asyncio.to_thread(_check, sealer, name, data)


def _check(sealer: Sealer, name: str, data: bytes) -> None:
    if name.startswith(names.PACKS):
        if blake3(data).digest() != names.pack_id_of(name):
            raise DamagedObject(name, "its content does not give its name")
    elif name.startswith(names.INDEX):
        decode_index(sealer, name, data)
    elif name.startswith(names.BACKUPS):
        _check_manifest(sealer, name, data)


def _check_manifest(sealer: Sealer, name: str, data: bytes) -> None:
    sections = split_manifest(name, data)
    header = decode_header(sealer, name, sections.header)
    decode_packs_section(sealer, name, header, sections.packs)
    if section_hash(sections.body) != header.body_hash:
        raise DamagedObject(name, "its body is not the one that its header names")
