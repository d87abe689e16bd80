from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.errors import (
    DamagedObject,
    UnsupportedFormat,
    VaultError,
    VaultMissing,
    WrongKey,
)
from sitekeep_shared.vault.keys import VaultKeys
from sitekeep_shared.vault.pack import HEADER, HEADER_BYTES, TAIL
from unit.vault.vault_helpers import (
    KEYS,
    SITE,
    Content,
    MemoryStore,
    issues,
    make_backup,
    open_vault,
    read_all,
)

CONTENT = issues(1, 40)
PACK_POSITIONS = (
    0,
    10,
    HEADER.size - 1,
    HEADER.size + 40,
    HEADER_BYTES + 5,
    -TAIL.size - 60,
    -TAIL.size,
    -1,
)
"""Magic, repository, sealed key and its length, first frame, footer, its length, magic."""

CONTENT.files[(Kind.ATTACHMENT, "a")] = random.Random(9).randbytes(9000)


async def _damaged_vault(prefix: str, damage: Callable[[bytes], bytes]) -> MemoryStore:
    """Every object below the prefix is damaged."""
    store = MemoryStore()
    await make_backup(await open_vault(store), "b1", {"u1": CONTENT})
    for key in store.keys(prefix):
        store.objects[key] = damage(store.objects[key])
    return store


def _flip(data: bytes, position: int) -> bytes:
    changed = bytearray(data)
    changed[position] ^= 0x10
    return bytes(changed)


@pytest.mark.parametrize(
    ("prefix", "position"),
    [
        *(("packs/", position) for position in PACK_POSITIONS),
        *(("backups/", position) for position in (1, 9, 13, 100, -300, -1)),
    ],
)
async def test_a_flipped_bit_is_found_and_the_object_named(prefix: str, position: int) -> None:
    store = await _damaged_vault(prefix, lambda data: _flip(data, position))
    vault = await open_vault(store)
    with pytest.raises(DamagedObject) as caught:
        await read_all(vault, "b1")
    assert caught.value.object_name in store.keys(prefix)
    assert caught.value.object_name in str(caught.value)


@pytest.mark.parametrize("position", [3, 20, 60, -70, -1])
async def test_a_flipped_bit_of_an_index_is_said_and_the_packs_tell_what_it_told(
    position: int, caplog: pytest.LogCaptureFixture
) -> None:
    store = await _damaged_vault("index/", lambda data: _flip(data, position))
    assert await read_all(await open_vault(store), "b1") == CONTENT
    assert "index/b1.0 is damaged" in caplog.text
    for pack in store.keys("packs/"):
        assert f"No index lists {pack}; its own table is used." in caplog.text


@pytest.mark.parametrize("prefix", ["packs/", "backups/"])
@pytest.mark.parametrize("kept", [0, 7, 30, 0.5, 0.99])
async def test_a_truncated_object_is_found_and_named(prefix: str, kept: float) -> None:
    def cut(data: bytes) -> bytes:
        return data[: int(kept if kept >= 1 else kept * len(data))]

    store = await _damaged_vault(prefix, cut)
    vault = await open_vault(store)
    with pytest.raises(DamagedObject) as caught:
        await read_all(vault, "b1")
    assert caught.value.object_name in store.keys(prefix)


@pytest.mark.parametrize("seed", range(25))
async def test_no_random_flip_of_any_object_ever_gives_other_content(seed: int) -> None:
    store = MemoryStore()
    await make_backup(await open_vault(store), "b1", {"u1": CONTENT})
    chance = random.Random(seed)
    key = chance.choice(store.keys())
    store.objects[key] = _flip(store.objects[key], chance.randrange(len(store.objects[key])))
    try:
        content = await read_all(await open_vault(store), "b1")
    except VaultError:
        return
    assert content == CONTENT


async def test_two_packs_that_were_swapped_are_found() -> None:
    store = MemoryStore()
    await make_backup(await open_vault(store), "b1", {"u1": CONTENT})
    first, second, *_ = store.keys("packs/")
    store.objects[first], store.objects[second] = store.objects[second], store.objects[first]
    vault = await open_vault(store)
    assert not (await vault.check(SITE, "b1")).is_sound
    with pytest.raises(DamagedObject):
        await read_all(vault, "b1")


async def test_two_manifests_that_were_swapped_are_found() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    await make_backup(vault, "b1", {"u1": issues(1, 3)})
    await make_backup(vault, "b2", {"u1": issues(4, 3)})
    one, two = "backups/site-1/b1", "backups/site-1/b2"
    store.objects[one], store.objects[two] = store.objects[two], store.objects[one]
    for backup_id in ("b1", "b2"):
        with pytest.raises(DamagedObject, match=backup_id):
            await read_all(vault, backup_id)


async def test_a_missing_pack_is_named() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    await make_backup(vault, "b1", {"u1": CONTENT})
    for key in store.keys("packs/"):
        await store.delete(key)
    with pytest.raises(DamagedObject, match="is missing") as caught:
        await read_all(vault, "b1")
    assert caught.value.object_name.startswith("packs/")


