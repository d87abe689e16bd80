"""Rotation: what is written is sealed to a new key, and who has the old one is told."""

from __future__ import annotations

import asyncio

import pytest

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import DamagedObject, StoreUnavailable, WrongKey
from sitekeep_shared.vault.key_ring import KeyRing
from sitekeep_shared.vault.keys import WholeKey, new_private_key, public_key_of
from sitekeep_shared.vault.passphrase import Passphrase
from sitekeep_shared.vault.repository import read_repository
from sitekeep_shared.vault.rotation import Rotation, rotate
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.unlocks import (
    Unlocks,
    unlock_with_passphrase,
    unlock_with_recipient,
)
from support.passphrases import cheap_passphrases
from unit.vault.vault_helpers import (
    KEYS,
    SITE,
    FaultStore,
    MemoryStore,
    facts,
    issues,
    make_backup,
    open_vault,
    read_all,
    write_unit,
)

__all__ = ["cheap_passphrases"]

OLD = WholeKey(bytes(range(32)), (bytes(range(32, 64)),))
CONTENT = issues(0, 30)
MORE = issues(30, 30)


async def ring_of(store: MemoryStore, key: WholeKey) -> KeyRing:
    await open_vault(store, keys=key.keys)
    repository = await read_repository(store)
    return KeyRing(store, key.keys, repository.repository_id, repository.first_key_id)


async def rotation(store: MemoryStore, key: WholeKey = OLD) -> Rotation:
    kept: list[WholeKey] = []
    done = await rotate(store, await ring_of(store, key), key, kept.append)
    assert kept == [done.key]
    return done


async def rotated(store: MemoryStore, key: WholeKey = OLD) -> WholeKey:
    return (await rotation(store, key)).key


async def test_the_new_key_opens_what_either_sealed_and_packs_stay_as_they_are() -> None:
    store = MemoryStore()
    await make_backup(await open_vault(store), "b1", {"u1": CONTENT})
    before = dict(store.objects)

    new = await rotated(store)

    vault = await open_vault(store, keys=new.keys)
    await make_backup(vault, "b2", {"u1": CONTENT, "u2": MORE})
    assert {name: store.objects[name] for name in before} == before
    assert await read_all(vault, "b1") == CONTENT
    assert (await read_all(vault, "b2")).records == CONTENT.records | MORE.records


async def test_what_was_stored_before_a_rotation_is_not_stored_again() -> None:
    store = MemoryStore()
    await make_backup(await open_vault(store), "b1", {"u1": CONTENT})
    new = await rotated(store)
    packs = store.keys(names.PACKS)

    await make_backup(await open_vault(store, keys=new.keys), "b2", {"u1": CONTENT})

    assert store.keys(names.PACKS) == packs


async def test_the_old_key_reads_what_was_before_and_is_told_of_what_came_after() -> None:
    store = MemoryStore()
    await make_backup(await open_vault(store), "b1", {"u1": CONTENT})
    new = await rotated(store)
    await make_backup(await open_vault(store, keys=new.keys), "b2", {"u1": CONTENT, "u2": MORE})

    old = await open_vault(store)

    assert await read_all(old, "b1") == CONTENT
    with pytest.raises(WrongKey, match="after the key was rotated") as raised:
        await old.open_backup(SITE, "b2")
    assert new.keys.key_id in str(raised.value)
    assert KEYS.key_id in str(raised.value)


async def test_the_old_private_key_opens_nothing_that_the_new_one_sealed() -> None:
    store = MemoryStore()
    ring = await ring_of(store, OLD)
    new = await rotated(store)
    sealed = Sealer(new.keys, ring.repository_id).seal_content("manifest-body", b"a", b"plain")
    with pytest.raises(DamagedObject):
        Sealer(OLD.keys, ring.repository_id).open_content("manifest-body", b"a", sealed, "a")
    opener = Sealer(new.keys, ring.repository_id)
    assert opener.open_content("manifest-body", b"a", sealed, "a") == b"plain"


@pytest.mark.parametrize("part", ["whole", "writer"])
async def test_a_key_that_was_rotated_away_begins_no_backup_also_in_a_vault_that_is_open(
    part: str,
) -> None:
    store = MemoryStore()
    keys = KEYS if part == "whole" else KEYS.writer_part()
    running = await open_vault(store, keys=keys)
    await make_backup(running, "b1", {"u1": CONTENT})

    new = await rotated(store)

    with pytest.raises(WrongKey, match=f"superseded by {new.keys.key_id}.*Fetch the key file"):
        await running.begin_backup("b2", site=SITE, fence=2)
    assert store.keys(names.LEASES) == []
    reopened = await open_vault(store, keys=keys)
    with pytest.raises(WrongKey, match="was rotated"):
        await reopened.require_current_key()
    await make_backup(await open_vault(store, keys=new.keys.writer_part()), "b2", {"u1": CONTENT})


