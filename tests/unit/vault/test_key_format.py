"""Key objects, wraps and the rotation, read with nothing but what the page of the format says."""

from __future__ import annotations

import base64
import json
import unicodedata
from typing import Any

from blake3 import blake3
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.vault.keys import WholeKey
from sitekeep_shared.vault.passphrase import Passphrase
from sitekeep_shared.vault.repository import open_repository
from sitekeep_shared.vault.rotation import rotate
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.unlocks import Unlocks
from support.passphrases import cheap_passphrases
from unit.vault.vault_helpers import START, MemoryStore, open_vault

__all__ = ["cheap_passphrases"]

SECRET, PRIVATE, RECIPIENT = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))
KEY = WholeKey(SECRET, (PRIVATE,))
WORDS = "Ängström zählt"
SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def public(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def derived(ikm: bytes, info: bytes, salt: bytes | None = None) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(ikm)


METADATA_KEY = derived(SECRET, b"sitekeep/1/metadata")


def keyed(covered: bytes) -> str:
    return blake3(covered, key=METADATA_KEY).hexdigest()


def key_id(public_key: bytes) -> str:
    return keyed(b"sitekeep/1/key-id" + public_key)[:32]


def context(section: str, repository_id: bytes, name: str) -> bytes:
    return f"sitekeep/1/{section}".encode() + b"\x00" + repository_id + name.encode()


class Page:
    """The objects below keys/ of a vault, as JSON."""

    def __init__(self, store: MemoryStore) -> None:
        self.repository_id = bytes.fromhex(json.loads(store.objects["FORMAT"])["repository_id"])
        self.first = json.loads(store.objects["FORMAT"])["key_id"]
        self.objects = {name: json.loads(store.objects[name]) for name in store.keys("keys/")}

    def unlocks(self, field: str) -> list[tuple[str, Any]]:
        return [(name, each) for name, each in self.objects.items() if field in each]


async def lived() -> tuple[Page, WholeKey]:
    """A vault with a passphrase and a recipient, rotated once, and its new key."""
    store = MemoryStore()
    await open_vault(store, keys=KEY.keys)
    ring = await open_repository(store, KEY.keys, ManualClock(START), create=False)
    unlocks = Unlocks(store, Sealer(KEY.keys, ring.repository_id))
    await unlocks.add_passphrase(KEY, Passphrase(unicodedata.normalize("NFD", WORDS)), "safe")
    await unlocks.add_recipient(KEY, public(RECIPIENT), "Anna")
    new = (await rotate(store, ring, KEY, lambda _: None)).key
    return Page(store), new


async def test_the_chain_of_key_sets_is_what_the_page_says() -> None:
    page, new = await lived()
    old_id, new_id = key_id(public(PRIVATE)), key_id(public(new.private_keys[0]))
    assert page.first == old_id
    for identifier, private in ((old_id, PRIVATE), (new_id, new.private_keys[0])):
        covered = b"sitekeep/1/key-check" + page.repository_id + public(private)
        assert page.objects[f"keys/{identifier}"] == {
            "key_id": identifier,
            "public_key": public(private).hex(),
            "check": keyed(covered),
        }
    covered = b"sitekeep/1/key-superseded" + page.repository_id + f"{old_id}{new_id}".encode()
    assert page.objects[f"keys/{old_id}.superseded"] == {
        "key_id": old_id,
        "superseded_by": new_id,
        "check": keyed(covered),
    }


async def test_the_wraps_open_as_the_page_says() -> None:
    page, new = await lived()
    ((name, wrapped),) = page.unlocks("passphrase")
    parameters = wrapped["passphrase"]["argon2id"]
    derivation = Argon2id(
        salt=base64.b64decode(parameters["salt"]),
        length=32,
        iterations=parameters["iterations"],
        lanes=parameters["lanes"],
        memory_cost=parameters["memory_kib"],
    )
    key = derivation.derive(unicodedata.normalize("NFC", WORDS).encode())
    sealed = base64.b64decode(wrapped["passphrase"]["sealed"])
    aad = context("key-wrap", page.repository_id, name)
    assert _document(AESGCM(key).decrypt(bytes(12), sealed, aad)) == (SECRET, [PRIVATE])
    assert _label(page, name, wrapped) == "safe"

    found: list[list[bytes]] = []
    for name, wrapped in page.unlocks("recipient"):
        assert base64.b64decode(wrapped["recipient"]) == public(RECIPIENT)
        opened = SUITE.decrypt(
            base64.b64decode(wrapped["sealed"]),
            X25519PrivateKey.from_private_bytes(RECIPIENT),
            context("key-wrap", page.repository_id, name),
        )
        found.append(_document(opened)[1])
        assert _label(page, name, wrapped) == "Anna"
    assert sorted(found, key=len) == [[PRIVATE], list(new.private_keys)]


def _document(data: bytes) -> tuple[bytes, list[bytes]]:
    document = json.loads(data)
    assert document["sitekeep_vault_key"] == 1
    encoded = [document["private_key"], *document.get("older_private_keys", ())]
    return base64.b64decode(document["secret"]), [base64.b64decode(each) for each in encoded]


def _label(page: Page, name: str, wrapped: Any) -> str:
    label = base64.b64decode(wrapped["label"])
    key = derived(METADATA_KEY, b"sitekeep/1/seal", label[:32])
    aad = context("unlock-label", page.repository_id, name)
    return AESGCM(key).decrypt(bytes(12), label[32:], aad).decode()
