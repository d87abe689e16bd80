"""A vault with one object of every kind to damage, and the ways to damage it."""

from __future__ import annotations

import copy
import datetime
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault import names
from sitekeep_shared.vault.condemned import Condemnation, encode_condemned
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.known_file import FileIdentity
from sitekeep_shared.vault.manifest import PREFIX, split_manifest
from sitekeep_shared.vault.pack import HEADER, HEADER_BYTES, TAIL, PackKind, footer_start
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.vault import Vault
from unit.vault.vault_helpers import (
    SITE,
    START,
    Content,
    MemoryStore,
    facts,
    issues,
    open_vault,
    pieces,
)

BLOCK_BYTES = 64
KEEPING = datetime.timedelta(days=14)
KIND_POSITION = 40
"""Of a pack's kind in its header."""


def _content(first: int, seed: int) -> Content:
    content = issues(first, 30)
    content.files[(Kind.ATTACHMENT, f"file-{seed}")] = random.Random(seed).randbytes(9000)
    content.files[(Kind.ATTACHMENT, f"text-{seed}")] = b"a line of text\n" * 500
    return content


UNITS: Mapping[str, Mapping[str, Content]] = {
    "b1": {"u1": _content(1, 1)},
    "b2": {"u1": _content(101, 2)},
    "b3": {"u1": _content(201, 3)},
    "b4": {"u1": _content(301, 4)},
}
"""What each backup of the vault holds: b1 and b2 are expired, nothing is shared."""

EXAMINED = "b4"
"""The backup whose objects are damaged: the newest, which the next one counts on."""

Region = Callable[[bytes], range]
Keys = Callable[[MemoryStore], Sequence[str]]


@dataclass(frozen=True)
class Target:
    """Objects of one kind, the examined backup's first, and the part of them that is hit."""

    keys: Keys
    region: Region


async def undamaged() -> MemoryStore:
    """The vault before anything happens to it; two sessions that died have left leases."""
    store = MemoryStore()
    vault = await open_vault(store)
    for backup_id, units in UNITS.items():
        await back_up(vault, backup_id, units)
    await vault.expire(SITE, "b1", "over")
    await vault.expire(SITE, "b2", "over")
    sealer: Sealer = vault._sealer  # pyright: ignore[reportPrivateUsage]
    for generation in ("1", "2"):
        name = f"{names.CONDEMNED}{generation}{names.CONDEMNED_SUFFIX}"
        orphan = PackReference(bytes([int(generation)] * 32), 1000)
        condemned = Condemnation(START, [orphan], [])
        await store.put_new(name, [encode_condemned(sealer, name, condemned)])
    leases = copy.copy(store.objects)
    for backup_id in ("dead1", "dead2"):
        session = await vault.begin_backup(backup_id, site=SITE, fence=1)
        leases |= {key: store.objects[key] for key in store.keys(names.LEASES)}
        await session.close()
    store.objects = leases
    return store


async def back_up(vault: Vault, backup_id: str, units: Mapping[str, Content]) -> None:
    """As an exporter does: files that are known are not fetched again."""
    session = await vault.begin_backup(
        backup_id, site=SITE, fence=1, address="https://site", keeping=KEEPING
    )
    try:
        pages: list[PageReference] = []
        for unit, content in units.items():
            writer = session.unit(unit)
            for (kind, key), payload in content.records.items():
                await writer.put_record(kind, key, payload)
            for (kind, key), data in content.files.items():
                identity = FileIdentity(key, "", len(data))
                known = writer.find_file(kind, identity)
                if known is None or writer.reuse_file(kind, key, known) is None:
                    await writer.put_file(kind, key, pieces(data), identity=identity)
            pages += await writer.finish()
        await session.commit(pages, facts())
    finally:
        await session.close()


def _below(prefix: str) -> Keys:
    return lambda store: sorted(store.keys(prefix), key=lambda key: (EXAMINED not in key, key))


