"""A vault with one object of every kind to damage, and the ways to damage it."""

from __future__ import annotations

import base64
import copy
import datetime
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault import names
from sitekeep_shared.vault.condemned import Condemnation, encode_condemned
from sitekeep_shared.vault.examination import examine
from sitekeep_shared.vault.index_object import decode_index, encode_index
from sitekeep_shared.vault.key_ring import KeyRing
from sitekeep_shared.vault.keys import WholeKey, public_key_of
from sitekeep_shared.vault.known_file import FileIdentity
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.manifest import PREFIX, split_manifest
from sitekeep_shared.vault.merging import merge, source_of
from sitekeep_shared.vault.pack import HEADER, HEADER_BYTES, TAIL, PackKind, footer_start
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.repository import read_repository
from sitekeep_shared.vault.rotation import rotate
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.unlocks import Unlocks
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


def _content(first: int, seed: int, text: str = "") -> Content:
    content = issues(first, 30)
    content.files[(Kind.ATTACHMENT, f"file-{seed}")] = random.Random(seed).randbytes(9000)
    line = f"a line of text {text or seed}\n"
    content.files[(Kind.ATTACHMENT, f"text-{seed}")] = line.encode() * 500
    return content


UNITS: Mapping[str, Mapping[str, Content]] = {
    "b1": {"u1": _content(1, 1)},
    "b2": {"u1": _content(101, 2, "shared")},
    "b3": {"u1": _content(201, 3)},
    "b4": {"u1": _content(301, 4, "shared"), "u2": _content(401, 5)},
    "given1": {"u1": _content(501, 6)},
    "given2": {"u1": _content(601, 7)},
}
"""What each backup holds: of what is to go with b2, b4 needs a pack.

b1 and b2 are expired, the last two were given up.
"""

KEPT = ("b3", "b4")
EXAMINED = "b4"
"""The backup whose objects are damaged: the newest, which the next one counts on."""

HOUR = datetime.timedelta(hours=1)
NOW = START + 72 * HOUR
"""When the vault is used after it was damaged."""

KEY = WholeKey(bytes(range(32)), (bytes(range(32, 64)),))
ANNA, BOB = bytes([1] * 32), bytes([2] * 32)
"""Private keys of recipients."""

Region = Callable[[bytes], range]
Keys = Callable[[MemoryStore], Sequence[str]]


@dataclass(frozen=True)
class Target:
    """Objects of one kind, the examined backup's first, and the part of them that is hit."""

    keys: Keys
    region: Region


@dataclass(frozen=True)
class Template:
    """The vault before anything happens to it."""

    store: MemoryStore
    key: WholeKey
    """The newest one; what was made before the rotations is sealed to others."""
    packs: Mapping[str, frozenset[str]]
    """Names of what each kept backup needs."""

    def copy(self, clock: ManualClock) -> MemoryStore:
        """The same objects, to be damaged."""
        store = MemoryStore(clock)
        store.objects, store.put_order = dict(self.store.objects), list(self.store.put_order)
        store.modified = dict(self.store.modified)
        return store


async def undamaged() -> Template:
    """Everything that a vault can hold, each twice, as years and accidents leave it behind."""
    clock = ManualClock(START)
    store = MemoryStore(clock)
    vault = await open_vault(store, keys=KEY.keys, clock=clock)
    key = await _rotated(store, vault, clock)
    vault = await open_vault(store, keys=key.keys, clock=clock)
    await back_up(vault, EXAMINED, UNITS[EXAMINED])
    sealer = Sealer(key.keys, (await read_repository(store)).repository_id)
    for backup_id in ("b1", "b2"):
        await vault.expire(SITE, backup_id, "over")
    for backup_id in ("given1", "given2"):
        await back_up(vault, backup_id, UNITS[backup_id], commits=False)
        await vault.abandon(SITE, backup_id, "its operation failed")
    merged_id = names.new_time_id(START)
    await _merge(store, sealer, f"index/{EXAMINED}.0", merged_id)
    await _merge(store, sealer, "index/b3.0", names.new_time_id(START, merged_id))
    for backup_id in KEPT:
        _, record = await examine(vault, clock, SITE, backup_id, Level.STORAGE)
        await vault.keep_record(record)
    packs = {
        backup_id: frozenset(
            names.pack_name(pack.pack_id) for pack in await vault.packs_of(SITE, backup_id)
        )
        for backup_id in KEPT
    }
    await _condemn(store, sealer, vault)
    clock.advance(NOW - START - HOUR)
    await _leave_leases(store, vault)
    return Template(store, key, packs)


