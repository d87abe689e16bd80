"""Each level of a verification finds what it is for, and leaves a record that reveals nothing."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.errors import DamagedObject, StoreUnavailable, WrongKey
from sitekeep_shared.vault.examination import Examination, examine
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.verification_record import (
    RECORD,
    VerificationRecord,
    decode_record,
)
from unit.vault.vault_helpers import (
    KEYS,
    SITE,
    START,
    MemoryStore,
    issues,
    make_backup,
    open_vault,
)

CONTENT = issues(1, 40, text="CANARY-summary")
CONTENT.files[(Kind.ATTACHMENT, "CANARY-file")] = bytes(range(256)) * 20
SECRETS = (b"CANARY", b"ALOY")
KIND_PLACE, FILES = 40, 2
"""Where the header of a pack says what it holds; FORMAT.md section 5."""

Damage = Callable[[MemoryStore], None]


async def _stored() -> MemoryStore:
    store = MemoryStore()
    await make_backup(await open_vault(store), "b1", {"u1": CONTENT})
    return store


async def _examined(store: MemoryStore, level: Level) -> tuple[Examination, VerificationRecord]:
    return await examine(await open_vault(store), ManualClock(START), SITE, "b1", level)


def _pack(store: MemoryStore) -> str:
    """A pack of files: no list of entries lies in it."""
    return next(key for key in store.keys("packs/") if store.objects[key][KIND_PLACE] == FILES)


def _drop(store: MemoryStore) -> None:
    del store.objects[_pack(store)]


def _cut(store: MemoryStore) -> None:
    store.objects[_pack(store)] = store.objects[_pack(store)][:-1]


def _flip(store: MemoryStore) -> None:
    name = _pack(store)
    data = bytearray(store.objects[name])
    data[len(data) // 3] ^= 1
    store.objects[name] = bytes(data)


def _drop_index(store: MemoryStore) -> None:
    for name in store.keys("index/"):
        del store.objects[name]


@pytest.mark.parametrize("level", [Level.STRUCTURE, Level.STORAGE, Level.DATA])
async def test_a_sound_backup_is_sound_at_every_level(level: Level) -> None:
    found, record = await _examined(await _stored(), level)
    assert found.sound
    assert record.sound
    assert found.entity_count == 41
    assert record.read_bytes == (0 if level is Level.STRUCTURE else record.total_bytes)
    assert record.total_bytes > 0


@pytest.mark.parametrize(
    ("damage", "found_at"),
    [
        (_drop, {Level.STRUCTURE, Level.STORAGE, Level.DATA}),
        (_cut, {Level.STRUCTURE, Level.STORAGE, Level.DATA}),
        (_flip, {Level.STORAGE, Level.DATA}),
        # The packs say themselves what they hold.
        (_drop_index, set[Level]()),
    ],
)
async def test_damage_is_found_by_each_level_that_looks_as_deep(
    damage: Damage, found_at: set[Level]
) -> None:
    store = await _stored()
    damage(store)
    sound = {
        level: (await _examined(store, level))[1].sound
        for level in (Level.STRUCTURE, Level.STORAGE, Level.DATA)
    }
    assert {level for level, whole in sound.items() if not whole} == found_at


async def test_the_storage_is_verified_without_the_private_key_and_entities_are_not() -> None:
    store = await _stored()
    writer = await open_vault(store, keys=KEYS.writer_part())
    clock = ManualClock(START)
    found, record = await examine(writer, clock, SITE, "b1", Level.STORAGE)
    assert record.sound
    assert found.entity_count == 0
    assert record.read_bytes == record.total_bytes > 0
    _flip(store)
    _, record = await examine(writer, clock, SITE, "b1", Level.STORAGE)
    assert list(record.damaged_packs) == [_pack(store)]
    with pytest.raises(WrongKey):
        await examine(writer, clock, SITE, "b1", Level.DATA)


async def test_records_are_kept_in_the_order_of_their_times() -> None:
    store = await _stored()
    vault = await open_vault(store)
    _, record = await _examined(store, Level.DATA)
    for hours in (5, 1, 3):
        finished = START + datetime.timedelta(hours=hours)
        await vault.keep_record(msgspec.structs.replace(record, finished=finished))
    kept = [each.finished for each in await vault.records("b1")]
    assert kept == [START + datetime.timedelta(hours=hours) for hours in (1, 3, 5)]
    assert not await vault.records("b2")


async def test_nothing_that_the_writer_part_opens_names_what_is_damaged() -> None:
    store = await _stored()
    _flip(store)
    found, record = await _examined(store, Level.DATA)
    assert any("CANARY-file" in each.name for each in found.damaged_entities)
    vault = await open_vault(store)
    name = await vault.keep_record(record)
    assert not any(secret in store.objects[name] for secret in SECRETS)
    [opened] = await (await open_vault(store, keys=KEYS.writer_part())).records("b1")
    assert opened == record
    assert not any(secret in repr(opened).encode() for secret in SECRETS)
    assert sum(opened.damaged.values()) == sum(found.damaged.values()) > 0


async def test_a_record_that_is_damaged_or_moved_is_passed_over() -> None:
    store = await _stored()
    vault = await open_vault(store)
    _, record = await _examined(store, Level.DATA)
    name = await vault.keep_record(record)
    store.objects["verify/b1/moved"] = store.objects[name]
    store.objects["verify/b1/other"] = b"anything"
    assert await vault.records("b1") == [record]


@given(
    st.sampled_from(Level),
    st.booleans(),
    st.dictionaries(st.sampled_from([kind.value for kind in Kind]), st.integers(1, 2**40)),
    st.lists(st.text(max_size=80), max_size=4),
)
def test_a_record_reads_back_as_it_was_written(
    level: Level, sound: bool, damaged: dict[str, int], packs: list[str]
) -> None:
    record = VerificationRecord(
        site=SITE,
        backup_id="b1",
        level=level.name,
        sound=sound,
        started=START,
        finished=START,
        read_bytes=1,
        total_bytes=2,
        damaged=damaged,
        damaged_packs=packs,
    )
    sealer = Sealer(KEYS, bytes(16))
    assert decode_record(sealer, "verify/b1/x", RECORD.encode(sealer, "verify/b1/x", record)) == (
        record
    )


@given(st.binary(max_size=200))
def test_bytes_that_are_no_record_are_refused(data: bytes) -> None:
    sealer = Sealer(KEYS, bytes(16))
    for found in (data, RECORD.magic + data):
        with pytest.raises(DamagedObject):
            decode_record(sealer, "verify/b1/x", found)


class _Garbling(MemoryStore):
    """Takes manifests, says so, and keeps something else."""

    def __init__(self, garble: Callable[[bytes], bytes | None]) -> None:
        super().__init__()
        self._garble = garble
        self.garbled = 0

    async def get(self, key: str) -> bytes:
        data = await super().get(key)
        if not key.startswith("backups/"):
            return data
        self.garbled += 1
        garbled = self._garble(data)
        if garbled is None:
            raise StoreUnavailable("the store does not answer")
        return garbled


@pytest.mark.parametrize("place", [2, 200, -3])
async def test_a_commit_whose_manifest_reads_back_otherwise_does_not_count(place: int) -> None:
    def flip(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[place] ^= 1
        return bytes(changed)

    store = _Garbling(flip)
    vault = await open_vault(store)
    with pytest.raises(DamagedObject, match="backups/site-1/b1"):
        await make_backup(vault, "b1", {"u1": issues(1, 3)})
    assert store.garbled == 1


async def test_a_commit_that_cannot_be_read_back_is_not_known_to_count() -> None:
    store = _Garbling(lambda data: None)
    with pytest.raises(StoreUnavailable):
        await make_backup(await open_vault(store), "b1", {"u1": issues(1, 3)})
    assert store.garbled == 1