async def test_without_any_index_what_a_pack_lost_is_named_and_the_rest_is_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    await make_backup(vault, "b1", {"u1": CONTENT})
    for key in store.keys("index/"):
        await store.delete(key)
    assert await read_all(vault, "b1") == CONTENT
    lost = store.keys("packs/")[0]
    store.objects[lost] = store.objects[lost][:-30]
    with pytest.raises(DamagedObject, match="no index lists"):
        await read_all(vault, "b1")
    assert f"No index lists {lost}. The vault's object {lost} is damaged" in caplog.text


async def test_a_damaged_index_does_not_stop_the_next_backup() -> None:
    store = await _damaged_vault("index/", lambda data: data[:40])
    vault = await open_vault(store)
    await make_backup(vault, "b2", {"u1": CONTENT})
    assert await read_all(vault, "b2") == CONTENT


async def test_the_key_of_another_vault_is_refused_in_one_sentence() -> None:
    store = MemoryStore()
    await open_vault(store)
    other = VaultKeys.derive(bytes(32), bytes(range(32)))
    for create in (True, False):
        with pytest.raises(WrongKey, match="does not belong to this vault"):
            await open_vault(store, keys=other, create=create)
    assert store.keys("keys/") == [f"keys/{KEYS.key_id}"]


async def test_a_store_without_a_vault_is_not_opened() -> None:
    with pytest.raises(VaultMissing):
        await open_vault(MemoryStore(), create=False)


async def test_a_vault_whose_making_was_cut_short_is_completed() -> None:
    store = MemoryStore()
    await open_vault(store)
    await store.delete(f"keys/{KEYS.key_id}")
    await open_vault(store, create=False)
    await open_vault(store)
    assert store.keys("keys/") == [f"keys/{KEYS.key_id}"]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (b'"format": 1', b'"format": 2', UnsupportedFormat),
        (b'"read": []', b'"read": ["x"]', UnsupportedFormat),
        (b'"write": []', b'"write": ["x"]', UnsupportedFormat),
        (b'"format"', b'"fermat"', DamagedObject),
        (b'"repository_id": "', b'"repository_id": "zz', DamagedObject),
    ],
)
async def test_a_vault_that_is_not_understood_is_not_touched(
    old: bytes, new: bytes, error: type[VaultError]
) -> None:
    store = MemoryStore()
    await open_vault(store)
    assert old in store.objects["FORMAT"]
    store.objects["FORMAT"] = store.objects["FORMAT"].replace(old, new)
    with pytest.raises(error):
        await open_vault(store)


async def test_a_key_object_that_does_not_match_is_named() -> None:
    store = MemoryStore()
    await open_vault(store)
    name = f"keys/{KEYS.key_id}"
    store.objects[name] = store.objects[name].replace(
        KEYS.public_key.hex().encode(), bytes(32).hex().encode()
    )
    with pytest.raises(DamagedObject, match=name):
        await open_vault(store)


async def test_an_altered_expiry_marker_is_named() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    await make_backup(vault, "b1", {"u1": Content()})
    await vault.expire(SITE, "b1", "over")
    for position in (0, 30):
        whole = store.objects["expired/b1"]
        store.objects["expired/b1"] = _flip(whole, position)
        with pytest.raises(DamagedObject, match="expired/b1"):
            await vault.expiry("b1")
        store.objects["expired/b1"] = whole


async def test_no_altered_byte_of_format_opens_another_vault() -> None:
    """What is not needed may be altered; whatever is needed and altered is said."""
    store = MemoryStore()
    await make_backup(await open_vault(store), "b1", {"u1": issues(1, 3)})
    whole = store.objects["FORMAT"]
    refused = 0
    for position in range(len(whole)):
        store.objects["FORMAT"] = _flip(whole, position)
        try:
            vault = await open_vault(store)
        except (DamagedObject, UnsupportedFormat) as error:
            refused += "FORMAT" in str(error) or "newer version" in str(error)
        else:
            assert await read_all(vault, "b1") == issues(1, 3)
        assert len(store.keys("FORMAT")) == 1
    assert refused > len(whole) // 2


async def test_a_lost_format_is_not_made_anew_beside_what_belonged_to_it() -> None:
    store = MemoryStore()
    await make_backup(await open_vault(store), "b1", {"u1": issues(1, 3)})
    whole = store.objects.pop("FORMAT")
    with pytest.raises(DamagedObject, match="FORMAT is damaged: it is missing"):
        await open_vault(store, create=True)
    store.objects["FORMAT"] = whole
    assert await read_all(await open_vault(store), "b1") == issues(1, 3)


@pytest.mark.parametrize("name", ["", "a/b", "..", ".a", "a b", "ä", "a" * 129])
async def test_ids_that_cannot_be_part_of_a_name_are_refused(name: str) -> None:
    vault = await open_vault(MemoryStore())
    with pytest.raises(ValueError, match="cannot be part"):
        await vault.begin_backup(name, site=SITE, fence=1)
    with pytest.raises(ValueError, match="cannot be part"):
        await vault.open_backup(name, "b1")