async def _rotated(store: MemoryStore, vault: Vault, clock: ManualClock) -> WholeKey:
    """The first backups are made, and the key is rotated twice; two recipients can unlock it."""
    key, repository = KEY, await read_repository(store)
    sealer = Sealer(KEY.keys, repository.repository_id)
    for private in (ANNA, BOB):
        await Unlocks(store, sealer).add_recipient(KEY, public_key_of(private), "somebody")
    for backups in (("b1", "b2"), ("b3",)):
        vault = await open_vault(store, keys=key.keys, clock=clock)
        for backup_id in backups:
            await back_up(vault, backup_id, UNITS[backup_id])
        ring = KeyRing(store, key.keys, repository.repository_id, repository.first_key_id)
        key = (await rotate(store, ring, key, lambda _: None)).key
    return key


async def _merge(store: MemoryStore, sealer: Sealer, source: str, time_id: str) -> None:
    index = decode_index(sealer, source, store.objects[source])
    merged = merge([source_of(source, index, lambda _: True)])
    name = names.merged_name(time_id)
    await store.put_new(name, [encode_index(sealer, name, merged)])
    await store.delete(source)


async def _condemn(store: MemoryStore, sealer: Sealer, vault: Vault) -> None:
    """Two generations whose sweep was killed as it began, and one that waits."""
    identifier = ""
    for backup_id, is_decided in (("b1", True), ("given2", True), ("b2", False)):
        identifier = names.new_time_id(START, identifier)
        condemned = await _condemnation(store, sealer, vault, backup_id)
        nothing = Condemnation(START, [], [])
        contents = {names.condemned_name(identifier): condemned}
        contents[names.waiting_name(identifier)] = nothing
        if is_decided:
            contents[names.verdict_name(identifier)] = condemned
        for name, content in contents.items():
            await store.put_new(name, [encode_condemned(sealer, name, content)])


async def _condemnation(
    store: MemoryStore, sealer: Sealer, vault: Vault, backup_id: str
) -> Condemnation:
    if backup_id in ("b1", "b2"):
        packs = await vault.packs_of(SITE, backup_id)
        return Condemnation(START, packs, [names.backup_name(SITE, backup_id)])
    index = store.keys(f"index/{backup_id}.")
    opened = [decode_index(sealer, name, store.objects[name]) for name in index]
    return Condemnation(START, [pack for each in opened for pack in each.packs], [])


async def _leave_leases(store: MemoryStore, vault: Vault) -> None:
    """Two sessions died."""
    objects = copy.copy(store.objects)
    for backup_id in ("dead1", "dead2"):
        session = await vault.begin_backup(backup_id, site=SITE, fence=1)
        objects |= {key: store.objects[key] for key in store.keys(names.LEASES)}
        await session.close()
    store.objects = objects


async def back_up(
    vault: Vault, backup_id: str, units: Mapping[str, Content], *, commits: bool = True
) -> None:
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
        if commits:
            await session.commit(pages, facts())
    finally:
        await session.close()


def _below(prefix: str) -> Keys:
    return lambda store: sorted(store.keys(prefix), key=_examined_first)


