"""Ways to unlock a vault: each opens the whole key, alone, until it is removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given
from hypothesis import strategies as st

from sitekeep_shared.vault import names
from sitekeep_shared.vault.errors import StoreUnavailable, WrongKey
from sitekeep_shared.vault.keys import WholeKey, new_private_key, public_key_of
from sitekeep_shared.vault.passphrase import (
    Argon2Parameters,
    Passphrase,
    PassphraseSealed,
    new_parameters,
)
from sitekeep_shared.vault.recipient import (
    load_recipient,
    make_recipient,
    parse_recipient,
    spell_recipient,
)
from sitekeep_shared.vault.repository import Repository, read_repository
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.unlocks import (
    Unlock,
    Unlocks,
    unlock_with_passphrase,
    unlock_with_recipient,
)
from support.passphrases import cheap_passphrases
from unit.vault.vault_helpers import KEYS, MemoryStore, open_vault

__all__ = ["cheap_passphrases"]

KEY = WholeKey(bytes(range(32)), (bytes(range(32, 64)),))
WORDS = Passphrase("correct horse battery")
PRIVATE = new_private_key()

private_keys = st.binary(min_size=32, max_size=32)


async def unlocks_of(store: MemoryStore) -> tuple[Unlocks, Repository]:
    await open_vault(store)
    repository = await read_repository(store)
    return Unlocks(store, Sealer(KEYS, repository.repository_id)), repository


def by_label(listed: list[Unlock]) -> dict[str, Unlock]:
    return {each.label: each for each in listed}


async def test_each_of_several_ways_opens_the_whole_key() -> None:
    store = MemoryStore()
    unlocks, repository = await unlocks_of(store)
    other_words, other_private = Passphrase("twelve letters"), new_private_key()
    await unlocks.add_passphrase(KEY, WORDS, "safe")
    await unlocks.add_passphrase(KEY, other_words, "bank")
    await unlocks.add_recipient(KEY, public_key_of(PRIVATE), "Anna")
    await unlocks.add_recipient(KEY, public_key_of(other_private), "Bob")

    for words in (WORDS, other_words):
        assert await unlock_with_passphrase(store, repository, words) == KEY
    for private in (PRIVATE, other_private):
        assert await unlock_with_recipient(store, repository, private) == KEY
    listed = by_label(await unlocks.list())
    assert {label: each.method for label, each in listed.items()} == {
        "safe": "passphrase",
        "bank": "passphrase",
        "Anna": "recipient",
        "Bob": "recipient",
    }
    assert listed["Anna"].recipient == public_key_of(PRIVATE)


async def test_a_way_that_is_removed_unlocks_no_more_and_the_others_do() -> None:
    store = MemoryStore()
    unlocks, repository = await unlocks_of(store)
    await unlocks.add_passphrase(KEY, WORDS, "safe")
    await unlocks.add_recipient(KEY, public_key_of(PRIVATE), "Anna")

    await unlocks.remove(by_label(await unlocks.list())["safe"])

    assert [each.label for each in await unlocks.list()] == ["Anna"]
    with pytest.raises(WrongKey, match="no passphrase: none was ever added"):
        await unlock_with_passphrase(store, repository, WORDS)
    assert await unlock_with_recipient(store, repository, PRIVATE) == KEY


async def test_a_wrong_passphrase_and_a_wrong_private_key_say_so() -> None:
    store = MemoryStore()
    unlocks, repository = await unlocks_of(store)
    await unlocks.add_passphrase(KEY, WORDS, "")
    await unlocks.add_recipient(KEY, public_key_of(PRIVATE), "")
    with pytest.raises(WrongKey, match="The passphrase opens none of the 1 keys"):
        await unlock_with_passphrase(store, repository, Passphrase("correct horse batterz"))
    with pytest.raises(WrongKey, match="The private key opens none of the 1 keys"):
        await unlock_with_recipient(store, repository, new_private_key())


async def test_a_passphrase_typed_on_another_keyboard_is_the_same() -> None:
    store = MemoryStore()
    unlocks, repository = await unlocks_of(store)
    await unlocks.add_passphrase(KEY, Passphrase("Ängström zählt nicht"), "")
    decomposed = Passphrase("A\u0308ngstro\u0308m za\u0308hlt nicht")
    assert await unlock_with_passphrase(store, repository, decomposed) == KEY


async def test_a_short_passphrase_is_refused_and_nothing_is_stored() -> None:
    store = MemoryStore()
    unlocks, _ = await unlocks_of(store)
    with pytest.raises(WrongKey, match="has 11 letters; it needs 12"):
        await unlocks.add_passphrase(KEY, Passphrase("eleven let."), "")
    assert await unlocks.list() == []


async def test_a_wrapped_key_opens_only_in_its_place() -> None:
    store = MemoryStore()
    unlocks, repository = await unlocks_of(store)
    await unlocks.add_passphrase(KEY, WORDS, "safe")
    await unlocks.add_recipient(KEY, public_key_of(PRIVATE), "Anna")
    moved = names.unlock_name(KEYS.key_id, "0" * 16)
    for unlock in await unlocks.list():
        store.objects[moved] = store.objects.pop(unlock.name)
        opening = (
            unlock_with_passphrase(store, repository, WORDS)
            if unlock.method == "passphrase"
            else unlock_with_recipient(store, repository, PRIVATE)
        )
        with pytest.raises(WrongKey, match="opens none of the 1"):
            await opening
        store.objects[unlock.name] = store.objects.pop(moved)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"label": "AAAA"}', b"\xff\xfe"])
async def test_a_damaged_way_is_listed_removable_and_in_nobodys_way(damage: bytes) -> None:
    store = MemoryStore()
    unlocks, repository = await unlocks_of(store)
    await unlocks.add_passphrase(KEY, WORDS, "safe")
    name = names.unlock_name(KEYS.key_id, "0" * 16)
    store.objects[name] = damage

    assert await unlock_with_passphrase(store, repository, WORDS) == KEY
    (damaged,) = [each for each in await unlocks.list() if each.method == "damaged"]
    assert damaged.damage
    await unlocks.remove(damaged)
    assert name not in store.objects


@pytest.mark.parametrize(
    "change",
    [
        {"memory_kib": 1 << 30},
        {"iterations": 1_000_000},
        {"lanes": 1_000},
        {"lanes": 0},
        {"memory_kib": 7},
        {"salt": ""},
    ],
)
async def test_parameters_that_would_exhaust_the_machine_are_not_followed(
    change: dict[str, object],
) -> None:
    store = MemoryStore()
    unlocks, repository = await unlocks_of(store)
    await unlocks.add_passphrase(KEY, WORDS, "safe")
    (unlock,) = await unlocks.list()
    document = json.loads(store.objects[unlock.name])
    document["passphrase"]["argon2id"].update(change)
    store.objects[unlock.name] = json.dumps(document).encode()
    with pytest.raises(WrongKey):
        await unlock_with_passphrase(store, repository, WORDS)
    (damaged,) = await unlocks.list()
    assert damaged.method == "damaged"


async def test_the_parameters_are_in_the_object_so_that_they_can_grow() -> None:
    words = Passphrase("another passphrase")
    sealed = words.seal(b"plain", b"")
    assert words.open(sealed, b"") == b"plain"
    stronger = Argon2Parameters(bytes(16), 1024, 5, 2)
    assert words.open(PassphraseSealed(stronger, sealed.sealed), b"") is None


def test_how_a_passphrase_seals_never_changes() -> None:
    """Against the library itself, with the parameters that users have."""
    parameters = new_parameters()
    derivation = Argon2id(
        salt=parameters.salt, length=32, iterations=3, lanes=4, memory_cost=64 * 1024
    )
    key = derivation.derive(b"correct horse battery")
    body = AESGCM(key).encrypt(bytes(12), b"plain", b"context")
    sealed = PassphraseSealed(parameters, body)
    assert WORDS.open(sealed, b"context") == b"plain"
    assert WORDS.open(sealed, b"other") is None


async def test_an_unlock_object_shows_neither_label_nor_key() -> None:
    store = MemoryStore()
    unlocks, _ = await unlocks_of(store)
    await unlocks.add_passphrase(KEY, WORDS, "Anna Andersson's safe")
    await unlocks.add_recipient(KEY, public_key_of(PRIVATE), "Anna Andersson")
    for unlock in await unlocks.list():
        assert b"Anna" not in store.objects[unlock.name]
        assert "Anna" in unlock.label


@given(private_keys)
def test_a_recipient_is_one_word_and_reads_back(public_key: bytes) -> None:
    word = spell_recipient(public_key)
    assert len(word.split()) == 1
    assert parse_recipient(word) == public_key
    assert parse_recipient(f" {word.upper().replace('RECIPIENT', 'recipient')} \n") == public_key


@given(private_keys, st.data())
def test_a_recipient_with_a_wrong_letter_is_refused(public_key: bytes, data: st.DataObject) -> None:
    word = spell_recipient(public_key)
    start = len("recipient-")
    place = data.draw(st.integers(start, len(word) - 1).filter(lambda place: word[place] != "-"))
    letter = data.draw(
        st.sampled_from("0123456789abcdefghjkmnpqrstvwxyz").filter(lambda one: one != word[place])
    )
    with pytest.raises(WrongKey, match="is not the public key of a recipient"):
        parse_recipient(word[:place] + letter + word[place + 1 :])


def test_a_pair_is_made_once_and_its_file_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "anna.key"
    public = make_recipient(path)
    assert public_key_of(load_recipient(path)) == public
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        make_recipient(path)
    assert public_key_of(load_recipient(path)) == public


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"sitekeep_recipient_key": 2}', '{"sitekeep_vault_key": 1}']
)
def test_a_file_that_is_no_recipients_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "anna.key"
    path.write_text(text)
    with pytest.raises(WrongKey, match="holds no private key of a recipient"):
        load_recipient(path)
    with pytest.raises(StoreUnavailable, match="cannot be read"):
        load_recipient(tmp_path / "none")


async def test_a_key_that_is_sealed_to_a_recipient_and_does_not_open_is_named() -> None:
    store = MemoryStore()
    unlocks, repository = await unlocks_of(store)
    await unlocks.add_recipient(KEY, public_key_of(PRIVATE), "Anna")
    [way] = await unlocks.list()
    document = json.loads(store.objects[way.name])
    document["sealed"] = document["sealed"][:-8] + "AAAAAAA="
    store.objects[way.name] = json.dumps(document).encode()
    with pytest.raises(WrongKey, match=f"{way.name} is damaged"):
        await unlock_with_recipient(store, repository, PRIVATE)
