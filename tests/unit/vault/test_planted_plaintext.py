"""Planted text stands nowhere in the vault, and nowhere in what the writer part opens."""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from backports import zstd

from sitekeep_shared.clock import ManualClock
from sitekeep_shared.kinds import Kind
from sitekeep_shared.vault import names
from sitekeep_shared.vault.condemned import Condemnation, encode_condemned
from sitekeep_shared.vault.errors import WrongKey
from sitekeep_shared.vault.examination import examine
from sitekeep_shared.vault.index_object import PackReference
from sitekeep_shared.vault.keys import WholeKey, new_private_key, public_key_of
from sitekeep_shared.vault.known_file import FileIdentity
from sitekeep_shared.vault.levels import Level
from sitekeep_shared.vault.page import PageReference
from sitekeep_shared.vault.passphrase import Passphrase
from sitekeep_shared.vault.repository import open_repository
from sitekeep_shared.vault.rotation import rotate
from sitekeep_shared.vault.sealing import Sealer
from sitekeep_shared.vault.unlocks import Unlocks
from sitekeep_shared.vault.vault import Vault
from support.opened_sections import opened_sections
from support.passphrases import cheap_passphrases
from support.planted import forms, found
from unit.vault.vault_helpers import (
    SITE,
    START,
    MemoryStore,
    facts,
    open_vault,
    pieces,
)

__all__ = ["cheap_passphrases", "opened_sections"]

KEY = WholeKey(bytes(range(32)), (bytes(range(32, 64)),))


@dataclass
class Plants:
    """Texts that are unlike any other, each planted in one place."""

    texts: list[str] = field(default_factory=list[str])

    def plant(self, place: str) -> str:
        text = f"planted-{len(self.texts):04d}-{place}"
        self.texts.append(text)
        return text


async def back_up(vault: Vault, backup_id: str, plants: Plants) -> None:
    """A backup with something planted in every place where a site's own words may stand."""
    address = plants.plant("https://somebody.example.com")
    session = await vault.begin_backup(backup_id, site=SITE, fence=1, address=address)
    pages: list[PageReference] = []
    for kind in Kind:
        writer = session.unit(plants.plant("unit"))
        attributes = {plants.plant("attribute"): plants.plant("title")}
        for size in (0, 5_000):
            payload = json.dumps({"email": plants.plant(f"{kind}@example.com"), "pad": "x" * size})
            await writer.put_record(
                kind, plants.plant("key"), payload.encode(), attributes=attributes
            )
        names_of_file = {"filename": plants.plant("file.png")}
        noise = random.Random(kind).randbytes(9_000)
        content = noise + plants.plant("bytes").encode() + noise
        await writer.put_file(
            kind,
            plants.plant("file"),
            pieces(content),
            attributes=names_of_file,
            identity=FileIdentity(plants.plant("id"), plants.plant("version"), len(content)),
        )
        pages.extend(await writer.finish())
    details = json.dumps({"findings": [plants.plant("finding")]}).encode()
    await session.commit(pages, facts(details=details))
    await session.close()


async def verify_damaged(vault: Vault, store: MemoryStore) -> None:
    """A verification that names all that a backup holds, as it lacks the packs meanwhile."""
    packs = {name: store.objects.pop(name) for name in store.keys(names.PACKS)}
    found, record = await examine(vault, ManualClock(START), SITE, "b2", Level.DATA)
    assert found.damaged
    await vault.keep_record(record)
    store.objects.update(packs)


