"""Seals with a passphrase: Argon2id makes the key, AES-256-GCM seals."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from sitekeep_shared.vault.errors import WrongKey

SALT_BYTES = 16
LEAST_LETTERS = 12
_KEY_BYTES = 32
_ZERO_NONCE = bytes(12)
_MOST_MEMORY_KIB = 1024 * 1024
_MOST_ITERATIONS = 64
_MOST_LANES = 64


class Argon2Parameters(msgspec.Struct, frozen=True):
    """How a key is made from a passphrase. What others wrote is bounded: it costs memory."""

    salt: bytes
    memory_kib: int
    iterations: int
    lanes: int

    def __post_init__(self) -> None:
        if not (
            len(self.salt) >= SALT_BYTES
            and 1 <= self.iterations <= _MOST_ITERATIONS
            and 1 <= self.lanes <= _MOST_LANES
            and 8 * self.lanes <= self.memory_kib <= _MOST_MEMORY_KIB
        ):
            raise ValueError("parameters of Argon2id that nobody would choose")


def new_parameters() -> Argon2Parameters:
    """What is used for what is sealed now: 64 MiB, three rounds, four lanes."""
    return Argon2Parameters(os.urandom(SALT_BYTES), 64 * 1024, iterations=3, lanes=4)


class PassphraseSealed(msgspec.Struct, frozen=True):
    """What a passphrase opens; in JSON with bytes in base64."""

    argon2id: Argon2Parameters
    sealed: bytes


@dataclass(frozen=True)
class Passphrase:
    """A passphrase as it was typed; not shown by ``repr``."""

    text: str

    def __repr__(self) -> str:
        return "Passphrase()"

    def check_strength(self) -> None:
        """Refuses what is guessed in no time.

        Raises:
            WrongKey: it is too short.
        """
        if len(self.text) < LEAST_LETTERS:
            raise WrongKey(
                f"The passphrase has {len(self.text)} letters; it needs {LEAST_LETTERS} at least. "
                "Several words that have nothing to do with each other are good."
            )

    def seal(self, plaintext: bytes, context: bytes) -> PassphraseSealed:
        """Seals; takes 64 MiB and about 0.2 s."""
        parameters = new_parameters()
        sealed = self._cipher(parameters).encrypt(_ZERO_NONCE, plaintext, context)
        return PassphraseSealed(parameters, sealed)

    def open(self, sealed: PassphraseSealed, context: bytes) -> bytes | None:
        """The reverse of seal; None where another passphrase sealed it, or it was altered."""
        try:
            return self._cipher(sealed.argon2id).decrypt(_ZERO_NONCE, sealed.sealed, context)
        except InvalidTag:
            return None

    def _cipher(self, parameters: Argon2Parameters) -> AESGCM:
        derivation = Argon2id(
            salt=parameters.salt,
            length=_KEY_BYTES,
            iterations=parameters.iterations,
            lanes=parameters.lanes,
            memory_cost=parameters.memory_kib,
        )
        # The same letters come composed from one keyboard and decomposed from another.
        return AESGCM(derivation.derive(unicodedata.normalize("NFC", self.text).encode()))
