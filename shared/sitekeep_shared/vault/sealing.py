"""Seals and opens: metadata under K_meta, content keys under the vault's newest public key."""

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
_CANNOT_READ = "This key file can write backups; it cannot read what they hold."
_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def sealing_context(repository_id: bytes, section: str, name: bytes) -> bytes:
    """What everything sealed is bound to: FORMAT.md, section 4."""
    return _CONTEXT + section.encode() + b"\x00" + repository_id + name


def seal_to(public_key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """HPKE to an X25519 public key: 48 bytes more than the plaintext."""
    return _SUITE.encrypt(plaintext, X25519PublicKey.from_public_bytes(public_key), context)


def open_with(private_key: bytes, sealed: bytes, context: bytes) -> bytes | None:
    """The reverse of seal_to; None where it is sealed to another key, or altered."""
    try:
        return _SUITE.decrypt(sealed, X25519PrivateKey.from_private_bytes(private_key), context)
    except (InvalidTag, ValueError):
        return None


class Sealer:
    """Binds everything that is sealed to the repository, the section and a name."""

    def __init__(self, keys: VaultKeys, repository_id: bytes) -> None:
        self.repository_id = repository_id
        self.blob_id_key = keys.blob_id_key
        self.key_id = keys.key_id
        """Of the key set that content is sealed to."""
        self._readable_key_ids = keys.readable_key_ids
        self._metadata_key = keys.metadata_key
        self._public_key = keys.public_key
        self._private_keys = keys.private_keys

    @property
    def can_read(self) -> bool:
        """Whether content can be opened."""
        return bool(self._private_keys)

    def require_reading(self, key_id: str) -> None:
        """Makes sure that content sealed to a key set can be opened.

        Raises:
            WrongKey: the keys lack the part that reads, or are older than the content.
        """
        if not self.can_read:
            raise WrongKey(_CANNOT_READ)
        if key_id not in self._readable_key_ids:
            raise WrongKey(
                f"This backup was made with the key {key_id}, after the key was rotated; the key "
                f"file opens up to {self._readable_key_ids[0]}. Fetch the newer key file, or make "
                "it anew: sitekeep key recover."
            )

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
        return seal_to(self._public_key, key, self._context(section, name))

    def open_key(self, section: str, name: bytes, sealed: bytes, object_name: str) -> bytes:
        """The reverse of seal_key.

        Raises:
            WrongKey: the keys lack the part that reads.
            DamagedObject: it was not sealed so, or was altered since.
        """
        if not self._private_keys:
            raise WrongKey(_CANNOT_READ)
        context = self._context(section, name)
        opened = (open_with(each, sealed, context) for each in self._private_keys)
        key = next((each for each in opened if each is not None), None)
        if key is None:
            raise DamagedObject(object_name, f"its {section} key cannot be opened")
        return key

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
        return sealing_context(self.repository_id, section, name)

    def _cipher(self, salt: bytes) -> AESGCM:
        derivation = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=_CONTEXT + b"seal")
        return AESGCM(derivation.derive(self._metadata_key))