def _examined_first(key: str) -> tuple[bool, str]:
    return EXAMINED not in key.replace(".", "/").split("/"), key


def _packs(kind: PackKind) -> Keys:
    """The last ones before the examined backup's manifest first: those that it wrote."""

    def keys(store: MemoryStore) -> Sequence[str]:
        written = store.put_order[: store.put_order.index(names.backup_name(SITE, EXAMINED))]
        ordered = [key for key in reversed(written) if key.startswith(names.PACKS)]
        return [key for key in ordered if store.objects[key][KIND_POSITION] == kind]

    return keys


def _ending(suffix: str) -> Keys:
    """Those of the last generation first, which waits."""
    return lambda store: [key for key in reversed(store.keys("gc/")) if key.endswith(suffix)]


def _decided_lists(store: MemoryStore) -> Sequence[str]:
    return [key for key in store.keys("gc/") if key.endswith(names.CONDEMNED_SUFFIX)]


def _marks(store: MemoryStore) -> Sequence[str]:
    return [key for key in store.keys(names.BACKUPS) if "given" in key]


def _manifests(store: MemoryStore) -> Sequence[str]:
    found = [key for key in store.keys(names.BACKUPS) if "given" not in key]
    return sorted(found, key=_examined_first)


def _index(store: MemoryStore) -> Sequence[str]:
    found = [key for key in store.keys(names.INDEX) if names.owner_of(key) != names.MERGED]
    return sorted(found, key=_examined_first)


def _keys(store: MemoryStore) -> Sequence[str]:
    """Those that identify key sets, the newest first."""
    written = [key for key in store.put_order if key.startswith(names.KEYS) and "." not in key]
    return list(reversed(written))


def _older_keys(store: MemoryStore) -> Sequence[str]:
    return list(reversed(_keys(store)))


def _superseded(store: MemoryStore) -> Sequence[str]:
    return [key for key in store.put_order if key.endswith(".superseded")]


def _wraps(store: MemoryStore) -> Sequence[str]:
    """Anna's of the newest key first, then Bob's."""
    written = [key for key in store.put_order if names.split_unlock_name(key) is not None]
    anna = base64.b64encode(public_key_of(ANNA))
    return sorted(written[-2:], key=lambda key: anna not in store.objects[key])


def _sealed_key(data: bytes) -> range:
    start = data.index(b'"sealed"') + len('"sealed": "')
    return range(start, data.rindex(b'"'))


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
    "key": Target(_keys, _part(20, 60)),
    "older key": Target(_older_keys, _part(20, 60)),
    "superseded": Target(_superseded, _part(20, 60)),
    "key wrap": Target(_wraps, _whole),
    "wrapped key": Target(_wraps, _sealed_key),
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
    "index magic": Target(_index, _part(0, 8)),
    "index": Target(_index, _part(8, 0)),
    "merged index": Target(_below(f"{names.INDEX}{names.MERGED}"), _whole),
    "lease": Target(_below(names.LEASES), _whole),
    "manifest start": Target(_manifests, _part(0, PREFIX.size)),
    **{
        f"manifest {section}": Target(_manifests, _manifest_section(section))
        for section in ("header", "packs", "body")
    },
    "abandoned magic": Target(_marks, _part(0, 8)),
    "abandoned": Target(_marks, _part(8, 0)),
    "marker": Target(lambda store: list(reversed(store.keys(names.EXPIRED))), _whole),
    "known files": Target(_below(names.KNOWN_FILES), _whole),
    "verification": Target(_below(names.VERIFICATIONS), _whole),
    "condemned": Target(_ending(names.CONDEMNED_SUFFIX), _whole),
    "decided": Target(_decided_lists, _whole),
    "waiting": Target(_ending(names.WAITING_SUFFIX), _whole),
    "verdict": Target(_ending(names.VERDICT_SUFFIX), _whole),
}
"""``condemned`` is a list that waits; ``decided`` is one that has a verdict."""


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
