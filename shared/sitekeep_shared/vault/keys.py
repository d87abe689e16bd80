"""The keys of a vault.

A 32-byte repository secret gives, by HKDF-SHA256, the key of the blob ids and
the key of the metadata. X25519 key pairs protect the content: the writer part has
only the public half of the newest, so it can back up, deduplicate, list and expire,
and it cannot read what it wrote. A rotation adds a pair and keeps the secret.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace

from blake3 import blake3
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32


@dataclass(frozen=True)
class VaultKeys:
    """What a process holds of a vault's keys. Nothing of it is shown by ``repr``."""

    blob_id_key: bytes = field(repr=False)
    metadata_key: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    """Of the newest pair: what is written is sealed to it."""
    private_keys: tuple[bytes, ...] = field(default=(), repr=False)
    """Of all pairs, the newest first; none in the writer part."""

    @property
    def key_id(self) -> str:
        """Names the key set without revealing it: 32 hex digits."""
        return self._id_of(self.public_key)

    @property
    def readable_key_ids(self) -> tuple[str, ...]:
        """The ids of the key sets whose content can be opened, the newest first."""
        return tuple(self._id_of(public_key_of(private)) for private in self.private_keys)

    @property
    def can_read(self) -> bool:
        """Whether the part that opens content is there."""
        return bool(self.private_keys)

    def writer_part(self) -> VaultKeys:
        """The same keys without the part that opens content."""
        return replace(self, private_keys=())

    @classmethod
    def derive(cls, secret: bytes, *private_keys: bytes) -> VaultKeys:
        """The keys from the repository secret and the private keys, the newest first."""
        return cls(
            blob_id_key=_derive(secret, b"sitekeep/1/blob-id"),
            metadata_key=_derive(secret, b"sitekeep/1/metadata"),
            public_key=public_key_of(private_keys[0]),
            private_keys=private_keys,
        )

    def _id_of(self, public_key: bytes) -> str:
        hasher = blake3(b"sitekeep/1/key-id" + public_key, key=self.metadata_key)
        return hasher.hexdigest()[:32]


@dataclass(frozen=True)
class WholeKey:
    """Everything that a vault's key consists of: what has to be kept, and all that has to be."""

    secret: bytes = field(repr=False)
    """The repository secret; the same for the life of the vault."""
    private_keys: tuple[bytes, ...] = field(repr=False)
    """Of all pairs, the newest first."""

    @property
    def keys(self) -> VaultKeys:
        """What a process that reads and writes holds of it."""
        return VaultKeys.derive(self.secret, *self.private_keys)

    @classmethod
    def generate(cls) -> WholeKey:
        """A new key for a new vault."""
        return cls(secrets.token_bytes(KEY_BYTES), (new_private_key(),))

    def rotated(self) -> WholeKey:
        """The same key with a new pair before the others."""
        return WholeKey(self.secret, (new_private_key(), *self.private_keys))


def new_private_key() -> bytes:
    """The private half of a new X25519 pair."""
    return X25519PrivateKey.generate().private_bytes_raw()


def public_key_of(private_key: bytes) -> bytes:
    """The public half of an X25519 pair."""
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def _derive(secret: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)