def _packs(kind: PackKind) -> Keys:
    """The last ones first: those that the examined backup wrote."""

    def keys(store: MemoryStore) -> Sequence[str]:
        ordered = [key for key in reversed(store.put_order) if key.startswith(names.PACKS)]
        return [key for key in ordered if store.objects[key][KIND_POSITION] == kind]

    return keys


def _whole(data: bytes) -> range:
    return range(len(data))


def _part(start: int, end: int) -> Region:
    return lambda data: range(start, end if end > 0 else len(data) + end)


def _first_frame(data: bytes) -> range:
    return range(HEADER_BYTES, HEADER_BYTES + 2 * BLOCK_BYTES)


def _footer(data: bytes) -> range:
    return range(footer_start("", len(data), data), len(data) - TAIL.size)


def _pack_tail(data: bytes) -> range:
    return range(len(data) - TAIL.size, len(data))


def _manifest_section(section: str) -> Region:
    def region(data: bytes) -> range:
        start = data.index(getattr(split_manifest("", data), section))
        return range(start, start + len(getattr(split_manifest("", data), section)))

    return region


TARGETS: Mapping[str, Target] = {
    "FORMAT": Target(_below(names.FORMAT), _part(30, 60)),
    "key": Target(_below(names.KEYS), _part(20, 60)),
    **{
        f"{label} pack {part}": Target(_packs(kind), region)
        for label, kind in (("record", PackKind.RECORDS), ("file", PackKind.FILES))
        for part, region in (
            ("header", _part(0, HEADER.size)),
            ("key", _part(HEADER.size, HEADER_BYTES)),
            ("frame", _first_frame),
            ("footer", _footer),
            ("tail", _pack_tail),
        )
    },
    "index magic": Target(_below(names.INDEX), _part(0, 8)),
    "index": Target(_below(names.INDEX), _part(8, 0)),
    "lease": Target(_below(names.LEASES), _whole),
    "manifest start": Target(_below(names.BACKUPS), _part(0, PREFIX.size)),
    **{
        f"manifest {section}": Target(_below(names.BACKUPS), _manifest_section(section))
        for section in ("header", "packs", "body")
    },
    "marker": Target(_below(names.EXPIRED), _whole),
    "known files": Target(_below(names.KNOWN_FILES), _whole),
    "condemned": Target(_below(names.CONDEMNED), _whole),
}


def delete(store: MemoryStore, target: Target) -> Sequence[str]:
    """The object is gone."""
    key = target.keys(store)[0]
    del store.objects[key]
    return [key]


def truncate(store: MemoryStore, target: Target) -> Sequence[str]:
    """The object ends in the middle of the part."""
    key, data, region = _hit(store, target)
    store.objects[key] = data[: region[len(region) // 2]]
    return [key]


def flip(store: MemoryStore, target: Target) -> Sequence[str]:
    """One bit in the middle of the part is another one."""
    key, data, region = _hit(store, target)
    changed = bytearray(data)
    changed[region[len(region) // 2]] ^= 0x04
    store.objects[key] = bytes(changed)
    return [key]


def zero(store: MemoryStore, target: Target) -> Sequence[str]:
    """A block at the start of the part is lost."""
    key, data, region = _hit(store, target)
    block = region[:BLOCK_BYTES]
    store.objects[key] = data[: block.start] + bytes(len(block)) + data[block.stop :]
    assert store.objects[key] != data
    return [key]


def swap(store: MemoryStore, target: Target) -> Sequence[str]:
    """Two objects of the kind stand under each other's name."""
    first, second = target.keys(store)[:2]
    objects = store.objects
    objects[first], objects[second] = objects[second], objects[first]
    return [first, second]


def _hit(store: MemoryStore, target: Target) -> tuple[str, bytes, range]:
    key = target.keys(store)[0]
    return key, store.objects[key], target.region(store.objects[key])


DAMAGES: Mapping[str, Callable[[MemoryStore, Target], Sequence[str]]] = {
    "delete": delete,
    "truncate": truncate,
    "flip": flip,
    "zero": zero,
    "swap": swap,
}
