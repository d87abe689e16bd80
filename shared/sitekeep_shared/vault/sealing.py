"""Seals and opens: metadata under K_meta, content keys under the vault's public key."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sitekeep_shared.vault.errors import DamagedObject, WrongKey
from sitekeep_shared.vault.keys import VaultKeys

SALT_BYTES = 32
TAG_BYTES = 16
NONCE_BYTES = 12
KEY_BYTES = 32
SEALED_KEY_BYTES = 80
SUITE_X25519 = 1
"""HPKE base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM."""

_ZERO_NONCE = bytes(NONCE_BYTES)
_CONTEXT = b"sitekeep/1/"


class Sealer:
    """Binds everything that is sealed to the repository, the section and a name."""

    def __init__(self, keys: VaultKeys, repository_id: bytes) -> None:
        self.repository_id = repository_id
        self.blob_id_key = keys.blob_id_key
        self._metadata_key = keys.metadata_key
        self._public_key = X25519PublicKey.from_public_bytes(keys.public_key)
        self._private_key = _private(keys)
        self._suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)

    @property
    def can_read(self) -> bool:
        """Whether content can be opened."""
        return self._private_key is not None

    def seal(self, section: str, name: bytes, plaintext: bytes) -> bytes:
        """``salt | AES-256-GCM``, under a key derived from K_meta and the salt."""
        salt = os.urandom(SALT_BYTES)
        context = self._context(section, name)
        return salt + self._cipher(salt).encrypt(_ZERO_NONCE, plaintext, context)

    def open(self, section: str, name: bytes, sealed: bytes, object_name: str) -> bytes:
        """The reverse of seal.

        Raises:
            DamagedObject: it was not sealed so, or was altered since.
        """
        salt, body = sealed[:SALT_BYTES], sealed[SALT_BYTES:]
        if len(salt) < SALT_BYTES or len(body) < TAG_BYTES:
            raise DamagedObject(object_name, f"its {section} is cut short")
        try:
            return self._cipher(salt).decrypt(_ZERO_NONCE, body, self._context(section, name))
        except InvalidTag as error:
            raise DamagedObject(object_name, f"its {section} is not what was sealed") from error

    def seal_key(self, section: str, name: bytes, key: bytes) -> bytes:
        """Seals a content key to the vault's public key: 80 bytes."""
        return self._suite.encrypt(key, self._public_key, self._context(section, name))

    def open_key(self, section: str, name: bytes, sealed: bytes, object_name: str) -> bytes:
        """The reverse of seal_key.

        Raises:
            WrongKey: the keys lack the part that reads.
            DamagedObject: it was not sealed so, or was altered since.
        """
        if self._private_key is None:
            raise WrongKey("This key file can write backups; it cannot read what they hold.")
        try:
            return self._suite.decrypt(sealed, self._private_key, self._context(section, name))
        except (InvalidTag, ValueError) as error:
            raise DamagedObject(object_name, f"its {section} key cannot be opened") from error

    def seal_content(self, section: str, name: bytes, plaintext: bytes) -> bytes:
        """``sealed key | AES-256-GCM``: only the private key opens it."""
        key = os.urandom(KEY_BYTES)
        context = self._context(section, name)
        body = AESGCM(key).encrypt(_ZERO_NONCE, plaintext, context)
        return self.seal_key(section, name, key) + body

    def open_content(self, section: str, name: bytes, sealed: bytes, object_name: str) -> bytes:
        """The reverse of seal_content.

        Raises:
            WrongKey: the keys lack the part that reads.
            DamagedObject: it was not sealed so, or was altered since.
        """
        sealed_key, body = sealed[:SEALED_KEY_BYTES], sealed[SEALED_KEY_BYTES:]
        key = self.open_key(section, name, sealed_key, object_name)
        try:
            return AESGCM(key).decrypt(_ZERO_NONCE, body, self._context(section, name))
        except (InvalidTag, ValueError) as error:
            raise DamagedObject(object_name, f"its {section} is not what was sealed") from error

    def _context(self, section: str, name: bytes) -> bytes:
        return _CONTEXT + section.encode() + b"\x00" + self.repository_id + name

    def _cipher(self, salt: bytes) -> AESGCM:
        derivation = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=_CONTEXT + b"seal")
        return AESGCM(derivation.derive(self._metadata_key))


def _private(keys: VaultKeys) -> X25519PrivateKey | None:
    if keys.private_key is None:
        return None
    return X25519PrivateKey.from_private_bytes(keys.private_key)
