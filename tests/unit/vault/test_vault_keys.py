from __future__ import annotations

import json
import logging
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitekeep_shared.vault import key_document
from sitekeep_shared.vault.errors import DamagedObject, StoreUnavailable, WrongKey
from sitekeep_shared.vault.key_file import (
    load_key_file,
    load_or_create_key_file,
    read_key_file,
    write_copy,
    write_whole_key_file,
    write_writer_key_file,
)
from sitekeep_shared.vault.keys import VaultKeys, WholeKey
from sitekeep_shared.vault.passphrase import Passphrase
from sitekeep_shared.vault.sealing import SEALED_KEY_BYTES, Sealer
from support.passphrases import cheap_passphrases
from unit.vault.vault_helpers import KEYS

__all__ = ["cheap_passphrases"]

REPOSITORY = bytes(16)
FIELDS = st.sampled_from(
    [
        "sitekeep_vault_key",
        "secret",
        "private_key",
        "older_private_keys",
        "blob_id_key",
        "metadata_key",
        "public_key",
    ]
)
WORDS = Passphrase("correct horse battery")


def test_a_key_file_is_made_once_and_only_its_owner_reads_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "new" / "sitekeep.key"
    with caplog.at_level(logging.WARNING):
        made = load_or_create_key_file(path)
    assert "Keep a copy" in caplog.text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create_key_file(path) == made
    assert made.can_read
    assert os.listdir(path.parent) == [path.name]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    path = tmp_path / "sitekeep.key"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(load_or_create_key_file, [path] * 8))
    assert len({keys.key_id for keys in made}) == 1


def test_a_writer_file_holds_no_private_key(tmp_path: Path) -> None:
    path = tmp_path / "writer.key"
    write_writer_key_file(path, KEYS)
    loaded = load_key_file(path)
    assert loaded == KEYS.writer_part()
    assert not loaded.can_read
    assert loaded.key_id == KEYS.key_id
    assert set(json.loads(path.read_bytes())) == {
        "sitekeep_vault_key",
        "blob_id_key",
        "metadata_key",
        "public_key",
    }
    with pytest.raises(FileExistsError):
        write_writer_key_file(path, KEYS)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"sitekeep_vault_key": 2}',
        b'{"sitekeep_vault_key": 1, "secret": "AAAA", "private_key": "AAAA"}',
        b'{"sitekeep_vault_key": 1}',
        b'{"sitekeep_vault_key": 1, "secret": 1, "private_key": []}',
        b"\xff\xfe",
    ],
)
def test_a_file_that_is_no_key_file_is_refused_and_kept(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "sitekeep.key"
    path.write_bytes(text)
    path.chmod(0o600)
    with pytest.raises(WrongKey, match="not a key file"):
        load_or_create_key_file(path)
    assert path.read_bytes() == text


def test_a_key_file_that_others_can_read_is_warned_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "sitekeep.key"
    load_or_create_key_file(path)
    path.chmod(0o644)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        load_or_create_key_file(path)
    assert "0600" in caplog.text


def test_a_key_file_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnavailable, match=r"sitekeep\.key"):
        load_or_create_key_file(tmp_path / "file" / "sitekeep.key")


def test_a_rotated_key_is_written_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "sitekeep.key"
    key = WholeKey(bytes(range(32)), (bytes(range(32, 64)),)).rotated().rotated()
    write_whole_key_file(path, key)
    assert read_key_file(path).whole == key
    assert len(json.loads(path.read_bytes())["older_private_keys"]) == 2
    keys = load_key_file(path)
    assert keys.readable_key_ids == (keys.key_id, *key.keys.readable_key_ids[1:])
    assert keys.readable_key_ids[-1] == GOLDEN_KEY_ID


@pytest.mark.parametrize("part", ["whole", "writer"])
def test_a_key_file_under_a_passphrase_opens_with_it_alone(tmp_path: Path, part: str) -> None:
    plain, path = tmp_path / "plain.key", tmp_path / "sitekeep.key"
    if part == "whole":
        write_whole_key_file(plain, WholeKey.generate())
    else:
        write_writer_key_file(plain, KEYS)
    file = read_key_file(plain)
    write_copy(path, file, WORDS)

    assert read_key_file(path, WORDS).content == file.content
    assert read_key_file(path, WORDS).passphrase is not None
    assert set(json.loads(path.read_bytes())) == {"sitekeep_vault_key", "argon2id", "sealed"}
    with pytest.raises(WrongKey, match="SITEKEEP_KEY_PASSPHRASE_FILE"):
        load_or_create_key_file(path)
    with pytest.raises(WrongKey, match="The passphrase does not open the key file"):
        load_or_create_key_file(path, Passphrase("another passphrase"))
    with pytest.raises(FileExistsError):
        write_copy(path, file, WORDS)


