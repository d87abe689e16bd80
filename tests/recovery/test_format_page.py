"""What else FORMAT.md says, seen by whoever knows only the page."""

from __future__ import annotations

import hashlib
import json
import random
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from blake3 import blake3

from recovery import read_vault
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault import key_document
from sitekeep_shared.vault.keys import WholeKey
from sitekeep_shared.vault.known_file import FileIdentity
from unit.vault.vault_helpers import (
    KEYS,
    SITE,
    START,
    MemoryStore,
    issues,
    make_backup,
    open_vault,
    pieces,
)


def opened(store: MemoryStore, folder: Path) -> read_vault.Vault:
    """The vault in a folder, with its key, as somebody else finds them."""
    for name, data in store.objects.items():
        path = folder / "vault" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    key = WholeKey(bytes(range(32)), (bytes(range(32, 64)),))
    assert key.keys == KEYS
    (folder / "key").write_bytes(json.dumps(key_document.encode_whole(key)).encode())
    return read_vault.Vault(folder / "vault", folder / "key")


async def test_the_page_tells_how_much_of_each_pack_a_backup_uses(tmp_path: Path) -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    await make_backup(vault, "b1", {"u1": issues(1, 300)})
    await make_backup(vault, "b2", {"u1": issues(1, 200)})
    vault_of_theirs = opened(store, tmp_path)
    shares = [
        share
        for name in ("b1", "b2")
        for share in _shares(read_vault.Backup(vault_of_theirs, f"{SITE}/{name}"))
    ]
    assert 0 < min(shares) < 0.9
    assert max(shares) == 1


def _shares(backup: read_vault.Backup) -> list[float]:
    """Of each pack: the share of its raw bytes that the backup uses, which is what it says."""
    needed = {page.blob for page in backup.pages}
    needed |= {blob for entry in backup.entries() for blob in entry.blobs}
    shares: list[float] = []
    for pack, (size, used) in backup.packs.items():
        opened = read_vault.Pack(backup.vault, pack)
        lengths = {blob: length for blob, *_, length in opened.blobs}
        assert len(opened.data) == size
        assert used == sum(lengths[blob] for blob in needed & lengths.keys())
        shares.append(used / sum(lengths.values()))
    return shares


async def test_the_page_tells_which_files_are_known(tmp_path: Path) -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    files = {str(number): random.Random(number).randbytes(number * 4000) for number in range(4)}
    session = await vault.begin_backup("b1", site=SITE, fence=1, address="https://a.example")
    writer = session.unit("u1")
    for id_, data in files.items():
        identity = FileIdentity(id_, "7", len(data))
        note = id_.encode() * 3
        await writer.put_file(Kind.ATTACHMENT, id_, pieces(data), identity=identity, note=note)
    await writer.finish()
    await session.close()
    known = _known_files(opened(store, tmp_path), "files/b1.0")
    for id_, data in files.items():
        fields = (SITE, "https://a.example", "attachment", id_, "7", len(data))
        text = b"sitekeep/1/file\0" + msgspec.msgpack.encode(fields)
        fetched, size, digest, blobs, note = known[blake3(text, key=KEYS.blob_id_key).digest()]
        assert (fetched, size) == (int(START.timestamp() * 1000), len(data))
        assert (digest, note) == (hashlib.sha256(data).digest(), id_.encode() * 3)
        assert bool(blobs) == bool(data)
    assert len(known) == 4


def _known_files(vault: read_vault.Vault, name: str) -> Mapping[bytes, tuple[Any, ...]]:
    sealed = vault.read(name).removeprefix(b"SKFILES1")
    plain = vault.open_metadata("files", name.encode(), sealed)
    files, blobs = struct.unpack_from("<II", plain)
    blob_at, note_at = 8 + 88 * files, 8 + 88 * files + 32 * blobs
    found: dict[bytes, tuple[Any, ...]] = {}
    for row in struct.iter_unpack("<32sQQ32sII", plain[8:blob_at]):
        key, fetched, size, digest, count, note_size = row
        of_file = plain[blob_at : blob_at + 32 * count]
        found[key] = (fetched, size, digest, of_file, plain[note_at : note_at + note_size])
        blob_at, note_at = blob_at + 32 * count, note_at + note_size
    assert note_at == len(plain)
    return found
