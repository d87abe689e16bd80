"""API tokens at rest: sealed with a key that lies beside the database, not in it."""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class SecretsError(Exception):
    """The key file does not open what the database holds."""


class SecretBox:
    """Seals and opens short secrets with AES-256-GCM."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cipher = AESGCM(key)

    @classmethod
    def load_or_create(cls, path: Path) -> SecretBox:
        """Reads the key file; makes one that only its owner can read where there is none.

        Raises:
            SecretsError: the file is not a key file.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls._load(path)
        key = AESGCM.generate_key(256)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return cls(key)

    @classmethod
    def _load(cls, path: Path) -> SecretBox:
        try:
            key = bytes.fromhex(path.read_text().strip())
        except ValueError:
            key = b""
        if len(key) != 32:
            raise SecretsError(f"{path} is not a credentials key file of Sitekeep.")
        return cls(key)

    def seal(self, secret: bytes, context: str) -> bytes:
        """Seals; ``context`` binds the secret to the place it is stored in."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, context.encode())

    def token(self, purpose: str) -> str:
        """A secret that every process with the same key file derives for the purpose."""
        return hmac.new(self._key, purpose.encode(), "sha256").hexdigest()

    def open(self, sealed: bytes, context: str) -> bytes:
        """Opens.

        Raises:
            SecretsError: another key sealed it, or it was moved from another place.
        """
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, body, context.encode())
        except InvalidTag as error:
            raise SecretsError(
                "The stored credentials cannot be opened with this credentials key file. "
                "Put the right file back, or set the product's credentials again."
            ) from error
