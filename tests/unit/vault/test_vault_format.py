"""Reads a vault by nothing but FORMAT.md: none of the vault's own code opens anything here."""

from __future__ import annotations

import hashlib
import json
import random
import struct
from typing import Any

import msgspec
from backports import zstd
from blake3 import blake3
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault.known_file import FileIdentity
from unit.vault.vault_helpers import (
    SITE,
    START,
    MemoryStore,
    issues,
    make_backup,
    open_vault,
    pieces,
)

SECRET, PRIVATE = bytes(range(32)), bytes(range(32, 64))


def _hkdf(key: bytes, salt: bytes | None, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(key)


class PlainReader:
    """A reader as somebody else would write it."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self._objects = objects
        self._repository = bytes.fromhex(json.loads(objects["FORMAT"])["repository_id"])
        self._blob_key = _hkdf(SECRET, None, b"sitekeep/1/blob-id")
        self._metadata_key = _hkdf(SECRET, None, b"sitekeep/1/metadata")
        self._places: dict[bytes, tuple[bytes, int, int, int]] = {}
        self._read: set[bytes] = set()
        for name in objects:
            if name.startswith("index/"):
                self._read_index(name)

    def _context(self, section: str, name: bytes) -> bytes:
        return b"sitekeep/1/" + section.encode() + b"\0" + self._repository + name

    def _metadata(self, section: str, name: bytes, sealed: bytes) -> bytes:
        key = _hkdf(self._metadata_key, sealed[:32], b"sitekeep/1/seal")
        return AESGCM(key).decrypt(bytes(12), sealed[32:], self._context(section, name))

    def _content_key(self, section: str, name: bytes, sealed: bytes) -> bytes:
        suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
        private = X25519PrivateKey.from_private_bytes(PRIVATE)
        return suite.decrypt(sealed, private, self._context(section, name))

    def _read_index(self, name: str) -> None:
        data = self._objects[name]
        assert data[:8] == b"SKINDEX1"
        plain = self._metadata("index", name.encode(), data[8:])
        rows, packs, referenced, _ = struct.unpack_from("<III16s", plain)
        names = [plain[28 + 36 * n : 60 + 36 * n] for n in range(packs)]
        start = 28 + 36 * (packs + referenced)
        for number in range(rows):
            row = struct.unpack_from("<32sIIII", plain, start + 48 * number)
            self._places[row[0]] = (names[row[1]], row[2], row[3], row[4])
        assert json.loads(plain[start + 48 * rows :])["site"] == "site-1"

    def blob(self, blob_id: bytes) -> bytes:
        self._read.add(blob_id)
        pack_id, number, offset, length = self._places[blob_id]
        blob = self._frame(pack_id, number)[offset : offset + length]
        assert blake3(blob, key=self._blob_key).digest() == blob_id
        return blob

    def _frame(self, pack_id: bytes, number: int) -> bytes:
        pack = self._objects[f"packs/{pack_id.hex()[:2]}/{pack_id.hex()}"]
        assert blake3(pack).digest() == pack_id
        magic, repository, nonce, kind, suite, size = struct.unpack_from("<8s16s16sBBH", pack)
        assert (magic, repository, suite, size) == (b"SKPACK01", self._repository, 1, 80)
        kind_byte = bytes([kind])
        key = self._content_key("pack-key", nonce + kind_byte, pack[44:124])
        (footer_bytes,) = struct.unpack("<I", pack[-12:-8])
        sealed = pack[-12 - footer_bytes : -12]
        footer = self._metadata("pack-footer", nonce + kind_byte, sealed)
        start, stored, raw, encoding = struct.unpack_from("<IIII", footer, 8 + 16 * number)
        position = struct.pack(">Q", number)
        data = AESGCM(key).decrypt(
            bytes(4) + position,
            pack[start : start + stored],
            self._repository + nonce + position + kind_byte,
        )
        data = zstd.decompress(data) if encoding == 1 else data
        assert len(data) == raw
        return data

    def backup(self, name: str) -> dict[tuple[str, str], bytes]:
        data = self._objects[name]
        magic, header_bytes, packs_bytes = struct.unpack_from("<8sII", data)
        assert magic == b"SKMANIF1"
        body = data[16 + header_bytes + packs_bytes :]
        header: dict[str, Any] = json.loads(
            self._metadata("manifest-header", name.encode(), data[16 : 16 + header_bytes])
        )
        assert blake3(body).hexdigest() == header["body_hash"]
        key = self._content_key("manifest-body", name.encode(), body[:80])
        context = self._context("manifest-body", name.encode())
        plain = zstd.decompress(AESGCM(key).decrypt(bytes(12), body[80:], context))
        version, _, pages = msgspec.msgpack.decode(plain)
        assert version == 1
        assert _root([page[7] for page in pages]).hex() == header["merkle_root"]
        found: dict[tuple[str, str], bytes] = {}
        for page in pages:
            found |= self._page(page)
        return found

    def packs(self, name: str) -> dict[bytes, tuple[int, int]]:
        data = self._objects[name]
        _, header_bytes, packs_bytes = struct.unpack_from("<8sII", data)
        sealed = data[16 + header_bytes : 16 + header_bytes + packs_bytes]
        rows = struct.iter_unpack("<32sII", self._metadata("manifest-packs", name.encode(), sealed))
        return {pack_id: (size, used) for pack_id, size, used in rows}

    def raw_bytes(self, pack_id: bytes, *, read_only: bool = False) -> int:
        return sum(
            length
            for blob_id, (pack, _, _, length) in self._places.items()
            if pack == pack_id and (not read_only or blob_id in self._read)
        )

    def known_files(self, name: str) -> dict[bytes, tuple[int, int, bytes, bytes, bytes]]:
        data = self._objects[name]
        assert data[:8] == b"SKFILES1"
        plain = self._metadata("files", name.encode(), data[8:])
        files, blobs = struct.unpack_from("<II", plain)
        blob_at = 8 + 88 * files
        note_at = blob_at + 32 * blobs
        found: dict[bytes, tuple[int, int, bytes, bytes, bytes]] = {}
        for number in range(files):
            row = struct.unpack_from("<32sQQ32sII", plain, 8 + 88 * number)
            key, fetched, size, digest, blob_count, note_size = row
            content = b"".join(
                self.blob(plain[at : at + 32])
                for at in range(blob_at, blob_at + 32 * blob_count, 32)
            )
            found[key] = (fetched, size, digest, content, plain[note_at : note_at + note_size])
            blob_at += 32 * blob_count
            note_at += note_size
        assert note_at == len(plain)
        return found

    def file_key(self, *fields: object) -> bytes:
        text = b"sitekeep/1/file\0" + msgspec.msgpack.encode(fields)
        return blake3(text, key=self._blob_key).digest()

    def _page(self, page: list[Any]) -> dict[tuple[str, str], bytes]:
        _, kind, raw = msgspec.msgpack.decode(
            self.blob(page[6]), type=tuple[int, str, list[msgspec.Raw]]
        )
        leaves = [blake3(b"\0" + kind.encode() + b"\0" + bytes(one)).digest() for one in raw]
        assert _root(leaves) == page[7]
        entries: list[Any] = [msgspec.msgpack.decode(one) for one in raw]
        return {
            (kind, entry[0]): b"".join(self.blob(blob_id) for blob_id in entry[2])
            for entry in entries
        }


def _root(hashes: list[bytes]) -> bytes:
    while True:
        hashes = [
            blake3(b"\1" + b"".join(hashes[start : start + 256])).digest()
            for start in range(0, max(len(hashes), 1), 256)
        ]
        if len(hashes) == 1:
            return hashes[0]


async def test_a_reader_that_follows_the_format_page_reads_everything() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    content = issues(1, 300)
    content.files[(Kind.ATTACHMENT, "a")] = random.Random(1).randbytes(30_000)
    await make_backup(vault, "b0", {"u1": issues(1, 50)})
    await make_backup(vault, "b1", {"u1": content})
    found = PlainReader(store.objects).backup("backups/site-1/b1")
    expected = {(kind.value, key): data for (kind, key), data in content.records.items()}
    expected |= {(kind.value, key): data for (kind, key), data in content.files.items()}
    assert found == expected


async def test_a_reader_that_follows_the_format_page_finds_what_is_used_of_each_pack() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    await make_backup(vault, "b1", {"u1": issues(1, 300)})
    await make_backup(vault, "b2", {"u1": issues(1, 200)})
    shares: list[float] = []
    for name in ("backups/site-1/b1", "backups/site-1/b2"):
        reader = PlainReader(store.objects)
        packs = reader.packs(name)
        assert list(packs) == sorted(packs)
        reader.backup(name)
        for pack_id, (size, used) in packs.items():
            assert len(store.objects[f"packs/{pack_id.hex()[:2]}/{pack_id.hex()}"]) == size
            assert used == reader.raw_bytes(pack_id, read_only=True)
            shares.append(used / reader.raw_bytes(pack_id))
    assert 0 < min(shares) < 0.9
    assert max(shares) == 1


async def test_a_reader_that_follows_the_format_page_finds_the_known_files() -> None:
    store = MemoryStore()
    vault = await open_vault(store)
    files = {str(number): random.Random(number).randbytes(number * 4000) for number in range(4)}
    session = await vault.begin_backup("b1", site=SITE, fence=1, address="https://a.example")
    writer = session.unit("u1")
    for id_, data in files.items():
        await writer.put_file(
            Kind.ATTACHMENT,
            id_,
            pieces(data),
            identity=FileIdentity(id_, "7", len(data)),
            note=id_.encode() * 3,
        )
    await writer.finish()
    await session.close()
    reader = PlainReader(store.objects)
    known = reader.known_files("files/b1.0")
    for id_, data in files.items():
        key = reader.file_key(SITE, "https://a.example", "attachment", id_, "7", len(data))
        fetched = int(START.timestamp() * 1000)
        digest = hashlib.sha256(data).digest()
        assert known[key] == (fetched, len(data), digest, data, id_.encode() * 3)
    assert len(known) == 4
