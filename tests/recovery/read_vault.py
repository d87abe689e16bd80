"""Reads a Sitekeep vault without Sitekeep, written from FORMAT.md alone.

``python read_vault.py VAULT KEY_FILE list`` names the backups of a vault in a folder.
``python read_vault.py VAULT KEY_FILE show SITE/BACKUP`` lists what one of them holds.
``python read_vault.py VAULT KEY_FILE extract SITE/BACKUP FOLDER`` writes all of it into files.
It needs Python 3.11 with blake3, cryptography, msgspec and backports.zstd; sections are the page's.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from backports import zstd
from blake3 import blake3
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ZERO_NONCE = bytes(12)
SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


class Damaged(Exception):
    """An object is not what was written."""


class Place(NamedTuple):
    pack: bytes
    frame: int
    offset: int
    length: int


class Entry(NamedTuple):
    kind: str
    key: str
    size: int
    blobs: list[bytes]
    attributes: dict[str, str]
    sha256: bytes


class Page(NamedTuple):
    kind: str
    unit: str
    first_key: str
    last_key: str
    entries: int
    size: int
    blob: bytes
    root: bytes


def derive(secret: bytes, info: bytes, salt: bytes | None = None) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(secret)


class Vault:
    """A vault in a folder, opened with its key file."""

    def __init__(self, folder: Path, key_file: Path) -> None:
        self.folder = folder
        keys = json.loads(key_file.read_bytes())
        secret = base64.b64decode(keys["secret"])
        private = [keys["private_key"], *keys.get("older_private_keys", [])]
        self.private_keys = [
            X25519PrivateKey.from_private_bytes(base64.b64decode(one)) for one in private
        ]
        self.blob_id_key = derive(secret, b"sitekeep/1/blob-id")
        self.metadata_key = derive(secret, b"sitekeep/1/metadata")
        described = json.loads(self.read("FORMAT"))
        if described["format"] != 1 or described["features"]["read"]:
            raise SystemExit("A newer version wrote this vault.")
        self.repository = bytes.fromhex(described["repository_id"])

    def read(self, name: str) -> bytes:
        """A whole object."""
        return (self.folder / name).read_bytes()

    def names(self, prefix: str) -> list[str]:
        """The names of all objects below a prefix."""
        found = sorted(path for path in (self.folder / prefix).rglob("*") if path.is_file())
        return [path.relative_to(self.folder).as_posix() for path in found]

    def context(self, section: str, name: bytes) -> bytes:
        """Section 4: what everything sealed is bound to."""
        return b"sitekeep/1/" + section.encode() + b"\x00" + self.repository + name

    def open_metadata(self, section: str, name: bytes, sealed: bytes) -> bytes:
        """Section 4, metadata."""
        key = derive(self.metadata_key, b"sitekeep/1/seal", sealed[:32])
        return decrypt(key, ZERO_NONCE, sealed[32:], self.context(section, name))

    def open_key(self, section: str, name: bytes, sealed: bytes) -> bytes:
        """Section 4, content key: sealed to the newest key of its time."""
        for private_key in self.private_keys:
            with contextlib.suppress(InvalidTag):
                return SUITE.decrypt(sealed, private_key, self.context(section, name))
        raise Damaged(f"a {section} key cannot be opened")

    def open_content(self, section: str, name: bytes, sealed: bytes) -> bytes:
        """Section 4, content."""
        key = self.open_key(section, name, sealed[:80])
        return decrypt(key, ZERO_NONCE, sealed[80:], self.context(section, name))

    def backups(self) -> list[str]:
        """Sections 2 and 9: SITE/BACKUP of every backup that was not given up."""
        found = (name for name in self.names("backups") if self.read(name)[:8] == b"SKMANIF1")
        return [name.removeprefix("backups/") for name in found]


def decrypt(key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, sealed, bound)
    except (InvalidTag, ValueError) as error:
        raise Damaged("a sealed section is not what was sealed") from error


def tree_root(hashes: list[bytes]) -> bytes:
    """Section 7: the Merkle root."""
    while True:
        starts = range(0, max(len(hashes), 1), 256)
        hashes = [blake3(b"\x01" + b"".join(hashes[at : at + 256])).digest() for at in starts]
        if len(hashes) == 1:
            return hashes[0]


class Pack:
    """Section 5: an opened pack."""

    def __init__(self, vault: Vault, pack_id: bytes) -> None:
        self.vault = vault
        name = pack_id.hex()
        self.data = vault.read(f"packs/{name[:2]}/{name}")
        if blake3(self.data).digest() != pack_id:
            raise Damaged(f"the pack {name} is not what was written")
        magic, repository, self.nonce, self.kind, suite, size = struct.unpack_from(
            "<8s16s16sBBH", self.data
        )
        if (magic, repository, suite, size) != (b"SKPACK01", vault.repository, 1, 80):
            raise Damaged(f"the pack {name} is of another vault")
        binding = self.nonce + bytes([self.kind])
        self.key = vault.open_key("pack-key", binding, self.data[44:124])
        footer_size, _ = struct.unpack_from("<I8s", self.data, len(self.data) - 12)
        sealed = self.data[-12 - footer_size : -12]
        footer = vault.open_metadata("pack-footer", binding, sealed)
        frames, _ = struct.unpack_from("<II", footer)
        self.frames = list(struct.iter_unpack("<IIII", footer[8 : 8 + 16 * frames]))
        self.blobs = list(struct.iter_unpack("<32sIII", footer[8 + 16 * frames :]))

    def frame(self, number: int) -> bytes:
        """The blobs of a frame, one behind the other."""
        start, stored, raw, encoding = self.frames[number]
        counter = struct.pack(">Q", number)
        bound = self.vault.repository + self.nonce + counter + bytes([self.kind])
        data = decrypt(self.key, bytes(4) + counter, self.data[start : start + stored], bound)
        data = zstd.decompress(data) if encoding == 1 else data
        if len(data) != raw:
            raise Damaged("a frame has another length")
        return data


class Backup:
    """Section 8: one backup."""

    def __init__(self, vault: Vault, name: str) -> None:
        self.vault = vault
        self.name = f"backups/{name}"
        data, bound = vault.read(self.name), self.name.encode()
        magic, header_size, packs_size = struct.unpack_from("<8sII", data)
        if magic != b"SKMANIF1":
            raise Damaged(f"{self.name} is not a manifest")
        packs_at, body_at = 16 + header_size, 16 + header_size + packs_size
        header = vault.open_metadata("manifest-header", bound, data[16:packs_at])
        self.header: dict[str, Any] = json.loads(header)
        if blake3(data[body_at:]).hexdigest() != self.header["body_hash"]:
            raise Damaged(f"{self.name} has another body")
        packs = vault.open_metadata("manifest-packs", bound, data[packs_at:body_at])
        self.packs = {row[0]: row[1:] for row in struct.iter_unpack("<32sII", packs)}
        body = zstd.decompress(vault.open_content("manifest-body", bound, data[body_at:]))
        self.body_version, self.details, rows, *rest = msgspec.msgpack.decode(body)
        self.superseded: dict[int, list[str]] = rest[0] if rest else {}
        self.pages = [Page(*row) for row in rows]
        if tree_root([page.root for page in self.pages]).hex() != self.header["merkle_root"]:
            raise Damaged(f"{self.name} has other pages")
        self.places: dict[bytes, Place] = {}
        for name in vault.names("index"):
            with contextlib.suppress(Damaged):
                self._read_index(name)
        for pack in self.packs.keys() - {place.pack for place in self.places.values()}:
            self.places |= {blob: Place(pack, *place) for blob, *place in Pack(vault, pack).blobs}
        self._frame: tuple[tuple[bytes, int], bytes] = ((b"", -1), b"")
        self._pack: tuple[bytes, Pack | None] = (b"", None)

    def _read_index(self, name: str) -> None:
        """Section 6."""
        sealed = self.vault.read(name).removeprefix(b"SKINDEX1")
        plain = self.vault.open_metadata("index", name.encode(), sealed)
        rows, packs, referenced, _ = struct.unpack_from("<III16s", plain)
        ids = [plain[28 + 36 * at : 60 + 36 * at] for at in range(packs)]
        start = 28 + 36 * (packs + referenced)
        for blob, *place in struct.iter_unpack("<32sIIII", plain[start : start + 48 * rows]):
            if ids[place[0]] in self.packs:
                self.places[blob] = Place(ids[place[0]], *place[1:])

    def blob(self, blob_id: bytes) -> bytes:
        """A blob, proven by its id."""
        if blob_id not in self.places:
            raise Damaged(f"no index lists the blob {blob_id.hex()}")
        place = self.places[blob_id]
        if self._pack[0] != place.pack:
            self._pack = (place.pack, Pack(self.vault, place.pack))
        if self._frame[0] != (place.pack, place.frame):
            pack = self._pack[1]
            assert pack is not None
            self._frame = ((place.pack, place.frame), pack.frame(place.frame))
        payload = self._frame[1][place.offset : place.offset + place.length]
        if blake3(payload, key=self.vault.blob_id_key).digest() != blob_id:
            raise Damaged(f"the blob {blob_id.hex()} is another one")
        return payload

    def entries(self) -> Iterator[Entry]:
        """Section 7: everything that the backup lists, proven by the pages' roots."""
        for place, page in enumerate(self.pages):
            version, kind, raw = msgspec.msgpack.decode(
                self.blob(page.blob), type=tuple[int, str, list[msgspec.Raw]]
            )
            leaves = [
                blake3(b"\x00" + kind.encode() + b"\x00" + bytes(one)).digest() for one in raw
            ]
            if version != 1 or kind != page.kind or tree_root(leaves) != page.root:
                raise Damaged(f"a page of {page.unit} is another one")
            for one in raw:
                key, size, blobs, pairs, sha256 = msgspec.msgpack.decode(one)
                attributes = dict(zip(pairs[::2], pairs[1::2], strict=True))
                if key not in self.superseded.get(place, ()):
                    yield Entry(kind, key, size, blobs, attributes, sha256)

    def content(self, entry: Entry) -> Iterator[bytes]:
        """The content of an entry, blob by blob; proven by its size and its SHA-256."""
        size, digest = 0, hashlib.sha256()
        for blob_id in entry.blobs:
            payload = self.blob(blob_id)
            size += len(payload)
            digest.update(payload)
            yield payload
        if size != entry.size or (entry.sha256 and digest.digest() != entry.sha256):
            raise Damaged(f"{entry.kind} {entry.key} is another one")