async def live(store: MemoryStore, plants: Plants) -> WholeKey:
    """Everything that may happen to a vault happens; what is left lies in the store."""
    old = await open_vault(store, keys=KEY.keys)
    await back_up(old, "b1", plants)
    ring = await open_repository(store, KEY.keys, ManualClock(START), create=False)
    sealer = Sealer(KEY.keys, ring.repository_id)
    unlocks = Unlocks(store, sealer)
    await unlocks.add_passphrase(KEY, Passphrase(plants.plant("passphrase")), plants.plant("label"))
    await unlocks.add_recipient(KEY, public_key_of(new_private_key()), plants.plant("Anna"))
    new = (await rotate(store, ring, KEY, lambda _: None)).key
    vault = await open_vault(store, keys=new.keys)
    await back_up(vault, "b2", plants)
    await verify_damaged(vault, store)
    await vault.expire(SITE, "b1", "expired")
    name = f"{names.CONDEMNED}1{names.CONDEMNED_SUFFIX}"
    condemned = Condemnation(START, [PackReference(bytes(32), 7)], [names.backup_name(SITE, "b0")])
    await store.put_new(name, [encode_condemned(sealer, name, condemned)])
    await vault.begin_backup("b3", site=SITE, fence=3)
    return new


@pytest.fixture
def plants() -> Plants:
    return Plants()


async def test_planted_text_stands_nowhere_in_the_vault(plants: Plants) -> None:
    store = MemoryStore()
    key = await live(store, plants)
    for secret in (KEY.secret, *key.private_keys):
        plants.texts.append(base64.b64encode(secret).decode())

    assert {name.partition("/")[0] for name in store.objects} >= {
        "FORMAT",
        "keys",
        "packs",
        "index",
        "files",
        "leases",
        "backups",
        "expired",
        "gc",
        "verify",
    }
    assert len(plants.texts) > 8 * len(Kind)
    for name, data in store.objects.items():
        assert found(plants.texts, name.encode() + b"\x00" + data) == [], name
    for secret in (KEY.secret, *key.private_keys):
        assert all(secret not in data for data in store.objects.values())


async def test_planted_text_stands_nowhere_in_what_the_writer_part_opens(
    plants: Plants, opened_sections: list[bytes]
) -> None:
    store = MemoryStore()
    key = await live(store, plants)
    sealed = len(opened_sections)

    writer = await open_vault(store, keys=key.keys.writer_part(), clock=ManualClock(START))
    headers = [header async for header in writer.backups(include_expired=True)]
    for header in headers:
        await writer.find_backup(header.site, header.backup_id)
        await writer.check(header.site, header.backup_id)
        await writer.expiry(header.backup_id)
        await writer.records(header.backup_id)
        with pytest.raises(WrongKey, match="cannot read"):
            await writer.open_backup(header.site, header.backup_id)
    await (await writer.begin_backup("b4", site=SITE, fence=4)).close()

    assert len(headers) == 2
    assert sealed > 10
    assert len(opened_sections) > sealed + 10
    for plaintext in opened_sections:
        assert found(plants.texts, plaintext) == []


def _disguises(text: str) -> Iterator[tuple[str, bytes]]:
    noise = random.Random(1).randbytes(100)
    plain = text.encode()
    yield "raw", noise + plain + noise
    yield "reversed", noise + plain[::-1] + noise
    yield "hex", noise + plain.hex().encode()
    yield "UTF-16", text.encode("utf-16-le")
    for before in range(3):
        yield f"base64 {before}", base64.b64encode(noise[:before] + plain + noise)
    yield "compressed", noise + zstd.compress(plain * 3 + noise) + noise
    yield "compressed base64", noise + zstd.compress(base64.b64encode(b"xx" + plain)) + noise


@pytest.mark.parametrize(("form", "data"), list(_disguises("planted-0001-x@example.com")))
def test_the_search_finds_what_is_planted(form: str, data: bytes) -> None:
    assert found(["planted-0001-x@example.com"], data), form
    assert found(["planted-0002-x@example.com"], data) == []


def test_the_search_finds_what_a_vault_without_encryption_would_hold() -> None:
    page = zstd.compress(json.dumps({"title": "planted-0003"}).encode() + zlib.compress(b"x"))
    assert found(["planted-0003"], bytes(40) + page + page)
    assert len(forms("planted-0003")) == 9