async def test_a_backup_that_runs_while_the_key_is_rotated_is_finished() -> None:
    store = MemoryStore()
    running = await open_vault(store, keys=KEYS.writer_part())
    session = await running.begin_backup("b1", site=SITE, fence=1)
    pages = await write_unit(session.unit("u1"), CONTENT)
    new = await rotated(store)
    await session.commit(pages, facts())
    await session.close()

    for key in (OLD, new):
        assert await read_all(await open_vault(store, keys=key.keys), "b1") == CONTENT


async def test_of_two_rotations_at_once_one_succeeds_and_the_other_says_so() -> None:
    store = MemoryStore()
    results = await asyncio.gather(rotation(store), rotation(store), return_exceptions=True)
    done = [each for each in results if isinstance(each, Rotation)]
    refused = [each for each in results if isinstance(each, WrongKey)]
    assert (len(done), len(refused)) == (1, 1)
    winner = done[0].key.keys.key_id
    assert f"did not take place; the vault's key is {winner}" in str(refused[0])
    assert await (await ring_of(store, OLD)).current_key_id() == winner


async def test_rotating_again_follows_the_chain() -> None:
    store = MemoryStore()
    key = OLD
    for _ in range(3):
        key = await rotated(store, key)
    ring = await ring_of(store, OLD)
    assert await ring.current_key_id() == key.keys.key_id
    assert len(key.private_keys) == 4
    assert key.keys.readable_key_ids[-1] == KEYS.key_id
    with pytest.raises(WrongKey, match="was rotated"):
        await rotated(store, OLD)


async def test_a_rotation_whose_last_answer_is_lost_has_taken_place() -> None:
    store = FaultStore()
    await open_vault(store)
    store.lost_answer = lambda name: name.endswith(".superseded")
    new = await rotated(store)
    assert store.faults_fired == 1
    assert await (await ring_of(store, OLD)).current_key_id() == new.keys.key_id


async def test_a_rotation_that_fails_at_any_step_leaves_the_old_key_current() -> None:
    changes = 0
    while True:
        changes += 1
        store = FaultStore()
        ring = await ring_of(store, OLD)
        await Unlocks(store, Sealer(OLD.keys, ring.repository_id)).add_recipient(
            OLD, OLD.keys.public_key, "r"
        )
        store.fails_from = store.changes + changes
        kept: list[WholeKey] = []
        try:
            await rotate(store, ring, OLD, kept.append)
        except StoreUnavailable:
            assert kept, "the new key was in the vault before it was durable elsewhere"
            store.fails_from = None
            assert await ring.current_key_id() == KEYS.key_id
            await make_backup(await open_vault(store), "b1", {"u1": CONTENT})
            continue
        break
    assert changes == 4


async def test_a_rotation_that_stopped_half_way_leaves_a_key_that_writes_nothing() -> None:
    store = FaultStore()
    ring = await ring_of(store, OLD)
    private = new_private_key()
    await Unlocks(store, Sealer(OLD.keys, ring.repository_id)).add_recipient(
        OLD, public_key_of(private), "Anna"
    )
    kept: list[WholeKey] = []
    store.fails_from = store.changes + 3
    with pytest.raises(StoreUnavailable):
        await rotate(store, ring, OLD, kept.append)
    store.fails_from = None
    assert names.key_name(kept[0].keys.key_id) in store.objects

    half = await open_vault(store, keys=kept[0].keys)
    with pytest.raises(WrongKey, match=f"did not take place; the vault's key is {KEYS.key_id}"):
        await half.begin_backup("b1", site=SITE, fence=1)
    done = await rotation(store)

    with pytest.raises(WrongKey, match=f"key is {done.key.keys.key_id}"):
        await half.begin_backup("b1", site=SITE, fence=1)
    repository = await read_repository(store)
    assert await unlock_with_recipient(store, repository, private) == done.key


async def test_nothing_changes_where_the_new_key_cannot_be_kept() -> None:
    store = MemoryStore()
    ring = await ring_of(store, OLD)
    before = dict(store.objects)

    def full(_: WholeKey) -> None:
        raise StoreUnavailable("the disk is full")

    with pytest.raises(StoreUnavailable, match="the disk is full"):
        await rotate(store, ring, OLD, full)
    assert store.objects == before


async def test_recipients_unlock_the_new_key_and_passphrases_are_named() -> None:
    store = MemoryStore()
    ring = await ring_of(store, OLD)
    unlocks = Unlocks(store, Sealer(OLD.keys, ring.repository_id))
    private = new_private_key()
    words = Passphrase("correct horse battery")
    await unlocks.add_recipient(OLD, public_key_of(private), "Anna")
    await unlocks.add_passphrase(OLD, words, "safe")

    done = await rotation(store)

    repository = await read_repository(store)
    assert [each.label for each in done.carried] == ["Anna"]
    assert [each.label for each in done.left] == ["safe"]
    assert await unlock_with_recipient(store, repository, private) == done.key
    assert await unlock_with_passphrase(store, repository, words) == OLD


