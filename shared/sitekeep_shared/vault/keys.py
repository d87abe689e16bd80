"""The keys of a vault and the file that holds them.

A 32-byte repository secret gives, by HKDF-SHA256, the key of the blob ids and
the key of the metadata. An X25519 key pair protects the content: the writer part
has only its public half, so it can back up, deduplicate, list and expire, and it
cannot read what it wrote.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sitekeep_shared.vault.errors import StoreUnavailable, WrongKey

KEY_FILE_FORMAT = 1
KEY_BYTES = 32

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class VaultKeys:
    """What a process holds of a vault's keys. Nothing of it is shown by ``repr``."""

    blob_id_key: bytes = field(repr=False)
    metadata_key: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    private_key: bytes | None = field(default=None, repr=False)
    """None in the writer part."""

    @property
    def key_id(self) -> str:
        """Names the key set without revealing it: 32 hex digits."""
        hasher = blake3(b"sitekeep/1/key-id" + self.public_key, key=self.metadata_key)
        return hasher.hexdigest()[:32]

    @property
    def can_read(self) -> bool:
        """Whether the part that opens content is there."""
        return self.private_key is not None

    def writer_part(self) -> VaultKeys:
        """The same keys without the part that opens content."""
        return replace(self, private_key=None)

    @classmethod
    def derive(cls, secret: bytes, private_key: bytes) -> VaultKeys:
        """The whole key set from the repository secret and the private key, 32 bytes each."""
        public = X25519PrivateKey.from_private_bytes(private_key).public_key()
        return cls(
            blob_id_key=_derive(secret, b"sitekeep/1/blob-id"),
            metadata_key=_derive(secret, b"sitekeep/1/metadata"),
            public_key=public.public_bytes_raw(),
            private_key=private_key,
        )


def _derive(secret: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)


def load_or_create_key_file(path: Path) -> VaultKeys:
    """Reads the key file; makes one that only its owner can read where there is none.

    Raises:
        WrongKey: the file is not a key file of a vault.
        StoreUnavailable: the file can be neither read nor made.
    """
    try:
        return load_key_file(path)
    except FileNotFoundError:
        return _create_key_file(path)


def load_key_file(path: Path) -> VaultKeys:
    """Reads a key file.

    Raises:
        FileNotFoundError: there is none.
        WrongKey: the file is not a key file of a vault.
        StoreUnavailable: the file cannot be read.
    """
    try:
        text = path.read_bytes()
        if path.stat().st_mode & 0o077:
            _logger.warning("The key file %s is readable by others; make it 0600.", path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoreUnavailable(f"The key file {path} cannot be read: {error.strerror}.") from error
    return _parse(path, text)


def write_writer_key_file(path: Path, keys: VaultKeys) -> None:
    """Writes a key file that can back up and cannot read, for a Backup server of its own.

    Raises:
        FileExistsError: there is such a file.
        StoreUnavailable: the file cannot be written.
    """
    document = {
        "sitekeep_vault_key": KEY_FILE_FORMAT,
        "blob_id_key": _encode(keys.blob_id_key),
        "metadata_key": _encode(keys.metadata_key),
        "public_key": _encode(keys.public_key),
    }
    _write_new(path, document)


def _create_key_file(path: Path) -> VaultKeys:
    private_key = X25519PrivateKey.generate().private_bytes_raw()
    document = {
        "sitekeep_vault_key": KEY_FILE_FORMAT,
        "secret": _encode(secrets.token_bytes(KEY_BYTES)),
        "private_key": _encode(private_key),
    }
    try:
        _write_new(path, document)
    except FileExistsError:
        return load_key_file(path)
    _logger.warning(
        "Made a new vault key in %s. Keep a copy in a safe place: "
        "without it no backup can ever be read.",
        path,
    )
    return load_key_file(path)


def _write_new(path: Path, document: dict[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_durably(path, json.dumps(document, indent=2).encode() + b"\n")
    except FileExistsError:
        raise
    except OSError as error:
        raise StoreUnavailable(f"The key file {path} cannot be made: {error.strerror}.") from error


def _write_durably(path: Path, content: bytes) -> None:
    """A half-written key file must never be found: temporary file, fsync, link, fsync."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    finally:
        os.unlink(temporary)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _parse(path: Path, text: bytes) -> VaultKeys:
    try:
        document = json.loads(text)
        if document["sitekeep_vault_key"] != KEY_FILE_FORMAT:
            raise ValueError("a format that this version does not know")
        if "secret" in document:
            return VaultKeys.derive(_decode(document["secret"]), _decode(document["private_key"]))
        return VaultKeys(
            blob_id_key=_decode(document["blob_id_key"]),
            metadata_key=_decode(document["metadata_key"]),
            public_key=_decode(document["public_key"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise WrongKey(f"{path} is not a key file of a Sitekeep vault.") from error


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _decode(text: str) -> bytes:
    value = base64.b64decode(text, validate=True)
    if len(value) != KEY_BYTES:
        raise ValueError("a key of the wrong length")
    return value