def extract(backup: Backup, folder: Path) -> int:
    """Writes every record and file below a folder and a list of all; returns how many."""
    count = 0
    with (folder / "entries.jsonl").open("w") as listed:
        for count, entry in enumerate(backup.entries(), start=1):
            target = folder / entry.kind / f"{count:08d}"
            target.parent.mkdir(exist_ok=True)
            with target.open("wb") as file:
                file.writelines(backup.content(entry))
            described = {"file": f"{entry.kind}/{target.name}", "key": entry.key}
            listed.write(json.dumps(described | {"attributes": entry.attributes}) + "\n")
    return count


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("vault", type=Path)
    parser.add_argument("key_file", type=Path)
    parser.add_argument("verb", choices=("list", "show", "extract"))
    parser.add_argument("backup", nargs="?", help="SITE/BACKUP, as list prints it")
    parser.add_argument("folder", nargs="?", type=Path)
    arguments = parser.parse_args()
    vault = Vault(arguments.vault, arguments.key_file)
    if arguments.verb == "list":
        sys.stdout.writelines(f"{name}\n" for name in vault.backups())
        return
    backup = Backup(vault, arguments.backup)
    if arguments.verb == "show":
        sys.stdout.writelines(f"{e.kind}\t{e.size}\t{e.key}\n" for e in backup.entries())
    else:
        arguments.folder.mkdir(parents=True)
        sys.stdout.write(f"{extract(backup, arguments.folder)} entries in {arguments.folder}\n")


if __name__ == "__main__":
    main()