def test_a_key_file_that_is_made_under_a_passphrase_is_never_written_without(
    tmp_path: Path,
) -> None:
    path = tmp_path / "sitekeep.key"
    made = load_or_create_key_file(path, WORDS)
    assert load_or_create_key_file(path, WORDS) == made
    assert read_key_file(path, WORDS).passphrase is not None


def test_the_whole_key_is_not_to_be_had_from_a_writer_file(tmp_path: Path) -> None:
    path = tmp_path / "writer.key"
    write_writer_key_file(path, KEYS)
    with pytest.raises(WrongKey, match=r"writer\.key can write backups and nothing else"):
        _ = read_key_file(path).whole


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=50) | st.just("A" * 43 + "="),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=5),
    max_leaves=8,
)


@given(st.binary(max_size=80) | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_are_taken_for_a_key_document_by_accident(data: bytes) -> None:
    try:
        key = key_document.decode(key_document.parse(data))
    except ValueError:
        return
    assert isinstance(key, (WholeKey, VaultKeys))


def test_keys_do_not_show_in_their_representation() -> None:
    assert repr(KEYS) == "VaultKeys()"
    assert repr(WholeKey.generate()) == "WholeKey()"
    assert repr(WORDS) == "Passphrase()"


def test_the_derivation_of_keys_never_changes() -> None:
    assert KEYS.blob_id_key.hex() == GOLDEN_BLOB_ID_KEY
    assert KEYS.metadata_key.hex() == GOLDEN_METADATA_KEY
    assert KEYS.public_key.hex() == GOLDEN_PUBLIC_KEY
    assert KEYS.key_id == GOLDEN_KEY_ID


def test_what_is_sealed_opens_only_in_its_place() -> None:
    sealer = Sealer(KEYS, REPOSITORY)
    sealed = sealer.seal("index", b"a", b"plain")
    assert sealer.open("index", b"a", sealed, "a") == b"plain"
    assert sealer.seal("index", b"a", b"plain") != sealed
    other_place = Sealer(KEYS, bytes([1] * 16))
    for opener, section, name in (
        (sealer, "index", b"b"),
        (sealer, "lease", b"a"),
        (other_place, "index", b"a"),
    ):
        with pytest.raises(DamagedObject, match="object-1"):
            opener.open(section, name, sealed, "object-1")


def test_a_content_key_opens_only_with_the_private_key() -> None:
    sealer = Sealer(KEYS, REPOSITORY)
    sealed = sealer.seal_key("pack-key", b"n", bytes(32))
    assert len(sealed) == SEALED_KEY_BYTES
    assert sealer.open_key("pack-key", b"n", sealed, "a") == bytes(32)
    with pytest.raises(DamagedObject):
        sealer.open_key("pack-key", b"m", sealed, "a")
    with pytest.raises(WrongKey):
        Sealer(KEYS.writer_part(), REPOSITORY).open_key("pack-key", b"n", sealed, "a")
    stranger = VaultKeys.derive(bytes(32), bytes(range(32)))
    with pytest.raises(DamagedObject):
        Sealer(stranger, REPOSITORY).open_key("pack-key", b"n", sealed, "a")


@pytest.mark.parametrize("length", [0, 10, 47, 48, 79, 80, 96])
def test_sealed_bytes_that_are_cut_short_are_damaged(length: int) -> None:
    sealer = Sealer(KEYS, REPOSITORY)
    content = sealer.seal_content("manifest-body", b"a", b"plain")
    with pytest.raises(DamagedObject):
        sealer.open_content("manifest-body", b"a", content[:length], "a")
    sealed = sealer.seal("index", b"a", b"plain" * 20)
    with pytest.raises(DamagedObject):
        sealer.open("index", b"a", sealed[:length], "a")


GOLDEN_BLOB_ID_KEY = "d6d032dd5632774ea9f941dabc9c410de74ebeac83b70d734a15475a24679589"
GOLDEN_METADATA_KEY = "90c03dc6d386f834d48ecd74456549ee8ca7c0c159914093e7db9c81eaf6fc26"
GOLDEN_PUBLIC_KEY = "358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254"
GOLDEN_KEY_ID = "28407afc54a04354f4a41486c81a29bf"