@pytest.mark.parametrize("change", ["text", "other successor", "no JSON"])
async def test_an_altered_rotation_is_found(change: str) -> None:
    store = MemoryStore()
    await rotated(store)
    name = names.superseded_name(KEYS.key_id)
    data = store.objects[name]
    altered = {
        "text": data.replace(b'"check": "', b'"check": "0'),
        "other successor": data.replace(
            b'"superseded_by": "', b'"superseded_by": "' + b"0" * 32 + b'", "x": "'
        ),
        "no JSON": b"{",
    }[change]
    assert altered != data
    store.objects[name] = altered
    vault = await open_vault(store)
    with pytest.raises(DamagedObject, match="superseded"):
        await vault.begin_backup("b1", site=SITE, fence=1)


async def test_the_new_key_opens_the_vault_although_its_key_object_is_lost() -> None:
    store = MemoryStore()
    new = await rotated(store)
    del store.objects[names.key_name(new.keys.key_id)]
    await open_vault(store, keys=new.keys, create=False)
    await open_vault(store, keys=new.keys, create=True)
    assert names.key_name(new.keys.key_id) in store.objects


async def test_a_rotation_whose_object_is_lost_is_not_the_end_of_its_key() -> None:
    store = MemoryStore()
    new = await rotated(store)
    del store.objects[names.superseded_name(KEYS.key_id)]
    with pytest.raises(WrongKey, match=r"rotate again with this one"):
        await (await open_vault(store, keys=new.keys)).begin_backup("b1", site=SITE, fence=1)

    newest = await rotated(store, new)

    await make_backup(await open_vault(store, keys=newest.keys), "b1", {"u1": CONTENT})
    assert newest.private_keys[1:] == new.private_keys
    for key in (OLD, new):
        with pytest.raises(WrongKey, match=newest.keys.key_id):
            await (await open_vault(store, keys=key.keys)).require_current_key()


async def test_a_format_object_that_names_another_key_is_damaged_and_hinders_no_reader() -> None:
    store = MemoryStore()
    await make_backup(await open_vault(store), "b1", {"u1": CONTENT})
    other = KEYS.key_id[::-1].encode()
    store.objects[names.FORMAT] = store.objects[names.FORMAT].replace(KEYS.key_id.encode(), other)
    vault = await open_vault(store)
    assert await read_all(vault, "b1") == CONTENT
    with pytest.raises(DamagedObject, match="object FORMAT is damaged: it names the key"):
        await vault.begin_backup("b2", site=SITE, fence=1)


async def test_a_vault_that_is_there_is_opened_without_a_write() -> None:
    store = FaultStore()
    await make_backup(await open_vault(store), "b1", {"u1": CONTENT})
    store.fails_from = store.changes
    vault = await open_vault(store, create=True)
    assert await read_all(vault, "b1") == CONTENT
    assert store.faults_fired == 0


async def test_a_stranger_supersedes_nothing() -> None:
    store = MemoryStore()
    await open_vault(store)
    stranger = WholeKey(bytes(32), (bytes(range(32)),))
    name = names.superseded_name(KEYS.key_id)
    ring = KeyRing(store, stranger.keys, bytes(16), stranger.keys.key_id)
    await ring.supersede(stranger.rotated().keys)
    store.objects[name] = store.objects.pop(names.superseded_name(stranger.keys.key_id))
    with pytest.raises(DamagedObject):
        await (await open_vault(store)).require_current_key()


async def _rotated_with_a_recipient(store: MemoryStore) -> tuple[WholeKey, bytes]:
    private = new_private_key()
    repository = (await ring_of(store, OLD)).repository_id
    unlocks = Unlocks(store, Sealer(OLD.keys, repository))
    await unlocks.add_recipient(OLD, public_key_of(private), "Anna")
    return await rotated(store), private


@pytest.mark.parametrize("damage", [None, b"{}"])
async def test_a_recipient_gets_the_key_that_reads_all_though_the_rotation_cannot_be_seen(
    damage: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    store = MemoryStore()
    new, private = await _rotated_with_a_recipient(store)
    await make_backup(await open_vault(store, keys=new.keys), "b1", {"u1": CONTENT})
    name = names.superseded_name(KEYS.key_id)
    del store.objects[name]
    if damage is not None:
        store.objects[name] = damage
    assert await unlock_with_recipient(store, await read_repository(store), private) == new
    assert (name in caplog.text) == (damage is not None)


async def test_a_recipient_gets_the_current_key_where_no_backup_needs_a_newer_one() -> None:
    store = MemoryStore()
    await make_backup(await open_vault(store), "b1", {"u1": CONTENT})
    _, private = await _rotated_with_a_recipient(store)
    # As if the rotation had been killed right before its last step.
    del store.objects[names.superseded_name(KEYS.key_id)]
    assert await unlock_with_recipient(store, await read_repository(store), private) == OLD
